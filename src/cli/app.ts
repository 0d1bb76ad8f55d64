import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerQuestion, Client, ConnectOptions } from '../client/api.js';
import { createClient } from '../client/client.js';
import { isDeveloping } from '../client/development.js';
import { dataHome } from '../client/dataHome.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Output } from './output.js';

/** What commands share: the way to the agent server, results, and the surroundings they were called in. */
export class App {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly #clients: Client[] = [];
  #client: Client | undefined;
  #asker: Promise<AnswerQuestion> | undefined;

  constructor(output: Output, env: NodeJS.ProcessEnv) {
    this.output = output;
    this.env = env;
  }

  get home(): string {
    return dataHome(this.env);
  }

  /** The bundle of the agent server lies beside this one. */
  get serverPath(): string {
    return join(__dirname, 'server.js');
  }

  /** The connection that ordinary commands use; starts the agent server when there is none. */
  get client(): Client {
    return (this.#client ??= this.connect());
  }

  connect(options: Partial<ConnectOptions> = {}): Client {
    const client = createClient({
      name: 'cm',
      home: this.home,
      serverPath: this.serverPath,
      replaceOtherBuild: isDeveloping(this.env),
      log: (message) => {
        if ((this.env['CM_DEBUG'] ?? '') !== '') this.output.note(message);
      },
      onQuestion: async (question, signal) => (await this.#asks())(question, signal),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** A connection without the power to start a server: for questions that only a running one can answer. */
  connectToRunning(options: Partial<ConnectOptions> = {}): Client {
    return this.connect({ serverPath: undefined, replaceOtherBuild: false, reconnect: false, ...options });
  }

  /** Folder in which the command was called. */
  get folder(): string {
    let folder: string;
    try {
      folder = process.cwd();
    } catch (cause) {
      throw new CodeManagerError('invalid', 'The current folder does not exist any more', {
        hint: 'Change into another one.',
        cause,
      });
    }
    // What stands for bytes that are no text: such a folder cannot be named.
    if (!folder.includes('\ufffd') || existsSync(folder)) return folder;
    throw new CodeManagerError('invalid', 'The path of the current folder has bytes that are no UTF-8', {
      hint: 'Rename that folder, or start in another one.',
    });
  }

  /** One for all connections, so that questions come one after another. */
  #asks(): Promise<AnswerQuestion> {
    return (this.#asker ??= import('./asker.js').then(({ createAsker }) => createAsker(this.output, process.stdin)));
  }

  dispose(): void {
    for (const client of this.#clients) client.dispose();
  }
}
