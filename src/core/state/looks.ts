import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { Tool } from '../../protocol/tool.js';
import type { TerminalSignal } from './terminalSignals.js';
import { readStartupScreen, type StartupScreen } from './startupScreen.js';
import type { Evidence } from './evidence.js';
import { judgeScreen, type JudgedTool } from './judgeScreen.js';
import { signalEvidence } from './signalEvidence.js';

/** The data of a tool by which what it shows is read. */
export type LookRules = JudgedTool & Pick<Tool, 'signals'>;

/** Each kind of look: what is looked at, and what that gives. */
interface Looks {
  readonly screen: { readonly at: [screenText: string, now: number, columns?: number]; readonly seen: ScreenJudgement };
  readonly start: { readonly at: [screenText: string]; readonly seen: StartupScreen };
  readonly signal: {
    readonly at: [signal: Exclude<TerminalSignal, { readonly type: 'report' }>, time: number];
    readonly seen: Evidence | null | undefined;
  };
}

export type LookName = keyof Looks;
/** What is looked at, besides the rules. */
export type LookedAt<N extends LookName> = Looks[N]['at'];
/** What a look gives. */
export type Seen<N extends LookName> = Looks[N]['seen'];

/**
 * Everything that is read by the expressions of a tool. Each takes and gives plain data only and remembers nothing, so that
 * it does not matter in which thread it is done.
 */
const LOOKS: { readonly [N in LookName]: (rules: LookRules, ...at: LookedAt<N>) => Seen<N> } = {
  screen: judgeScreen,
  start: readStartupScreen,
  signal: ({ signals }, signal, time) => signals && signalEvidence(signals, signal, time),
};

/** Looks, in this thread. */
export function lookHere<N extends LookName>(name: N, rules: LookRules, at: LookedAt<N>): Seen<N> {
  return LOOKS[name](rules, ...at);
}
