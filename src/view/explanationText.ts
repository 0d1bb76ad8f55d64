import { formatDuration, localDateTime } from '../common/text.js';
import { stripTerminal } from '../common/terminalText.js';
import type { Explanation, Source } from '../protocol/explanation.js';
import { historyLines, historyText } from '../protocol/history.js';
import { ago } from './requestText.js';

/** Where an observation comes from, as people say it. */
const SOURCES = {
  report: "the agent's own report",
  event: "the agent's hook",
  title: 'its title',
  screen: 'its screen',
} as const satisfies Record<Source, string>;

type Winner = Pick<Explanation, 'source' | 'evidence' | 'why'>;

/**
 * `Bash · from the agent's hook, 3s ago`; empty when nothing is known.
 *
 * @param said what stands above it: an observation mostly repeats the question, and is told only by what it adds
 */
export function reasonLine({ source, evidence, why }: Winner, now: number, said = ''): string {
  const winner = evidence.find(({ wins }) => wins);
  if (winner === undefined || source === null) return why === null ? '' : stripTerminal(why);
  const seen = ago(now - Date.parse(winner.seen), { seconds: true });
  const added = stripTerminal(winner.detail)
    .split(' · ')
    .filter((part) => !isSaid(part, said));
  return [...added, `from ${SOURCES[winner.source]}, ${seen}`].join(' · ');
}

/** What is longer may have been cut in either of them. */
const COMPARED_LENGTH = 40;

function isSaid(part: string, said: string): boolean {
  const words = part.replace(/^[a-z]+: /, '').toLowerCase();
  return stripTerminal(said).toLowerCase().includes(words.slice(0, COMPARED_LENGTH));
}

/** More of its history would hide the rest. */
const SPANS = 20;

/** Everything that is known of a session's state, as a document. */
export function explanationText(
  name: string,
  word: string,
  { state, phase, waiting, since, source, why, background, evidence, history, lines }: Explanation,
  now: number,
): string {
  const age = (iso: string): string => ago(now - Date.parse(iso), { seconds: true });
  const observation = ({
    source,
    state,
    phase,
    detail,
    seen,
    since,
    holds,
  }: Explanation['evidence'][number]): string[] => [
    `  ${SOURCES[source]}: ${[state, phase ?? ''].filter((part) => part !== '').join(' · ')}${holds ? '' : ' (too old to count)'}`,
    ...(detail === state ? [] : [`      ${stripTerminal(detail)}`]),
    `      seen ${age(seen)}, for the first time ${age(since)}`,
  ];
  const winning = evidence.filter(({ wins }) => wins);
  const others = evidence.filter(({ wins }) => !wins);
  const held = formatDuration(now - Date.parse(since));
  const times = historyText(history, now);
  const did = historyLines(history, now, SPANS);
  return [
    `${stripTerminal(name)}: ${stripTerminal(word)}`,
    '',
    `State       ${[state ?? 'none', phase ?? ''].filter((part) => part !== '').join(' · ')}`,
    `Since       ${localDateTime(since, new Date(now))}, for ${held}`,
    ...(waiting === null
      ? []
      : [`Waits for   ${waiting.kind}${waiting.text === '' ? '' : `: ${stripTerminal(waiting.text)}`}`]),
    ...(background === 0
      ? []
      : [`Background  ${background === 1 ? '1 shell or agent goes' : `${background} shells or agents go`} on`]),
    ...(times === '' ? [] : [`Time        ${times}`]),
    '',
    ...(source === null
      ? [`Nothing decides. ${stripTerminal(why ?? '')}`.trim(), '']
      : ['What decides', ...winning.flatMap(observation), '']),
    ...(others.length === 0 ? [] : ['What else was seen', ...others.flatMap(observation), '']),
    ...(did.length === 0 ? [] : ['What it did', ...did.map((line) => `  ${line}`), '']),
    ...(lines.length === 0
      ? []
      : ['The last lines of its screen that were looked at', ...lines.map((line) => `  │ ${stripTerminal(line)}`), '']),
  ].join('\n');
}
