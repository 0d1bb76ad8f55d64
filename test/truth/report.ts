import { percentile } from '../bench/numbers.js';
import type { Approvals } from './approvals.js';
import type { Logged } from './logs.js';
import type { RuledRequests } from './rules.js';
import type { Replaced } from './replaced.js';
import type { Sends } from './sends.js';
import { isExact, isShownRight } from './asked.js';
import type { Asked, Broken, Sample } from './states.js';
import { isLongWrong } from './timeline.js';

export interface StateRow {
  readonly program: string;
  readonly name: string;
  readonly times: number;
  /** What was shown, most often first. */
  readonly words: readonly (readonly [word: string, times: number])[];
  readonly p50: number;
  readonly p95: number;
  readonly never: number;
  readonly wrongLong: number;
}

/** One row for each program and true state, in the order in which they came. */
function stateRows(samples: readonly Sample[]): StateRow[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.program}\t${sample.name}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.entries()].map(([key, group]) => {
    const [program = '', name = ''] = key.split('\t');
    const latencies = group.flatMap(({ latency }) => (latency === null ? [] : [latency]));
    const words = new Map<string, number>();
    for (const word of group.flatMap((sample) => [...new Set(sample.words)])) {
      words.set(word, (words.get(word) ?? 0) + 1);
    }
    return {
      program,
      name,
      times: group.length,
      words: [...words].sort((a, b) => b[1] - a[1]),
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      never: group.length - latencies.length,
      wrongLong: group.flatMap(({ wrong }) => wrong).filter(isLongWrong).length,
    };
  });
}

const ms = (value: number): string => (Number.isNaN(value) ? '–' : `${Math.round(value)} ms`);

export function stateTable(samples: readonly Sample[]): string {
  const lines = stateRows(samples).map(({ program, name, times, words, p50, p95, never, wrongLong }) => [
    program,
    name,
    `${times}`,
    ms(p50),
    ms(p95),
    never === 0 ? '' : `${never}`,
    wrongLong === 0 ? '' : `${wrongLong}`,
    words.map(([word, count]) => `${word} ${count}`).join(', '),
  ]);
  return columns([['program', 'true', 'times', 'p50', 'p95', 'never', 'wrong > 1 s', 'shown meanwhile'], ...lines]);
}

/** For each program and size how many requests were shown as the agent asked them, and how many exactly. */
export function askedTable(all: readonly Asked[]): string {
  const groups = new Map<string, Asked[]>();
  for (const one of all) {
    const key = [one.program, one.size, one.visit === null ? '' : 'yes'].join('\t');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const share = (count: number, of: number): string =>
    of === 0 ? '–' : `${count} of ${of} (${Math.round((100 * count) / of)} %)`;
  const row = (group: readonly Asked[]): string[] => {
    const exact = group.filter(({ shown }) => shown.some((one) => one.exact !== null));
    return [
      `${group.length}`,
      share(exact.filter(isShownRight).length, exact.length),
      share(group.filter(isExact).length, group.length),
    ];
  };
  const lines = [...groups].map(([key, group]) => [...key.split('\t'), ...row(group)]);
  const head = ['program', 'size', 'looked in', 'requests', 'asked = shown', 'exact'];
  return columns([head, ...lines, ['all', '', '', ...row(all)]]);
}

/** What was shown as exact and was not asked, and what was not known exactly, one a line. */
export function askedWrong(all: readonly Asked[]): string[] {
  return all
    .filter((one) => !isShownRight(one) || !isExact(one))
    .map(
      ({ program, flow, round, size, visit, asked, shown }) =>
        `${program}, ${flow} (${round}) at ${size}${visit === null ? '' : `, looked in from ${visit}`}: asked ` +
        `${JSON.stringify(asked)}, shown ${shown.map(({ text, exact }) => `${JSON.stringify(text)} by ${exact ?? 'nothing'}`).join(' → ')}`,
    );
}

/** Every wrong word that stood for long, one a line. */
export function wrongWords(samples: readonly Sample[]): string[] {
  return samples.flatMap(({ program, flow, round, size, visit, name, words, wrong, why }) =>
    wrong
      .filter(isLongWrong)
      .map(
        (one) =>
          `${program}, ${flow} (${round}) at ${size}${visit === null ? '' : `, looked in from ${visit}`}: "${one.word}" for ${(one.ms / 1000).toFixed(1)} s while it was true: ${name}` +
          `; shown: ${words.join(' → ')}${why === null ? '' : `\n${why}`}`,
      ),
  );
}

export function brokenFlows(broken: readonly Broken[]): string[] {
  return broken.map(({ program, flow, round, message }) => `${program}, ${flow} (${round}) broke: ${message}`);
}

export function approvalLines(all: readonly Approvals[]): string[] {
  return all.flatMap(({ program, requests, allowed, denied, left, wrong }) => [
    `${program}: ${requests} requests, ${allowed} allowed, ${denied} denied, ${left.length} left to a person by rules, ${wrong.length} wrong`,
    ...left.map((one) => `  left: ${one}`),
    ...wrong.map((one) => `  ${one}`),
  ]);
}

export function ruledLines(all: readonly RuledRequests[]): string[] {
  return all.flatMap(({ program, what, size, requests, answered, exact, unknownMs, wrong }) => [
    `${program}, ${what} at ${size}: ${answered} of ${requests} answered by their rule; exact: ` +
      Object.entries(exact)
        .map(([source, count]) => `${count} by ${source === 'null' ? 'nothing' : source}`)
        .join(', ') +
      `; not known for ${unknownMs} ms at most`,
    ...wrong.map((one) => `  ${one}`),
  ]);
}

export function sendLines(all: readonly Sends[]): string[] {
  return all.flatMap(({ program, counts, wrong }) => [
    `${program}: ` +
      Object.entries(counts)
        .map(([into, { sent, well }]) => `${into} ${well} of ${sent}`)
        .join(', '),
    ...wrong.map((one) => `  ${one}`),
  ]);
}

export function replacedLines(all: readonly Replaced[]): string[] {
  return all.flatMap(({ times, refused, control, wrong }) => [
    `${times} requests replaced before the answer, ${refused} answers refused, ${wrong.length} wrong; answers to what ` +
      `was not replaced that arrived: ${control}`,
    ...wrong.map((one) => `  ${one}`),
  ]);
}

/** Lines of cells under one another, a rule below the first one. */
export function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  text.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  return text.join('\n');
}

/** One line for each program, below it what is wrong. */
export function loggedLines(logged: readonly Logged[]): string[] {
  return logged.flatMap(({ program, answers, verdicts, wrong }) => {
    const sum = (count: (verdict: Logged['verdicts'][number]) => number): number =>
      verdicts.reduce((total, verdict) => total + count(verdict), 0);
    const delays = verdicts.flatMap((verdict) => verdict.delays);
    const lines = sum((verdict) => verdict.lines);
    const share = Math.round((1000 * sum(({ others }) => others.length)) / Math.max(1, lines)) / 10;
    return [
      `${program}: ${answers} answers, ${sum(({ units }) => units)} prompts, calls and sentences: ` +
        `${sum(({ missing }) => missing.length)} missing or not in order, ${sum(({ repeated }) => repeated.length)} twice; ` +
        `${share} % of ${lines} lines are others; told ${ms(percentile(delays, 0.5))} (p95 ${ms(percentile(delays, 0.95))}, ` +
        `most ${ms(Math.max(...delays))}) after they stood`,
      ...wrong.map((line) => `  ${line}`),
    ];
  });
}
