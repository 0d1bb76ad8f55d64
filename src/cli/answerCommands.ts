import { spelled, spelledLine, spelledLines } from '../common/spelled.js';
import { stripTerminal } from '../common/terminalText.js';
import { CodeManagerError } from '../protocol/errors.js';
import { isUncertain, NOT_EXACT, type Answer, type PendingRequest } from '../protocol/pendingRequest.js';
import type { Session } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readLine } from './lineReader.js';

export function approve(app: App, invocation: Invocation): Promise<void> {
  const always = invocation.has('always');
  return answerWith(app, invocation, always ? 'Allow always' : 'Allow', () => ({ type: 'allow', always }));
}

export function deny(app: App, invocation: Invocation): Promise<void> {
  const [, reason] = invocation.args;
  return answerWith(app, invocation, 'Deny', () => ({ type: 'deny', ...(reason === undefined ? {} : { reason }) }));
}

export function answer(app: App, invocation: Invocation): Promise<void> {
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
): Promise<void> {
  const [ref = ''] = invocation.args;
  const session = await app.client.request('session/get', { session: ref });
  const named = invocation.value('request');
  const { request } = session;
  if (request === null) throw nothingAsked(session);
  if (named !== undefined && named !== request.id) {
    throw new CodeManagerError('conflict', 'The request has changed.', {
      hint: `Look at what is asked now: cm status ${session.name}`,
    });
  }
  if (named === undefined) await confirm(app, session, request, what);
  const result = await app.client.request('session/answer', {
    session: session.id,
    request: request.id,
    answer: read(request),
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
  return app.output.json ? app.output.record(result) : app.output.lines([stripTerminal(result.answer)]);
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
async function confirm(app: App, session: Session, request: PendingRequest, what: string): Promise<void> {
  if (!process.stdin.isTTY || !app.output.isRemarkTerminal) {
    throw new CodeManagerError('invalid', 'Without a terminal --request is needed', {
      hint: `cm status ${session.name} --json tells the id of what is asked.`,
    });
  }
  const screen = isUncertain(request)
    ? (await app.client.request('session/explain', { session: session.id })).lines
    : [];
  // Blanks count where it is to the byte.
  app.output.noteLines(requestLines(session, request, screen).map((line) => spelled(line)));
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
