import { join } from 'node:path';
import { KeyedMutex } from '../../common/async.js';
import { TrustedFile } from '../../protocol/files.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { writeFileAtomic } from '../store/atomicFile.js';
import { withFileLock } from '../store/fileLock.js';
import { formatJson, readJsonObject } from '../store/jsonFile.js';

/**
 * What the person decided to let count or to leave out, by the digest of exactly what they were shown, in `trusted.json`.
 * While the file cannot be read nothing is decided, and it is not written.
 */
export class GitTrust {
  readonly #path: string;
  readonly #mutex = new KeyedMutex();

  /** @param home the folder of all data of this agent server */
  constructor(home: string) {
    this.#path = join(home, 'trusted.json');
  }

  /** Undefined when nothing was decided. */
  async uses(digest: string): Promise<boolean | undefined> {
    const file = await this.#read();
    return file !== undefined && Object.hasOwn(file.git, digest) ? file.git[digest]?.use : undefined;
  }

  async decide(digest: string, use: boolean): Promise<void> {
    await this.#mutex.run('', () =>
      withFileLock(this.#path, async () => {
        const file = await this.#read();
        if (file === undefined) {
          throw new CodeManagerError('unavailable', 'trusted.json cannot be read', {
            hint: `Repair or remove ${this.#path}.`,
          });
        }
        const git = { ...file.git, [digest]: { since: new Date().toISOString(), use } };
        await writeFileAtomic(this.#path, formatJson({ ...file, git }));
      }),
    );
  }

  async #read(): Promise<TrustedFile | undefined> {
    const read = await readJsonObject(this.#path);
    if (read.kind === 'missing') return { version: 1, git: {} };
    const file = read.kind === 'object' ? TrustedFile.safeParse(read.value) : undefined;
    return file?.success === true ? file.data : undefined;
  }
}
