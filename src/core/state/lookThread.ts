import { Worker } from 'node:worker_threads';
import { KeyedMutex } from '../../common/async.js';
import type { LookAnswer, LookQuestion } from './looker.js';
import code from './looker.js?worker';
import type { LookName, LookRules, LookedAt } from './looks.js';

/** A look ends by itself long before; only a thread that cannot even be told to stop takes longer. */
const STUCK_MS = 10_000;
/** Rules that a person has changed since stay in the thread's memory: it begins anew after so many. */
const MOST_RULES = 50;
/** Of a thread that cannot be stopped, or has gone: nobody knows where. */
const ENDED: LookAnswer = { tooSlow: '' };

/**
 * The thread in which looks are taken that may take for ever, one after the other. It is started with the first one, and
 * keeps no process alive.
 */
export class LookThread {
  readonly #turns = new KeyedMutex();
  #worker: Worker | undefined;
  #settle: ((answer: LookAnswer) => void) | undefined;
  /** Which rules the thread knows, as text. */
  readonly #told = new Map<string, number>();
  #count = 0;

  /** Looks there. Rejects where a look fails for another reason than that it takes too long. */
  ask<N extends LookName>(name: N, rules: LookRules, at: LookedAt<N>): Promise<LookAnswer> {
    return this.#turns.run('', () => this.#ask(name, rules, at));
  }

  async #ask(name: LookName, rules: LookRules, at: LookedAt<LookName>): Promise<LookAnswer> {
    const text = textOf(rules);
    if (this.#told.size >= MOST_RULES && !this.#told.has(text)) await this.#end();
    const known = this.#told.get(text);
    const id = known ?? this.#count++;
    this.#told.set(text, id);
    const told = known === undefined ? (JSON.parse(text) as LookRules) : undefined;
    const answer = await this.#reply({ name, rules: id, told, at });
    if ('failed' in answer) throw new Error(`A screen could not be looked at: ${answer.failed}`);
    return answer;
  }

  async #reply(question: LookQuestion): Promise<LookAnswer> {
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    const answer = await new Promise<LookAnswer>((resolve) => {
      const over = setTimeout(() => resolve(ENDED), STUCK_MS);
      this.#settle = (value) => {
        clearTimeout(over);
        resolve(value);
      };
      worker.postMessage(question);
    });
    this.#settle = undefined;
    worker.unref();
    if (answer === ENDED) await this.#end();
    return answer;
  }

  #start(): Worker {
    const worker = new Worker(code, {
      eval: true,
      name: 'looks',
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    const settle = (answer: LookAnswer): void => {
      if (this.#worker === worker) this.#settle?.(answer);
    };
    worker.on('message', settle);
    // It has taken more memory than it may.
    worker.on('error', () => settle(ENDED));
    worker.on('exit', () => settle(ENDED));
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#told.clear();
    await worker?.terminate();
  }
}

const texts = new WeakMap<LookRules, string>();

function textOf(rules: LookRules): string {
  let text = texts.get(rules);
  if (text === undefined) {
    const { startup, screen, signals, hooks, calls, conversation } = rules;
    text = JSON.stringify({ startup, screen, signals, hooks, calls, conversation });
    texts.set(rules, text);
  }
  return text;
}
