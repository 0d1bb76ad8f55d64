import type { ScreenJudgement } from '../../protocol/judgement.js';
import { builtInPatterns, patternsIn } from '../tools/builtIn.js';
import { noteSlowPattern } from '../tools/slowPatterns.js';
import type { StartupScreen } from './startupScreen.js';
import { NOTHING_SEEN } from './judgeScreen.js';
import { lookHere, type LookedAt, type LookName, type LookRules, type Seen } from './looks.js';
import { LookThread } from './lookThread.js';

/** How long a session rests after a look that took too long; twice as long each time. */
const REST_MS = 15_000;
const LONGEST_REST_MS = 300_000;

const thread = new LookThread();

/**
 * How what one session shows is looked at. The built-in tools' expressions are proven to take linear time and are used at
 * once; a person's own run in a thread of their own, where they are ended after a moment, and the session is let rest.
 */
export class Look {
  #rest = 0;
  #restUntil = 0;
  #why = '';

  /** How long it goes on resting, in milliseconds; 0 when it does not. */
  get restMs(): number {
    return Math.max(0, this.#restUntil - performance.now());
  }

  /** What a screen says; unknown with the reason as its rule while it rests. */
  async screen(rules: LookRules, ...at: LookedAt<'screen'>): Promise<ScreenJudgement> {
    return (await this.#take('screen', rules, at)) ?? { ...NOTHING_SEEN, rule: this.#why };
  }

  /** What a starting tool shows. */
  async start(rules: LookRules, ...at: LookedAt<'start'>): Promise<StartupScreen> {
    return (await this.#take('start', rules, at)) ?? { kind: 'unknown' };
  }

  /** What a signal says. */
  signal(rules: LookRules, ...at: LookedAt<'signal'>): Promise<Seen<'signal'>> {
    return this.#take('signal', rules, at);
  }

  /** @returns undefined when it took too long, or rests */
  async #take<N extends LookName>(name: N, rules: LookRules, at: LookedAt<N>): Promise<Seen<N> | undefined> {
    if (!hasOwn(rules)) return lookHere(name, rules, at);
    if (this.restMs > 0) return undefined;
    const answer = await thread.ask(name, rules, at);
    if ('value' in answer) {
      this.#rest = 0;
      return answer.value as Seen<N>;
    }
    const source = 'tooSlow' in answer ? answer.tooSlow : '';
    if (source !== '') noteSlowPattern(source);
    this.#rest = Math.min(LONGEST_REST_MS, this.#rest === 0 ? REST_MS : this.#rest * 2);
    this.#restUntil = performance.now() + this.#rest;
    this.#why = `a pattern of its agent took too long on this screen${source === '' ? '' : `: ${source}`}`;
    return undefined;
  }
}

const owns = new WeakMap<LookRules, boolean>();
let proven: ReadonlySet<string> | undefined;

/** Whether an expression is none of the built-in tools', which a test proves to take linear time. */
function hasOwn(rules: LookRules): boolean {
  let own = owns.get(rules);
  if (own === undefined) {
    proven ??= new Set(builtInPatterns().map(({ source }) => source));
    const { startup, screen, signals } = rules;
    own = patternsIn({ startup, screen, signals }, '').some(({ source }) => proven?.has(source) !== true);
    owns.set(rules, own);
  }
  return own;
}
