import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { KeyedMutex } from '../../common/async.js';
import { AuditEntry } from '../../protocol/audit.js';
import { isMissing } from '../store/diskErrors.js';

export interface AuditFilter {
  /** Id. */
  readonly session?: string | undefined;
  readonly contextName?: string | undefined;
  readonly limit: number;
  /** ISO 8601 UTC. */
  readonly since?: string | undefined;
}

/** `audit.jsonl`: what was answered, one line each, only ever added to. */
export class AuditLog {
  readonly #path: string;
  readonly #writing = new KeyedMutex();

  /** @param root folder of all data */
  constructor(root: string) {
    this.#path = join(root, 'audit.jsonl');
  }

  /** Resolves when it is on disk. */
  async append(entry: AuditEntry): Promise<void> {
    await this.#writing.run(this.#path, async () => {
      const file = await fs.open(this.#path, 'a+', 0o600);
      try {
        const { size } = await file.stat();
        const { buffer } = size > 0 ? await file.read(Buffer.alloc(1), 0, 1, size - 1) : { buffer: Buffer.from('\n') };
        // A line that was cut off must not take this one with it.
        const start = buffer.toString() === '\n' ? '' : '\n';
        await file.write(`${start}${JSON.stringify(entry)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  /** Newest first; lines that cannot be read are left out. */
  async list({ session, contextName, limit, since }: AuditFilter): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    for (const line of (await this.#read()).split('\n').reverse()) {
      if (found.length >= limit) break;
      const entry = parse(line);
      if (!entry) continue;
      if (since !== undefined && Date.parse(entry.time) < Date.parse(since)) continue;
      if (session !== undefined && entry.session !== session) continue;
      if (contextName !== undefined && entry.contextName !== contextName) continue;
      found.push(entry);
    }
    return found;
  }

  async #read(): Promise<string> {
    try {
      return await fs.readFile(this.#path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return '';
      throw error;
    }
  }
}

function parse(line: string): AuditEntry | undefined {
  if (line === '') return undefined;
  try {
    return AuditEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
