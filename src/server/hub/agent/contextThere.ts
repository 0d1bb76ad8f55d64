import type { Client } from '../../../client/api.js';
import { folderGone } from '../../../core/sessions/sessionCreation.js';
import { uniqueName } from '../../../core/store/names.js';
import type { Context } from '../../../protocol/context.js';
import { CodeManagerError } from '../../../protocol/errors.js';

/** Answers may be lost, and names be taken meanwhile. */
const TRIES = 3;

/**
 * Id of the context on another agent server that is for the same folder as one of ours; made when there is none.
 *
 * @throws CodeManagerError `notFound` when the folder has gone
 */
export async function contextThere(client: Pick<Client, 'request' | 'snapshot'>, context: Context): Promise<string> {
  for (let tries = 1; ; tries++) {
    // The picture that is there costs no round trip.
    const theirs = tries === 1 ? client.snapshot.contexts : await client.request('context/list', {});
    const known = theirs.find(({ path, machine }) => path === context.path && machine === 'local');
    if (known !== undefined) return known.id;
    const name = uniqueName(context.name, new Set(theirs.map((each) => each.name)));
    try {
      return (await client.request('context/add', { name, path: context.path })).id;
    } catch (error) {
      if (!(error instanceof CodeManagerError)) throw error;
      if (error.code === 'invalid') throw folderGone(context);
      const isWorthATry = error.code === 'conflict' || error.code === 'unavailable';
      if (!isWorthATry || tries >= TRIES) throw error;
    }
  }
}
