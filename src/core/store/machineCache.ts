import { createHash } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { Throttler } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import type { FarSpec } from '../../protocol/machineKinds.js';
import { MachineCacheFile, SessionRecord } from '../../protocol/files.js';
import { writeFileAtomic } from './atomicFile.js';
import { isMissing } from './diskErrors.js';
import { readJsonObject } from './jsonFile.js';
import { makeFolder } from './makeFolder.js';

/** What is remembered of a machine. */
export interface Remembered {
  readonly spec: FarSpec;
  /** What it called itself. */
  readonly node: string | null;
  /** When anything was heard of it last. */
  readonly lastSeen: string | null;
  readonly records: readonly SessionRecord[];
}

const WRITE_MS = 1_000;

/** The folder with one file for each machine whose records are on its own disk. */
export function machinesFolder(home: string): string {
  return join(home, 'machines');
}

/**
 * `machines/<hash of the id>.json`: what was known of a machine last, so that its sessions can be shown before it is
 * reached, also by the next server. The truth is on the machine.
 */
export class MachineCache {
  readonly #id: string;
  readonly #folder: string;
  readonly #path: string;
  readonly #log: Logger;
  readonly #writing: Throttler;
  #latest: (() => Remembered) | undefined;
  #written: Promise<void> = Promise.resolve();

  /** @param home the folder of all data of this server */
  constructor(home: string, id: string, log: Logger) {
    this.#id = id;
    this.#folder = machinesFolder(home);
    this.#path = join(this.#folder, `${createHash('sha256').update(id).digest('hex').slice(0, 16)}.json`);
    this.#log = log;
    this.#writing = new Throttler(WRITE_MS, () => void this.flush());
  }

  /** Undefined when nothing is remembered or it cannot be read. */
  async read(): Promise<Remembered | undefined> {
    const read = await readCache(this.#path);
    return read?.id === this.#id ? read : undefined;
  }

  /** Writes it soon; `latest` is asked then. */
  save(latest: () => Remembered): void {
    this.#latest = latest;
    this.#writing.trigger();
  }

  /** Writes at once what has not been written yet. Never rejects: the cache is no truth. */
  flush(): Promise<void> {
    this.#writing.cancel();
    const latest = this.#latest?.();
    this.#latest = undefined;
    if (latest === undefined) return this.#written;
    const { records, ...rest } = latest;
    const file: MachineCacheFile = { version: 1, id: this.#id, ...rest, sessions: [...records] };
    this.#written = this.#written
      .then(() => makeFolder(this.#folder))
      .then(() => writeFileAtomic(this.#path, `${JSON.stringify(file)}\n`))
      .then(
        () => undefined,
        (error: unknown) => this.#log.warn(`${this.#path}: ${String(error)}`),
      );
    return this.#written;
  }

  dispose(): void {
    this.#writing.cancel();
    this.#latest = undefined;
  }

  /** Nobody needs the machine any more. */
  async forget(): Promise<void> {
    this.dispose();
    await this.#written;
    await fs.rm(this.#path, { force: true });
  }
}

/** All machines that are remembered, by their ids. */
export async function rememberedMachines(home: string): Promise<ReadonlyMap<string, Remembered>> {
  const folder = machinesFolder(home);
  const names = await fs.readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const machines = new Map<string, Remembered>();
  for (const name of names.filter((each) => /^[0-9a-f]{16}\.json$/.test(each))) {
    const read = await readCache(join(folder, name));
    if (read) machines.set(read.id, read);
  }
  return machines;
}

async function readCache(path: string): Promise<(Remembered & { readonly id: string }) | undefined> {
  const read = await readJsonObject(path);
  const file = read.kind === 'object' ? MachineCacheFile.safeParse(read.value).data : undefined;
  if (file === undefined) return undefined;
  const { id, spec, node, lastSeen } = file;
  return {
    id,
    spec,
    node,
    lastSeen,
    records: file.sessions.flatMap((each) => SessionRecord.safeParse(each).data ?? []),
  };
}
