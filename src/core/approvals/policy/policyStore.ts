import { randomInt } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { delay, KeyedMutex } from '../../../common/async.js';
import type { Disposable } from '../../../common/disposable.js';
import { Emitter } from '../../../common/emitter.js';
import { CodeManagerError, errorText } from '../../../protocol/errors.js';
import { allowsEverything, PolicyRule, type PolicyDraft, type PolicyState } from '../../../protocol/policy.js';
import { faultText } from '../../../protocol/refusal.js';
import { writeFileAtomic } from '../../store/atomicFile.js';
import { withFileLock } from '../../store/fileLock.js';
import { formatJson, isObject, readJsonObject, type JsonObject } from '../../store/jsonFile.js';
import { plain } from '../../store/names.js';
import { isInForce, type Policy } from './evaluate.js';

const FILE = 'policies.json';
const FILE_VERSION = 1;
const HALF_WRITTEN_TRIES = 5;
const HALF_WRITTEN_MS = 50;
const MAX_TRIES = 20;
/** No letters that are taken for others. */
const LETTERS = '23456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 5;

/**
 * The rules, in `policies.json`. People may change the file by hand at any time: it is read again before each use when
 * it is not as this store left it. While it cannot be read no rule holds, and it is not written.
 */
export class PolicyStore implements Disposable {
  readonly #path: string;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex();
  readonly #changes = new Emitter<PolicyState>();
  #file: JsonObject = {};
  #rules: readonly PolicyRule[] = [];
  #off = false;
  #problems: readonly string[] = [];
  /** Why no rule holds. */
  #broken: string | undefined;
  #seen = '';
  #told = '';

  /** After every change of what {@link state} tells. */
  readonly onDidChange = this.#changes.event;

  /** @param home the folder of all data */
  constructor(home: string, now: () => number = Date.now) {
    this.#path = join(home, FILE);
    this.#now = now;
  }

  get state(): PolicyState {
    const rules = [...this.#rules];
    const now = this.#now();
    const allowing = rules.filter((rule) => rule.effect === 'allow' && isInForce(rule, now));
    return { off: this.#off, rules, inForce: this.#off ? 0 : allowing.length, problems: [...this.#problems] };
  }

  /** What was wrong with the file when it was read last, one sentence each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** The rules as they are on disk now; none when they cannot be read. Never rejects for what is in the file. */
  async current(): Promise<Policy> {
    await this.refresh();
    return { off: this.#off, rules: this.#rules };
  }

  /** Reads the file again when it was changed by somebody else. */
  async refresh(): Promise<void> {
    await this.#mutex.run('', () => this.#readIfChanged());
    this.#tell();
  }

  /** @throws CodeManagerError `unavailable` when the file cannot be read or written */
  async add(draft: PolicyDraft): Promise<PolicyRule> {
    const everything = allowsEverything(draft);
    return this.#change((rules) => {
      const rule = PolicyRule.parse({
        ...draft,
        everything,
        id: newId(rules),
        created: new Date(this.#now()).toISOString(),
      });
      rules.set(rule.id, rule);
      return rule;
    });
  }

  /** @throws CodeManagerError `notFound`, `unavailable` */
  async remove(id: string): Promise<PolicyRule> {
    return this.#change((rules) => {
      const rule = rules.get(id);
      if (rule === undefined) {
        throw new CodeManagerError('notFound', `There is no rule "${plain(id)}"`, { hint: 'See cm policy list.' });
      }
      rules.delete(id);
      return rule;
    });
  }

  /** Whether no rule holds. Effective at once, before it is on disk. */
  async setOff(off: boolean): Promise<void> {
    if (off) this.#off = true;
    await this.#change(() => {
      this.#off = off;
    });
  }

  /**
   * Counts one answer of these rules, durably, before it is given.
   * @returns false when one of them does not hold any more: then nothing is counted and nothing may be answered.
   */
  async take(ids: readonly string[]): Promise<boolean> {
    return this.#change((rules) => {
      const taken = ids.map((id) => rules.get(id));
      if (this.#off || !taken.every((rule) => rule !== undefined && isInForce(rule, this.#now()))) return false;
      for (const rule of taken) if (rule !== undefined) rules.set(rule.id, { ...rule, used: rule.used + 1 });
      return true;
    });
  }

  /** Whether these rules hold, from memory: asked right before a key goes. `take` has counted them already. */
  holds(ids: readonly string[]): boolean {
    return !this.#off && this.#broken === undefined && ids.every((id) => this.#rules.some((rule) => rule.id === id));
  }

  /** Looks whenever something in the folder changes, until disposed. @param watch as `Machine.watch` */
  follow(
    watch: (directory: string, listener: (name: string) => void, onLost: (error: Error) => void) => Disposable,
    folder: string,
  ): Disposable {
    return watch(
      folder,
      (name) => {
        if (name === FILE) void this.refresh();
      },
      // It is read again before each use in any case.
      () => undefined,
    );
  }

  /** Applies a change to what is on disk by then, and writes it; nothing has changed when it cannot be written. */
  async #change<T>(change: (rules: Map<string, PolicyRule>) => T): Promise<T> {
    try {
      // The agent servers of several hosts may share one home.
      return await this.#mutex.run('', () => withFileLock(this.#path, () => this.#changeLocked(change)));
    } finally {
      this.#tell();
    }
  }

  async #changeLocked<T>(change: (rules: Map<string, PolicyRule>) => T): Promise<T> {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      await this.#readIfChanged();
      if (this.#broken !== undefined) {
        throw new CodeManagerError('unavailable', this.#broken, { hint: `Repair or remove ${this.#path}.` });
      }
      const before = { off: this.#off, rules: this.#rules };
      const rules = new Map(before.rules.map((rule) => [rule.id, rule]));
      let isWritten = false;
      try {
        const result = change(rules);
        const next = [...rules.values()];
        const isSame = JSON.stringify(next) === JSON.stringify(before.rules);
        isWritten = (isSame && this.#off === (this.#file['off'] ?? false)) || (await this.#write(before.rules, next));
        if (isWritten) {
          this.#rules = next;
          return result;
        }
      } finally {
        if (!isWritten) this.#off = before.off;
      }
    }
    throw new CodeManagerError('unavailable', `${FILE} is changed by another program all the time`, {
      hint: 'Close that program and try again.',
    });
  }

  /** Writes what differs and leaves everything else in the file alone. False when somebody else changed it meanwhile. */
  async #write(before: readonly PolicyRule[], after: readonly PolicyRule[]): Promise<boolean> {
    const entries = new Map(Object.entries(isObject(this.#file['rules']) ? this.#file['rules'] : {}));
    const kept = new Set(after.map(({ id }) => id));
    for (const { id } of before) if (!kept.has(id)) entries.delete(id);
    for (const rule of after) {
      if (before.includes(rule)) continue;
      const raw = entries.get(rule.id);
      const { machine: _machine, ...own } = rule;
      entries.set(rule.id, { ...(isObject(raw) ? raw : {}), ...own });
    }
    const file = { version: FILE_VERSION, ...this.#file, off: this.#off, rules: Object.fromEntries(entries) };
    const expected = this.#seen;
    const onlyIf = async (): Promise<boolean> => (await this.#signature()) === expected;
    if (!(await writeFileAtomic(this.#path, formatJson(file), { onlyIf }))) return false;
    this.#file = file;
    this.#seen = await this.#signature();
    return true;
  }

  async #readIfChanged(): Promise<void> {
    if ((await this.#signature()) === this.#seen) return;
    // The signature comes first: a change in between is then seen by the next one.
    this.#seen = await this.#signature();
    let read = await readJsonObject(this.#path);
    for (let wait = 0; read.kind === 'bad' && wait < HALF_WRITTEN_TRIES; wait++) {
      // An editor may be in the middle of writing it.
      await delay(HALF_WRITTEN_MS);
      this.#seen = await this.#signature();
      read = await readJsonObject(this.#path);
    }
    if (read.kind === 'missing') this.#take({});
    else if (read.kind === 'object') this.#take(read.value);
    else this.#break(`${FILE} cannot be read (${read.reason}): no rule holds`);
  }

  #take(file: JsonObject): void {
    const { version = FILE_VERSION, off = false, rules: entries = {} } = file;
    if (version !== FILE_VERSION) return this.#break(`${FILE} was written by another version: no rule holds`);
    if (typeof off !== 'boolean' || !isObject(entries)) return this.#break(`${FILE} is not understood: no rule holds`);
    const problems: string[] = [];
    const rules: PolicyRule[] = [];
    let isUnsafe = false;
    for (const [id, raw] of Object.entries(entries)) {
      const rule = readRule(id, raw);
      if (rule.success) {
        rules.push(rule.data);
        continue;
      }
      problems.push(`${FILE}: the rule "${plain(id)}" is skipped: ${plain(faultText(rule.error))}`);
      // Nobody knows what it was to forbid.
      isUnsafe ||= !isObject(raw) || raw['effect'] !== 'allow';
    }
    if (isUnsafe) {
      problems.push(`${FILE}: nothing is allowed until the rules that are skipped are repaired or removed`);
    }
    this.#broken = undefined;
    this.#file = file;
    this.#off = off;
    this.#rules = isUnsafe ? rules.filter(({ effect }) => effect !== 'allow') : rules;
    this.#problems = problems;
  }

  #break(reason: string): void {
    this.#broken = reason;
    this.#rules = [];
    this.#problems = [reason];
  }

  #tell(): void {
    const { state } = this;
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.#changes.fire(state);
  }

  async #signature(): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await fs.stat(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : `? ${errorText(error)}`;
    }
  }

  dispose(): void {
    this.#changes.dispose();
  }
}

function readRule(id: string, raw: unknown): ReturnType<(typeof PolicyRule)['safeParse']> {
  if (!isObject(raw)) return PolicyRule.safeParse(raw);
  const entry = { ...raw, id, machine: 'local' };
  // What is not known may narrow it.
  const read = raw['effect'] === 'allow' ? PolicyRule.strict().safeParse(entry) : PolicyRule.safeParse(entry);
  // One of a person's own hand need not say what it is.
  return read.success ? { ...read, data: { ...read.data, everything: allowsEverything(read.data) } } : read;
}

function newId(taken: ReadonlyMap<string, unknown>): string {
  for (;;) {
    const id = Array.from({ length: ID_LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
    if (!taken.has(id)) return id;
  }
}
