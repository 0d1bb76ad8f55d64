import { stripTerminal } from '../common/terminalText.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { ScreenJudgement } from '../protocol/judgement.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readInput } from './input.js';
import { formatFields } from './table.js';

export async function explain(app: App, invocation: Invocation): Promise<void> {
  const tool = invocation.value('tool');
  const file = invocation.value('screen');
  if (tool === undefined || file === undefined) {
    throw new CodeManagerError('invalid', 'Give --tool and --screen');
  }
  const screen = await readInput(file);
  const judgement = await app.client.request('screen/judge', { tool, screen });
  await (app.output.json ? app.output.record(judgement) : app.output.lines(judgementLines(judgement)));
}

function judgementLines(judgement: ScreenJudgement): string[] {
  const { state, phase, kind, request, options, startup, wouldSend, draft, error, limitedUntil, rule, lines } =
    judgement;
  const asks = kind === null ? '' : `${kind}${request === null || request.text === '' ? '' : `: ${request.text}`}`;
  const fields: [string, string][] = [
    ['state', phase === null ? state : `${state} · ${phase}`],
    ['asks', asks],
    ['action', request?.action ?? ''],
    ['startup', startup ?? ''],
    ['until', limitedUntil ?? ''],
    ['error', error ?? ''],
    ['typed', draft ?? ''],
    ['rule', rule ?? 'none fits'],
    ['would send', wouldSend === null ? 'nothing' : wouldSend.join(' ')],
    ...options.map(({ label, keys, selected }): [string, string] => [
      'option',
      `${selected === true ? '> ' : '  '}${label}${keys === null ? '' : ` [${keys.join(' ')}]`}`,
    ]),
    ...lines.map((line): [string, string] => ['line', `| ${line}`]),
  ];
  const shown = fields.filter(([, value]) => value !== '');
  return formatFields(shown.map(([name, value]) => [name, stripTerminal(value)] as const));
}
