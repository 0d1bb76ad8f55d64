import { createContext, Script } from 'node:vm';
import type { Tool } from '../../protocol/tool.js';
import { builtInPatterns, patternsIn } from '../tools/builtIn.js';

/** An expression of a tool's file. */
export type Pattern = Pick<RegExp, 'test' | 'exec'>;

/** What a person's own expressions may take of the processor in one look, in milliseconds. */
const LIMIT_MS = 10;
/** How often the clock, which also runs while others have the processor, may say so before the look has had its time. */
const TRIES = 20;
/** The first look with an expression has to translate it. */
const FIRST_LIMIT_MS = 50;
/** A tool whose expressions took too long takes no more than this part of the processor. */
const SHARE = 1 / 20;
/** How long a session rests after a look that took too long; twice as long each time. */
const REST_MS = 15_000;
const LONGEST_REST_MS = 300_000;

let proven: ReadonlySet<string> | undefined;

/** Whether an expression is one of the built-in tools', which a test proves to take linear time. */
function isProven(source: string): boolean {
  proven ??= new Set(builtInPatterns().map((each) => each.source));
  return proven.has(source);
}

const compiled = new Map<string, Pattern>();

/**
 * An expression of a tool's file.
 *
 * @param own the part of it that the file has, where the rest is ours
 */
export function pattern(source: string, flags = 'mu', own = source): Pattern {
  const key = `${flags} ${source}`;
  let expression = compiled.get(key);
  if (expression === undefined) {
    const plain = new RegExp(source, flags);
    expression = own === '' || isProven(own) ? plain : new OwnPattern(plain);
    compiled.set(key, expression);
  }
  return expression;
}

/** One of a person's own file: nobody knows how long it takes, so it only runs where something ends it. */
class OwnPattern implements Pattern {
  readonly #plain: RegExp;

  constructor(plain: RegExp) {
    this.#plain = plain;
  }

  test(text: string): boolean {
    return this.exec(text) !== null;
  }

  exec(text: string): RegExpExecArray | null {
    if (running === undefined)
      return new Look().take(
        this,
        () => this.exec(text),
        () => null,
      );
    running = this.#plain.source;
    const match = this.#plain.exec(text);
    running = '';
    return match;
  }
}

/** The own expression that runs, for the one who ends it; undefined where nothing would. */
let running: string | undefined;
const sandbox: { run: (() => unknown) | undefined } = { run: undefined };
createContext(sandbox);
const inSandbox = new Script('run()');

/** @returns what took too long, when it did */
function within(run: () => void, limit: number): { readonly tooSlow: string } | undefined {
  const before = process.cpuUsage();
  for (let tries = 0; ; tries++) {
    sandbox.run = run;
    running = '';
    try {
      inSandbox.runInContext(sandbox, { timeout: limit });
      return undefined;
    } catch (error) {
      // It is an error of the other context.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 >= limit || tries >= TRIES) return { tooSlow: running };
    } finally {
      running = undefined;
      sandbox.run = undefined;
    }
  }
}

const owns = new WeakMap<object, boolean>();
const rests = new WeakMap<object, number>();
const known = new WeakSet();
const slow = new Set<string>();

/** The expressions that took too long since the server runs. */
export function slowPatterns(): ReadonlySet<string> {
  return slow;
}

function hasOwn(rules: object): boolean {
  let own = owns.get(rules);
  if (own === undefined) {
    const { startup, screen, signals } = rules as Partial<Tool>;
    const parts = screen || startup || signals ? { startup, screen, signals } : rules;
    own = rules instanceof OwnPattern || patternsIn(parts, '').some(({ source }) => !isProven(source));
    owns.set(rules, own);
  }
  return own;
}

/** How what one session shows is looked at: where it takes too long, it is let rest. */
export class Look {
  #rest = 0;
  #restUntil = 0;
  #why = '';

  /** How long it goes on resting, in milliseconds; 0 when it does not. */
  get restMs(): number {
    return Math.max(0, this.#restUntil - performance.now());
  }

  /**
   * Looks, for no longer than a look may take.
   *
   * @param rules whose expressions are used
   * @param over what is said instead when it took too long or rests, with the reason
   */
  take<T>(rules: object, look: () => T, over: (why: string) => T): T {
    if (!hasOwn(rules) || running !== undefined) return look();
    const start = performance.now();
    if (start < this.#restUntil) return over(this.#why);
    if (start < (rests.get(rules) ?? 0))
      return over(this.#why === '' ? 'another screen of this agent took too long' : this.#why);
    let seen: { readonly value: T } | undefined;
    const stopped = within(() => (seen = { value: look() }), known.has(rules) ? LIMIT_MS : FIRST_LIMIT_MS);
    known.add(rules);
    if (!stopped && seen) {
      this.#rest = 0;
      this.#why = '';
      return seen.value;
    }
    const source = stopped?.tooSlow ?? '';
    if (source !== '') slow.add(source);
    const end = performance.now();
    this.#rest = Math.min(LONGEST_REST_MS, this.#rest === 0 ? REST_MS : this.#rest * 2);
    this.#restUntil = end + this.#rest;
    rests.set(rules, end + (end - start) / SHARE);
    this.#why = `a pattern of its agent took too long on this screen: ${source}`;
    return over(this.#why);
  }
}
