import { spelledLine, spelledLines } from '../common/spelled.js';
import { formatAge } from '../common/text.js';
import type { AuditEntry } from '../protocol/audit.js';
import { isUncertain, NOT_EXACT, type PendingRequest } from '../protocol/pendingRequest.js';
import type { RequestAction } from '../protocol/screen.js';
import { oneLine } from './plainText.js';

/** A request up to this length, in one line, is shown above its answers; a longer one in a document of its own. */
const SHORT = 200;
/** What one row of a picker shows at its usual width. */
const ROW = 76;

const ACTIONS = {
  shell: 'run',
  edit: 'edit',
  create: 'create',
  read: 'read',
  network: 'reach',
  mcp: 'use',
  mode: 'change the mode',
  other: 'act',
} as const satisfies Record<RequestAction, string>;

type Asked = Pick<PendingRequest, 'action' | 'command' | 'path' | 'question' | 'text' | 'folder'>;

/** All that is asked, line by line: the command or the words for people, the question, the file, none of it twice. */
export function requestText({ command, question, text, path, folder }: Asked): string {
  const told = [
    command === null ? text : spelledLines(command).join('\n'),
    question,
    path === null ? null : spelledLine(path),
    folder === undefined ? null : `in ${spelledLine(folder)}`,
  ];
  const parts = told.filter((part): part is string => part !== null && part !== '');
  // The words for people are cut where the question is long.
  const isSaid = (part: string, by: string): boolean => by !== part && by.includes(part.replace(/…$/, ''));
  const said = [...new Set(parts)];
  return said.filter((part) => !said.some((other) => isSaid(part, other))).join('\n');
}

/** What it is about in one or two words: `run`, `create`, `question`. */
export function requestVerb({ kind, action, exact }: Pick<PendingRequest, 'kind' | 'action' | 'exact'>): string {
  const verb = kind === 'permission' && action !== null ? ACTIONS[action] : kind;
  return isUncertain({ kind, exact }) ? `${verb}, ${NOT_EXACT}` : verb;
}

/** Whether it fits into a picker as a whole, its answers included. */
export function isShort({ options, ...request }: PendingRequest): boolean {
  const { command, question, text } = request;
  const whole = requestText(request);
  const hasBreak = /[\r\n]/.test(command ?? '') || /[\r\n]/.test(question ?? '') || /[\r\n]/.test(text);
  return (
    !hasBreak && !isUncertain(request) && whole.length <= SHORT && options.every(({ label }) => wrap(label).length <= 2)
  );
}

/** A short request as rows of a picker, nothing of it cut off. */
export function requestRows(request: Asked): string[] {
  return requestText(request)
    .split('\n')
    .flatMap((line) => wrap(oneLine(line, 2 * SHORT)));
}

/** A text as rows of a picker, each of which is shown in whole. Breaks at blanks where there are some. */
export function wrap(text: string, width = ROW): string[] {
  const rows: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const end = blank > width / 2 ? blank : width;
    rows.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...rows, rest];
}

/**
 * A request as a document. Its answers stand first: there the picker lies over it.
 *
 * @param now milliseconds since the epoch
 * @param screen the last lines of its terminal, where what is asked is not known exactly
 */
export function requestDocument(
  title: string,
  request: PendingRequest,
  now: number,
  screen: readonly string[] = [],
): string {
  const { options, since } = request;
  const answers = options.flatMap(({ label, detail }) => [
    `  ${label}`,
    ...(detail === null ? [] : [`      ${detail}`]),
  ]);
  return [
    title,
    `${requestVerb(request)}, asked ${ago(now - Date.parse(since))}`,
    '',
    ...(answers.length === 0 ? [] : ['It can be answered with', ...answers, '']),
    '─'.repeat(60),
    // Nothing of it may be covered where the window shows fewer bars.
    '',
    '',
    '',
    requestText(request),
    '',
    ...(screen.length === 0
      ? []
      : ['Its screen, as far as it was read; Attach shows all of it', ...screen.map((line) => `  ${line}`), '']),
  ].join('\n');
}

/** `just now`, `3m ago`. */
export function ago(ms: number, options?: { seconds?: boolean }): string {
  const age = formatAge(ms, options);
  return age === 'now' ? 'just now' : `${age} ago`;
}

/** Who answered, as it is said to a person at another place: `answered in another window`, `answered by rule r3`. */
export function answeredBy({ by, outcome }: Pick<AuditEntry, 'by' | 'outcome'>, editor: string): string {
  if (outcome !== 'answered') return 'answered, but nobody can know whether that arrived';
  if (by.type === 'policy') return `answered by rule ${oneLine(by.rule, 60)}`;
  if (by.type === 'boundary') return 'answered by nobody';
  return by.client === editor ? 'answered in another window' : `answered by ${oneLine(by.client, 60)}`;
}
