import type { WaitingKind } from '../../protocol/screen.js';
import type { SignalRules } from '../../protocol/signalRules.js';
import type { TerminalSignal } from './terminalSignals.js';
import { PLAIN, WORKING_TTL } from './evidenceParts.js';
import type { Evidence } from './evidence.js';
import { pattern } from './patterns.js';

type SignalRule = SignalRules['titles'][number];

/**
 * What a signal says by the data of its tool, as evidence; null when it takes back what was said before, undefined when
 * it says nothing. Reports are no matter of data.
 */
export function signalEvidence(
  rules: SignalRules,
  signal: Exclude<TerminalSignal, { readonly type: 'report' }>,
  time: number,
): Evidence | null | undefined {
  const find = (list: readonly SignalRule[], text: string): SignalRule | undefined =>
    list.find(({ match }) => pattern(match).test(text));
  switch (signal.type) {
    case 'title': {
      if (rules.titles.length === 0) return undefined;
      const rule = find(rules.titles, signal.title);
      return rule?.state == null ? null : signalWord(rule.state, rule.kind, `title ${signal.title}`, time);
    }
    case 'notification': {
      const rule = find(rules.notifications, signal.text);
      if (!rule) return undefined;
      return rule.state === null ? null : signalWord(rule.state, rule.kind, `notification ${signal.text}`, time);
    }
    case 'progress':
      if (!rules.progress) return undefined;
      return signalWord(
        signal.active ? 'working' : 'idle',
        'permission',
        signal.active ? 'progress' : 'progress ended',
        time,
      );
    case 'bell':
      return rules.bell === undefined ? undefined : signalWord(rules.bell, 'permission', 'bell', time);
  }
}

function signalWord(state: 'working' | 'waiting' | 'idle', kind: WaitingKind, detail: string, time: number): Evidence {
  return {
    ...PLAIN,
    source: 'title',
    state,
    asked: state === 'waiting' ? { kind, text: '', request: null, options: [] } : null,
    // That a turn ended and that a person broke it off look the same.
    turnEnded: null,
    time,
    ttl: state === 'working' ? WORKING_TTL : null,
    detail,
  };
}
