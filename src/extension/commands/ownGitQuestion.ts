import type { OwnGit } from '../../protocol/ownGit.js';
import type { Session } from '../../protocol/session.js';
import { say } from '../editor/say.js';
import { oneLine } from '../model/plainText.js';
import type { Services } from './services.js';

const SHOW = 'Show Configuration';
const USE = 'Use It';

/**
 * Says that a part of the repository's own git configuration was left out, and lets it count from now on when the person
 * wants that. True when something is to be asked again.
 */
export async function askAboutOwnGit(services: Services, session: Session, own: OwnGit): Promise<boolean> {
  const name = oneLine(session.name, 60);
  const text = `The git configuration of ${name} runs filters of its own or fetches files. They were left out, so that what is shown can be wrong.`;
  for (;;) {
    const action = await say('warning', text, SHOW, USE);
    if (action === SHOW) await services.documents.show(`git:${session.id}`, `${name}: git`, ownGitText(own));
    else if (action === undefined) return false;
    else break;
  }
  await services.link.request('session/trustGit', { session: session.id, digest: own.digest });
  return true;
}

function ownGitText({ entries, never }: OwnGit): string {
  const lines = (all: OwnGit['entries']): string[] =>
    all.map(({ key, value }) => `  ${oneLine(key, 500)} = ${oneLine(value, 5_000)}`);
  return [
    'What would count if you use it:',
    ...lines(entries),
    ...(never.length === 0 ? [] : ['', 'What never counts in a repository:', ...lines(never)]),
    '',
  ].join('\n');
}
