import type { ProcessTree } from '../../core/machine/machine.js';
import type { Look, ProcessEntry } from './processTable.js';

/** Finds the processes of a tree, and remembers what it has seen of them for when their parents are gone. */
export class TreeSearch {
  readonly #root: number | null;
  readonly #marker: string;
  /** Start of every process that belongs to it, by pid. */
  readonly #known: Map<number, string>;
  #rootStart: string | undefined;

  constructor({ root, marker, known = [] }: ProcessTree) {
    this.#root = root !== null && Number.isInteger(root) && !isOff(root) ? root : null;
    this.#marker = marker;
    this.#known = new Map(known.map(({ pid, start }) => [pid, start]));
  }

  /** The processes that run; not ourselves and what only we have started. */
  find(look: Look): ProcessEntry[] {
    const members = new Map<number, ProcessEntry>();
    const queue: number[] = [];
    const add = (entry: ProcessEntry | undefined): void => {
      if (entry === undefined || isOff(entry.pid) || members.has(entry.pid)) return;
      members.set(entry.pid, entry);
      queue.push(entry.pid);
    };
    for (const pid of look.marked(this.#marker)) add(look.byPid.get(pid));
    const root = this.#root === null ? undefined : look.byPid.get(this.#root);
    this.#rootStart ??= root?.start;
    if (root !== undefined && root.start === this.#rootStart) add(root);
    if (this.#root !== null && root === undefined) this.#known.set(this.#root, '');
    for (const [pid, start] of this.#known) {
      const entry = look.byPid.get(pid);
      if (entry?.start === start) add(entry);
      // A pid is not given away while a group or session still has it: what follows it is what it has left behind.
      else if (entry === undefined) look.followers(pid).forEach(add);
    }
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) look.followers(pid).forEach(add);
    for (const { pid, start } of members.values()) this.#known.set(pid, start);
    return [...members.values()].filter(({ isZombie }) => !isZombie);
  }
}

/** What is never a part of a tree. */
function isOff(pid: number): boolean {
  return pid <= 1 || pid === process.pid;
}
