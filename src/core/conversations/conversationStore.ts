import type { Conversation } from '../../protocol/conversation.js';
import type { Machine, ProcessFiles } from '../machine/machine.js';

/** A conversation as the search for a session's own one sees it. */
export interface Candidate {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  /** What the person said first; null when that is not known. */
  readonly prompt: string | null;
}

/** Where one tool keeps its conversations. Nothing is ever written there. */
export interface ConversationStore {
  /**
   * The conversation that the processes of one session are in, as the system or the tool itself tells; undefined when
   * that is not told, or not only one.
   *
   * @param known the id that the tool told or was told to use, or that it had before; null: none is known
   */
  openIn(processes: readonly ProcessFiles[], known: string | null): Promise<string | undefined>;
  /**
   * The conversations that persons began in a folder since a time, for tools of which nothing better tells.
   *
   * @param folder without symbolic links
   */
  begunIn(folder: string, since: number): Promise<readonly Candidate[]>;
  has(id: string): Promise<boolean>;
  read(id: string): Promise<Conversation | undefined>;
  /** A process that writes it at this moment, as far as that can be told. */
  writer(id: string): Promise<number | undefined>;
}

/** Longer records are read from a later line on; a string cannot be as long as a file. */
const MAX_BYTES = 192 * 1024 * 1024;
/** Enough for the first records of a file. */
const HEAD_BYTES = 256 * 1024;

/** The text of a record, of a longer one its last lines; empty when it has gone. */
export async function readRecord(
  machine: Pick<Machine, 'stat' | 'readFile'>,
  path: string,
  maxBytes = MAX_BYTES,
): Promise<string> {
  const size = (await machine.stat(path))?.size ?? 0;
  if (size === 0) return '';
  const from = Math.max(0, size - maxBytes);
  const text = Buffer.from(await machine.readFile(path, from, size - from)).toString('utf8');
  return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
}

/** The first lines of a record. */
export async function readHead(machine: Pick<Machine, 'readFile'>, path: string): Promise<string> {
  const bytes = await machine.readFile(path, 0, HEAD_BYTES).catch(() => new Uint8Array());
  return Buffer.from(bytes).toString('utf8');
}

/** Names in a folder; none when it cannot be read. */
export async function namesIn(machine: Pick<Machine, 'list'>, folder: string): Promise<readonly string[]> {
  return machine.list(folder).catch(() => []);
}
