import { stripTerminal } from '../common/terminalText.js';
import { formatAge } from '../common/text.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Explanation } from '../protocol/explanation.js';
import { historyLines, historyText } from '../protocol/history.js';
import type { ScreenJudgement } from '../protocol/judgement.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readInput } from './input.js';
import { formatFields } from './table.js';

export async function explain(app: App, invocation: Invocation): Promise<void> {
  const [session] = invocation.args;
  const tool = invocation.value('tool');
  const file = invocation.value('screen');
  if (session !== undefined) {
    if (tool !== undefined || file !== undefined) {
      throw new CodeManagerError('invalid', 'Give an ID, or --tool and --screen');
    }
    const explanation = await app.client.request('session/explain', { session });
    return app.output.json ? app.output.record(explanation) : app.output.lines(explanationLines(explanation));
  }
  if (tool === undefined || file === undefined) {
    throw new CodeManagerError('invalid', 'Give an ID, or --tool and --screen');
  }
  const screen = await readInput(file);
  const judgement = await app.client.request('screen/judge', { tool, screen });
  return app.output.json ? app.output.record(judgement) : app.output.lines(judgementLines(judgement));
}

/** More of its history tells `--json`. */
const SPANS = 10;

type Fields = readonly (readonly [string, string])[];

/** Fields that are not empty, and the lines of a screen below them. */
function format(fields: Fields, lines: readonly string[]): string[] {
  const shown = fields
    .map(([name, value]) => [name, stripTerminal(value)] as const)
    .filter(([, value]) => value !== '');
  return [...formatFields(shown), ...lines.map((line) => `  | ${stripTerminal(line)}`)];
}

function age(iso: string): string {
  return formatAge(Date.now() - Date.parse(iso), { seconds: true });
}

function explanationLines(explanation: Explanation): string[] {
  const { state, phase, waiting, since, source, why, background, evidence, held, history, lines } = explanation;
  const word = [state ?? 'no state', phase ?? ''].filter((text) => text !== '').join(' · ');
  return format(
    [
      ['state', `${word}, since ${age(since)}`],
      ['asks', waiting === null ? '' : `${waiting.kind}: ${waiting.text}`],
      ['decided by', source ?? 'nobody'],
      ['because', why ?? ''],
      ['rule', held ?? ''],
      ['background', background === 0 ? '' : String(background)],
      ...evidence.map(({ source, state, phase, detail, seen, holds, wins }): [string, string] => [
        wins ? `> ${source}` : `  ${source}`,
        `${state}${phase === null ? '' : ` · ${phase}`} (${detail}), seen ${age(seen)} ago${holds ? '' : ', too old'}`,
      ]),
      ['time', historyText(history, Date.now())],
      ...historyLines(history, Date.now(), SPANS).map((line, i): [string, string] => [i === 0 ? 'history' : ' ', line]),
    ],
    lines,
  );
}

function judgementLines(judgement: ScreenJudgement): string[] {
  const { state, phase, kind, request, options, startup, wouldSend, draft, error, limitedUntil, rule, lines } =
    judgement;
  const asks = kind === null ? '' : `${kind}${request === null || request.text === '' ? '' : `: ${request.text}`}`;
  const fields: Fields = [
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
  ];
  return format(fields, lines);
}
