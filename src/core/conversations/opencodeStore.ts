import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import type { ProcessFiles } from '../machine/machine.js';
import type { Candidate, ConversationStore } from './conversationStore.js';
import { matching, parseJson } from './jsonLines.js';
import { parseOpencode } from './opencodeFormat.js';

/** Runs opencode with arguments, in the home of the session; its standard output. */
export type RunOpencode = (args: readonly string[]) => Promise<string>;

const ID = /^ses_[A-Za-z0-9]+$/;
/** Without those that an agent began for itself, with the first text of each. Holds nothing that anybody wrote. */
const QUERY = `select s.id as id, s.directory as directory, s.time_created as begun,
  (select json_extract(p.data, '$.text') from message m join part p on p.message_id = m.id
   where m.session_id = s.id and json_extract(m.data, '$.role') = 'user' and json_extract(p.data, '$.type') = 'text'
   order by m.time_created, p.id limit 1) as prompt
  from session s where s.parent_id is null`;
const Row = z.object({ id: z.string(), directory: z.string(), begun: z.number(), prompt: z.string().nullish() });

/** opencode: a database of its own, which opencode itself reads for us. */
export class OpencodeStore implements ConversationStore {
  readonly #run: RunOpencode;

  constructor(run: RunOpencode) {
    this.#run = run;
  }

  openIn(_processes: readonly ProcessFiles[], known: string | null): Promise<string | undefined> {
    return Promise.resolve(known ?? undefined);
  }

  async begunIn(folder: string, since: number): Promise<readonly Candidate[]> {
    return (await this.#rows()).flatMap(({ id, directory, begun, prompt }) =>
      directory === folder && begun >= since && prompt != null ? [{ id, begun, prompt }] : [],
    );
  }

  async has(id: string): Promise<boolean> {
    return (await this.#rows()).some((row) => row.id === id);
  }

  async read(id: string): Promise<Conversation | undefined> {
    if (!ID.test(id)) return undefined;
    const text = await this.#run(['export', id]);
    return parseJson(text) === undefined ? undefined : parseOpencode(id, text);
  }

  writer(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async #rows(): Promise<z.infer<typeof Row>[]> {
    return matching(Row, parseJson(await this.#run(['db', QUERY, '--format', 'json'])));
  }
}
