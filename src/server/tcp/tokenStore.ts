import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { systemClock, type Clock } from '../../common/async.js';
import { Emitter } from '../../common/emitter.js';
import { setAside, writeFileAtomic } from '../../core/store/atomicFile.js';
import { withFileLock } from '../../core/store/fileLock.js';
import { formatJson, isObject, readJsonObject, type JsonObject } from '../../core/store/jsonFile.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { TokenInfo } from '../../protocol/requests.js';

const TOKEN_BYTES = 32;
/** Of tokens that people bring: fewer letters could be guessed. */
const MIN_LETTERS = 32;
/** How exact the time of the last use is kept. */
const USED_STEP_MS = 60_000;

const Stored = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created: z.string(),
  lastUsed: z.string().nullable().default(null),
});
type Stored = z.infer<typeof Stored>;

/**
 * Who may connect over TCP: `tokens.json` (0600) with the hash of every token, read anew for every sign-in, and tokens
 * that hold for one life of the server. The tokens themselves are told once and stored nowhere.
 */
export class TokenStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #given = new Map<string, Stored>();
  readonly #onDidRevoke = new Emitter<string>();

  /** Id of a token that holds no more. */
  readonly onDidRevoke = this.#onDidRevoke.event;

  constructor(home: string, clock: Clock = systemClock) {
    this.#path = join(home, 'tokens.json');
    this.#clock = clock;
  }

  /** Takes a token that somebody brought, for the life of this process. @throws CodeManagerError `invalid` when it is too short */
  give(token: string, name: string): void {
    if (!/^[\x21-\x7e]+$/.test(token) || token.length < MIN_LETTERS) {
      throw new CodeManagerError('invalid', `A token needs at least ${MIN_LETTERS} letters, without spaces`, {
        hint: 'Make one with `cm server token new NAME`, or with `openssl rand -base64 32`.',
      });
    }
    const id = randomBytes(4).toString('hex');
    this.#given.set(id, { id, name, sha256: hash(token).toString('hex'), created: this.#now(), lastUsed: null });
  }

  async list(): Promise<TokenInfo[]> {
    return [...this.#given.values(), ...(await this.#read()).tokens].map(toInfo);
  }

  /** @throws CodeManagerError `conflict` when the name is taken. */
  async create(name: string): Promise<TokenInfo & { readonly token: string }> {
    // The prefix lets scanners of secrets know one when they see it.
    const token = `cm_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
    const id = randomBytes(4).toString('hex');
    const entry: Stored = { id, name, sha256: hash(token).toString('hex'), created: this.#now(), lastUsed: null };
    await this.#change((tokens) => {
      if ([...this.#given.values(), ...tokens].some((other) => other.name === name)) {
        throw new CodeManagerError('conflict', `There is a token named ${name} already`, {
          hint: `Choose another name, or end that one with \`cm server token revoke\`.`,
        });
      }
      return [...tokens, entry];
    });
    return { ...toInfo(entry), token };
  }

  /** @param ref id, unique beginning of an id, or name */
  async revoke(ref: string): Promise<TokenInfo> {
    let revoked: Stored | undefined;
    const given = find([...this.#given.values()], ref);
    if (given !== undefined) {
      this.#given.delete(given.id);
      revoked = given;
    } else {
      await this.#change((tokens) => {
        revoked = find(tokens, ref);
        return tokens.filter((token) => token !== revoked);
      });
    }
    if (revoked === undefined) throw new CodeManagerError('notFound', `There is no token ${ref}`);
    this.#onDidRevoke.fire(revoked.id);
    return toInfo(revoked);
  }

  /** The token that this is; undefined when it is none. Takes the same time whichever it is, or none. */
  async verify(token: string): Promise<TokenInfo | undefined> {
    const actual = hash(token);
    let found: Stored | undefined;
    for (const entry of [...this.#given.values(), ...(await this.#read()).tokens]) {
      if (timingSafeEqual(Buffer.from(entry.sha256, 'hex'), actual)) found = entry;
    }
    return found === undefined ? undefined : toInfo(found);
  }

  /** Notes that a token was used. */
  async used(id: string): Promise<void> {
    const now = this.#now();
    const given = this.#given.get(id);
    if (given !== undefined) {
      this.#given.set(id, { ...given, lastUsed: now });
      return;
    }
    const known = (await this.#read()).tokens.find((token) => token.id === id);
    if (known === undefined) return;
    if (known.lastUsed !== null && Date.parse(now) - Date.parse(known.lastUsed) < USED_STEP_MS) return;
    await this.#change((tokens) => tokens.map((token) => (token.id === id ? { ...token, lastUsed: now } : token)));
  }

  async #change(change: (tokens: readonly Stored[]) => readonly Stored[]): Promise<void> {
    await withFileLock(this.#path, async () => {
      const { file, tokens } = await this.#read();
      await writeFileAtomic(this.#path, formatJson({ ...file, version: 1, tokens: change(tokens) }));
    });
  }

  async #read(): Promise<{ file: JsonObject; tokens: readonly Stored[] }> {
    const read = await readJsonObject(this.#path);
    switch (read.kind) {
      case 'missing':
        return { file: {}, tokens: [] };
      case 'object': {
        const { tokens } = read.value;
        const list: readonly unknown[] = Array.isArray(tokens) ? tokens : isObject(tokens) ? Object.values(tokens) : [];
        // A damaged entry opens nothing and costs only itself.
        return { file: read.value, tokens: list.flatMap((entry) => Stored.safeParse(entry).data ?? []) };
      }
      case 'bad':
        await setAside(this.#path);
        return { file: {}, tokens: [] };
      case 'unreadable':
        throw new CodeManagerError('unavailable', `${this.#path} cannot be read: ${read.reason}`);
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function toInfo({ id, name, created, lastUsed }: Stored): TokenInfo {
  return { id, name, created, lastUsed };
}

function find(tokens: readonly Stored[], ref: string): Stored | undefined {
  const exact = tokens.find(({ id, name }) => id === ref || name === ref);
  if (exact !== undefined) return exact;
  const matching = ref.length < 4 ? [] : tokens.filter(({ id }) => id.startsWith(ref));
  return matching.length === 1 ? matching[0] : undefined;
}
