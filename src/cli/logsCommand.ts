import { formatAge, parseMoment } from '../common/text.js';
import { CodeManagerError } from '../protocol/errors.js';
import { isLogReason } from '../protocol/logReasons.js';
import { hasEnded, type Session } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { tellCuts } from './cutNotes.js';
import { showBytes } from './rawLog.js';
import type { ShowLogOptions } from './showLogOptions.js';
import { showText } from './textLog.js';

const DEFAULT_LINES = 50;

export async function logs(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const raw = invocation.has('raw');
  if (raw && app.output.json) throw new CodeManagerError('invalid', 'The flags --raw and --json exclude each other');
  if (invocation.has('transcript')) {
    const unfit = ['follow', 'raw', 'since', 'lines'].find(
      (flag) => invocation.has(flag) || invocation.value(flag) !== undefined,
    );
    if (unfit !== undefined)
      throw new CodeManagerError('invalid', `The flags --transcript and --${unfit} exclude each other`);
    const { showTranscript } = await import('./transcript.js');
    return showTranscript(app, ref);
  }
  const follow = invocation.has('follow');
  const wanted = parseLines(invocation.value('lines'));
  const since = parseSince(invocation.value('since'), Date.now());
  const session = await app.client.request('session/get', { session: ref });
  const lines = since === undefined ? (wanted ?? DEFAULT_LINES) : linesSince(app, session, since, wanted);
  if (isLogReason(session.reason)) app.output.note(`${session.name}: ${session.reason}.`);
  // What has ended is read to its end: then an unfinished last line counts as one.
  const isComplete = hasEnded(session) && (await app.client.request('log/info', { session: session.id })).closed;
  await showLog(app, session, { follow: follow && !isComplete, lines, raw });
}

export async function showLog(app: App, session: Session, options: ShowLogOptions): Promise<void> {
  const cuts = options.follow ? tellCuts(app, session) : undefined;
  try {
    await (options.raw ? showBytes(app, session.id, options) : showText(app, session.id, options));
  } finally {
    cuts?.dispose();
  }
}

function parseLines(text: string | undefined): number | 'all' | undefined {
  if (text === undefined || text === 'all') return text;
  if (!/^\d{1,9}$/.test(text))
    throw new CodeManagerError('invalid', `The flag -n takes a number or \`all\`, not "${text}"`);
  return Number(text);
}

/** Milliseconds since the epoch. */
function parseSince(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const time = parseMoment(text, now, 'before');
  if (time === undefined)
    throw new CodeManagerError('invalid', `The flag --since takes 10m, 2h or an ISO time, not "${text}"`);
  return time;
}

/**
 * A log is bytes without times, so all that can be told is whether everything, something or nothing in it is newer:
 * by the start of the session and by its last output.
 */
function linesSince(app: App, session: Session, since: number, wanted: number | 'all' | undefined): number | 'all' {
  const begun = Date.parse(session.started ?? session.created);
  if (begun >= since) return wanted ?? 'all';
  const last = session.lastOutput ?? session.completed;
  if (last !== null && Date.parse(last) < since) return 0;
  const lines = wanted ?? DEFAULT_LINES;
  const ago =
    last === null ? '' : `, the last of it ${formatAge(Date.now() - Date.parse(last), { seconds: true })} ago`;
  const what = lines === 'all' ? 'all of it' : `its last ${lines} lines`;
  app.output.note(`The log has no times, and some of it is older${ago}: showing ${what}.`);
  return lines;
}
