import { spelled, spelledLine, spelledLines } from '../common/spelled.js';
import { stripTerminal } from '../common/terminalText.js';
import { alike, onlyNamed } from '../protocol/alike.js';
import { CodeManagerError, errorText, EXIT_CODES, toCodeManagerError } from '../protocol/errors.js';
import {
  isUncertain,
  NOT_EXACT,
  type Answer,
  type AnswerResult,
  type PendingRequest,
} from '../protocol/pendingRequest.js';
import type { Session } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readLine } from './lineReader.js';

/** What is said where the answer that was given cannot be printed. */
const ANSWERED = 'It was answered all the same: see cm audit.';

export function approve(app: App, invocation: Invocation): Promise<number> {
  const always = invocation.has('always');
  return answerWith(app, invocation, always ? 'Allow always' : 'Allow', () => ({ type: 'allow', always }));
}

export function deny(app: App, invocation: Invocation): Promise<number> {
  const [, reason] = invocation.args;
  return answerWith(app, invocation, 'Deny', () => ({ type: 'deny', ...(reason === undefined ? {} : { reason }) }));
}

export function answer(app: App, invocation: Invocation): Promise<number> {
  const [, ...given] = invocation.args;
  return answerWith(app, invocation, `Answer ${given.map((one) => `“${stripTerminal(one)}”`).join(', ')}`, (request) =>
    meant(request, given),
  );
}

async function answerWith(
  app: App,
  invocation: Invocation,
  what: string,
  read: (request: PendingRequest) => Answer,
): Promise<number> {
  const [ref = ''] = invocation.args;
  const session = await app.client.request('session/get', { session: ref });
  const { request } = session;
  if (request === null) throw nothingAsked(session);
  if (invocation.has('all')) return answerAll(app, invocation.values('request'), session, what, read);
  const [named, ...others] = invocation.values('request');
  if (others.length > 0)
    throw new CodeManagerError('invalid', 'The flag --request can be given several times with --all only');
  if (named !== undefined && named !== request.id) {
    throw new CodeManagerError('conflict', 'The request has changed.', {
      hint: `Look at what is asked now: cm status ${session.name}`,
    });
  }
  if (named === undefined) await confirm(app, session, request, what);
  const result = await give(app, session, request, read(request));
  app.output.done = ANSWERED;
  await (app.output.json ? app.output.record(result) : app.output.lines([stripTerminal(result.answer)]));
  return 0;
}

/** Answers one request by its id, and says what is still missing then. */
async function give(app: App, session: Session, request: PendingRequest, given: Answer): Promise<AnswerResult> {
  const result = await app.client.request('session/answer', {
    session: session.id,
    request: request.id,
    answer: given,
  });
  if (result.notRecorded !== null) {
    app.output.note(
      `Answered, not on record: ${stripTerminal(result.notRecorded)}. It is added when that works again.`,
    );
  }
  if (result.reasonWaits !== null) {
    app.output.note(
      `Denied; the reason was not sent yet: ${stripTerminal(result.reasonWaits)}. It goes when that is over.`,
    );
  }
  return result;
}

/** Gives one answer to all sessions that ask exactly what one of them asks, each by the id of its own request. */
async function answerAll(
  app: App,
  named: readonly string[],
  first: Session,
  what: string,
  read: (request: PendingRequest) => Answer,
): Promise<number> {
  const pending = [first, ...alike(first, await app.client.request('session/list', { state: 'needs-input' }))].flatMap(
    (session) => (session.request === null ? [] : [{ session, request: session.request }]),
  );
  const [shown] = pending;
  if (shown === undefined) throw nothingAsked(first);
  const chosen = onlyNamed(pending, named);
  const gone = named.filter((id) => !chosen.some(({ request }) => request.id === id));
  for (const id of gone) app.output.note(`${stripTerminal(id)}: The request has changed.`);
  if (named.length === 0) {
    const names = pending.map(({ session }) => `${session.name} · ${session.contextName}`);
    await confirm(app, shown.session, shown.request, pending.length === 1 ? what : `${what}, all ${pending.length}`, [
      ...(pending.length === 1 ? ['No other session asks the same.'] : ['Asked the same by:']),
      ...(pending.length === 1 ? [] : names.map((name) => `  ${name}`)),
    ]);
  }
  let code = gone.length === 0 ? 0 : EXIT_CODES.conflict;
  const results = await Promise.all(
    chosen.map(async ({ session, request }) => {
      try {
        const result = await give(app, session, request, read(request));
        app.output.done = ANSWERED;
        if (!app.output.json) await app.output.lines([`${session.id} ${stripTerminal(result.answer)}`]);
        return [{ session: session.id, ...result }];
      } catch (error) {
        code ||= EXIT_CODES[toCodeManagerError(error).code];
        app.output.note(`${session.name}: ${errorText(error)}`);
        return [];
      }
    }),
  );
  if (app.output.json) await app.output.record(results.flat());
  return code;
}

/** Options by their numbers or their words, else a text of one's own. */
function meant({ options, takesText, several }: PendingRequest, all: readonly string[]): Answer {
  const named = (one: string): string => (/^\d{1,2}$/.test(one) ? options[Number(one) - 1]?.label : undefined) ?? one;
  if (several === true || all.length > 1) return { type: 'options', labels: all.map((one) => named(one)) };
  const [given = ''] = all;
  if (named(given) !== given) return { type: 'option', label: named(given) };
  const fits = options.some(({ label }) => label.toLowerCase().startsWith(given.trim().toLowerCase()));
  return takesText && !fits ? { type: 'text', text: given } : { type: 'option', label: given };
}

function nothingAsked({ name, waiting }: Session): CodeManagerError {
  if (waiting === null) return new CodeManagerError('conflict', `${name} asks nothing at this moment`);
  return new CodeManagerError('conflict', `${name} asks something that cannot be answered from here`, {
    hint: `Answer it in its terminal: cm attach ${name}`,
  });
}

/** What a person is about to answer, in whole, and whether they mean it. */
async function confirm(
  app: App,
  session: Session,
  request: PendingRequest,
  what: string,
  others: readonly string[] = [],
): Promise<void> {
  if (!process.stdin.isTTY || !app.output.isRemarkTerminal) {
    throw new CodeManagerError('invalid', 'Without a terminal --request is needed', {
      hint: `See cm status ${session.name} --json for the id of what is asked.`,
    });
  }
  const screen = isUncertain(request)
    ? (await app.client.request('session/explain', { session: session.id })).lines
    : [];
  // Blanks count where it is to the byte.
  app.output.noteLines([...requestLines(session, request, screen), ...others].map((line) => spelled(line)));
  app.output.prompt(`${what}? Type yes: `);
  const line = await readLine(process.stdin, {
    echo: true,
    write: (letters) => app.output.echo(letters),
    signal: new AbortController().signal,
  });
  app.output.prompt('\n');
  if (line === 'interrupted') process.kill(process.pid, 'SIGINT');
  if (typeof line === 'string' || !['yes', 'y'].includes(line.text.trim().toLowerCase())) {
    throw new CodeManagerError('cancelled', 'Nothing was answered');
  }
}

function requestLines({ name, contextName }: Session, request: PendingRequest, screen: readonly string[]): string[] {
  const { kind, action, command, path, question, text, folder, options } = request;
  const about = action === null ? kind : `${kind} (${action})`;
  const exact = [...(command === null ? [] : spelledLines(command)), ...(path === null ? [] : [spelledLine(path)])];
  return [
    `${name} · ${about} · ${contextName}${isUncertain(request) ? ` · ${NOT_EXACT}` : ''}`,
    ...(exact.length > 0 ? exact : [text]).map((line) => `  ${line}`),
    ...(folder === undefined ? [] : [`  in ${spelledLine(folder)}`]),
    ...(question === null || (exact.length === 0 && question === text) ? [] : [`  ${question}`]),
    ...(screen.length === 0
      ? []
      : ['Its screen, as far as it was read; see all of it with cm attach:', ...screen.map((line) => `  | ${line}`)]),
    ...options.map(({ label }, index) => `  ${index + 1}. ${label}`),
  ];
}
