// Looks in a thread of its own: whatever a person's own expressions take there, nobody else waits for them.
import { readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { lookHere, type LookName, type LookRules, type LookedAt } from './looks.js';
import { lastTried } from './patterns.js';

/** A question to this thread. */
export interface LookQuestion {
  readonly name: LookName;
  /** Which rules, and what they are where they have not been told yet. */
  readonly rules: number;
  readonly told?: LookRules | undefined;
  readonly at: LookedAt<LookName>;
}

/** The answer of the thread. */
export type LookAnswer =
  | { readonly value: unknown }
  /** The expression that took too long. */
  | { readonly tooSlow: string }
  | { readonly failed: string };

/** What one look may take of the processor, in milliseconds; the first one with some rules has to translate them. */
const LIMIT_MS = 10;
const FIRST_LIMIT_MS = 50;
/** How often the clock, which also runs while others have the processor, may say so before the look has had half of it. */
const TRIES = 20;

const known = new Map<number, LookRules>();
const sandbox: { run: (() => unknown) | undefined } = { run: undefined };
createContext(sandbox);
const inSandbox = new Script('run()');

function answer({ name, rules, told, at }: LookQuestion): LookAnswer {
  if (told !== undefined) known.set(rules, told);
  const data = known.get(rules);
  if (data === undefined) return { failed: 'its rules are not known' };
  return within(() => lookHere(name, data, at), told === undefined ? LIMIT_MS : FIRST_LIMIT_MS);
}

function within(look: () => unknown, limit: number): LookAnswer {
  const before = processorMs();
  for (let tries = 1; ; tries++) {
    let value: unknown;
    sandbox.run = () => (value = look());
    try {
      inSandbox.runInContext(sandbox, { timeout: limit });
      return { value };
    } catch (error) {
      // The room that an expression has for going back is used up.
      if (error instanceof RangeError) return { tooSlow: lastTried() };
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { failed: String(error) };
      if (tries >= TRIES || processorMs() - before >= limit / 2) return { tooSlow: lastTried() };
    }
  }
}

/** What this thread has had of the processor; of the whole process where the system does not tell. */
function processorMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

parentPort?.on('message', (question: LookQuestion) => parentPort?.postMessage(answer(question)));
