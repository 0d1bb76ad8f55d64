import { join } from 'node:path';
import { Together } from '../../common/async.js';
import { errorCode } from '../../common/systemError.js';
import { OF_ONE_RUN, sessionFileName, type SessionFile } from '../../protocol/sessionFiles.js';
import type { Machine } from '../machine/machine.js';
import { parseExit } from '../tmux/scripts.js';

/** More of what was printed after a key says nothing more. */
const PRINTED_BYTES = 256 * 1024;

/** A folder with something in it is none of ours. */
function ignoreStray(error: unknown): void {
  if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
}

/** The files of active sessions besides their records: logs, and the marks of launcher and log writer. */
export class SessionFiles {
  readonly directory: string;
  readonly #machine: Machine;
  /** Which of these names there are: one look for all that are asked about at a time. */
  readonly #there = new Together<string, boolean>(async (names) => {
    if (names.length <= OF_ONE_RUN.length) {
      const stats = await Promise.all(names.map((name) => this.#machine.stat(join(this.directory, name))));
      return stats.map((stat) => stat !== undefined);
    }
    const there = await this.names();
    return names.map((name) => there.has(name));
  });

  constructor(machine: Machine, directory: string) {
    this.#machine = machine;
    this.directory = directory;
  }

  path(id: string, file: SessionFile): string {
    return join(this.directory, sessionFileName(id, file));
  }

  stat(id: string, file: SessionFile): ReturnType<Machine['stat']> {
    return this.#machine.stat(this.path(id, file));
  }

  /** How many bytes its log has; 0 when there is none. */
  async logSize(id: string): Promise<number> {
    return (await this.stat(id, 'log'))?.size ?? 0;
  }

  /** What stands in its log from an offset on, with all sequences; of much only the beginning. */
  async printedSince(id: string, from: number): Promise<string> {
    const bytes = await this.#machine.readFile(this.path(id, 'log'), from, PRINTED_BYTES);
    return new TextDecoder().decode(bytes);
  }

  has(id: string, file: SessionFile): Promise<boolean> {
    return this.#there.ask(sessionFileName(id, file));
  }

  /** Of all sessions, records too: one question for many. */
  async names(): Promise<ReadonlySet<string>> {
    return new Set(await this.#machine.list(this.directory));
  }

  /** The session's launcher wrote how it ended: what else stands there by that name says nothing. */
  async hasExit(id: string): Promise<boolean> {
    return parseExit(await this.text(id, 'exit')) !== undefined;
  }

  /** Empty when it is not there. */
  async text(id: string, file: SessionFile): Promise<string> {
    const bytes = await this.#machine.readFile(this.path(id, file)).catch(() => new Uint8Array());
    return Buffer.from(bytes).toString('utf8');
  }

  write(id: string, file: SessionFile, text: string): Promise<void> {
    return this.#machine.writeFile(this.path(id, file), text);
  }

  remove(id: string, file: SessionFile): Promise<void> {
    return this.#machine.remove(this.path(id, file));
  }

  /** Removes everything but the log, and what somebody else has put there that cannot be removed. */
  async clear(id: string): Promise<void> {
    await Promise.all(
      OF_ONE_RUN.map(async (file) => {
        if (await this.has(id, file)) await this.remove(id, file).catch(ignoreStray);
      }),
    );
  }
}
