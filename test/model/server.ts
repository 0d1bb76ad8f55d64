import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import * as z from 'zod';
import { delay } from '../../src/common/async.js';
import { anthropic, chat, gemini, responses, type Api } from './apis.js';
import { piecesOf } from './essay.js';
import { answer, parseScript, type ToolCall } from './script.js';

/** A request as it came, for tests to look at. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly status: number | 'hang' | 'drop';
}

/**
 * What happened to a request of a conversation itself, at a time of `performance.now()`: it came, it was answered with
 * a tool call or with the last words, it was refused with a status, or the agent gave it up.
 */
export interface ModelEvent {
  readonly time: number;
  readonly prompt: string;
  readonly what:
    | { readonly type: 'came' }
    | { readonly type: 'called'; readonly call: ToolCall }
    | { readonly type: 'said' }
    | { readonly type: 'refused'; readonly status: number }
    | { readonly type: 'dropped' };
}

/** What is wrong with the model: `ok`, an HTTP status, never answering, or cutting the connection. */
const Faults = z.object({
  mode: z.union([z.enum(['ok', 'hang', 'drop']), z.coerce.number().int().min(400).max(599)]).default('ok'),
  delay: z.number().min(0).default(0),
  retryAfter: z.number().min(0).optional(),
});
export type Faults = z.input<typeof Faults>;

const GEMINI_PATH = /^\/v1(?:beta)?\/models\/[^:]+:(generateContent|streamGenerateContent|countTokens)$/;

/**
 * A model that does what the prompt says: `do:bash(CMD)`, `do:write(FILE)`, `do:edit(FILE)`, `do:read(FILE)`,
 * `do:ask(QUESTION)`, `do:both(CMD | CMD)` (Claude Code's API only), `do:say(TEXT)`, `do:essay(SEED[,WORDS])`, `do:wall(LINES)` and `do:tool(NAME {json})` run one per turn, in order; `do:delay(S)`,
 * `do:chunk(MS)`, `do:pieces(SEED)` and `do:fail(STATUS[,N])` say how. It speaks the APIs of Anthropic, OpenAI and Gemini on loopback.
 */
export class ScriptedModel {
  readonly requests: LoggedRequest[] = [];
  /** In order; without the small requests that agents make for themselves. */
  readonly events: ModelEvent[] = [];
  readonly #server: Server;
  readonly #failures = new Map<string, number>();
  #faults = Faults.parse({});
  #count = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  /** @param port 0 for any that is free */
  static async start(port = 0): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    model.#server.listen(port, '127.0.0.1');
    await once(model.#server, 'listening');
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From the next request on. */
  setFaults(faults: Faults): void {
    this.#faults = Faults.parse(faults);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://model');
    const body = await readBody(request);
    const log = (status: LoggedRequest['status']): void => {
      this.requests.push({ method: request.method ?? '', path, body, status });
    };
    if (path === '/__mock') {
      if (request.method === 'POST') this.setFaults(Faults.parse(body));
      return sendJson(response, 200, { requests: this.requests.length, ...this.#faults });
    }
    if (path === '/v1/messages/count_tokens') {
      log(200);
      return sendJson(response, 200, { input_tokens: 1200 });
    }
    const geminiMethod = GEMINI_PATH.exec(path)?.[1];
    if (geminiMethod === 'countTokens') {
      log(200);
      return sendJson(response, 200, { totalTokens: 1200 });
    }
    const api = request.method === 'POST' ? findApi(path, geminiMethod) : undefined;
    if (api === undefined) {
      log(404);
      return sendJson(response, 404, { error: { message: `nothing at ${path}` } });
    }

    const conversation = api.read(body);
    const script = parseScript(conversation.prompt);
    const { mode, delay: delayMs, retryAfter } = this.#faults;
    // Small requests that an agent makes for itself carry the prompt too, but are not what the script is about.
    const isAside = conversation.tools.length === 0;
    const note = (what: ModelEvent['what']): void => {
      if (isAside || conversation.schema !== undefined) return;
      this.events.push({ time: performance.now(), prompt: conversation.prompt, what });
    };
    note({ type: 'came' });
    response.once('close', () => {
      if (!response.writableFinished) note({ type: 'dropped' });
    });
    await delay(delayMs + (isAside ? 0 : script.delayMs));
    if (mode === 'hang') return log('hang');
    if (mode === 'drop') {
      log('drop');
      request.socket.destroy();
      return;
    }
    const status = mode !== 'ok' ? mode : isAside ? undefined : this.#scriptedFailure(conversation.prompt);
    log(status ?? 200);
    if (status !== undefined) {
      if (!response.destroyed) note({ type: 'refused', status });
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
      return sendJson(response, status, api.error(status, `scripted failure ${status}`), headers);
    }

    const id = (++this.#count).toString().padStart(6, '0');
    const said = answer(conversation);
    const pieces = script.pieces === undefined ? [] : [...piecesOf(said.text, script.pieces)];
    const given = pieces.length === 0 ? said : { ...said, pieces: pieces.map(({ text }) => text) };
    let written = 0;
    const isStream = conversation.isStream || geminiMethod === 'streamGenerateContent';
    const end = (): void => {
      if (!response.destroyed) note(given.call === undefined ? { type: 'said' } : { type: 'called', call: given.call });
    };
    if (!isStream) {
      end();
      return sendJson(response, 200, api.whole(given, id));
    }
    if (geminiMethod !== undefined && searchParams.get('alt') !== 'sse') {
      end();
      return sendJson(response, 200, [api.whole(given, id)]);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    for (const { text, isWord } of api.stream(given, id)) {
      if (response.destroyed) return;
      response.write(text);
      if (isWord !== true) continue;
      const pauseMs = pieces[written++]?.pauseMs ?? script.chunkMs;
      if (pauseMs > 0) await delay(pauseMs);
    }
    end();
    response.end();
  }

  /** The status of `do:fail`, while this prompt has failures left. */
  #scriptedFailure(prompt: string): number | undefined {
    const { failure } = parseScript(prompt);
    const failed = this.#failures.get(prompt) ?? 0;
    if (failure === undefined || failed >= failure.times) return undefined;
    this.#failures.set(prompt, failed + 1);
    return failure.status;
  }
}

function findApi(path: string, geminiMethod: string | undefined): Api | undefined {
  if (geminiMethod !== undefined) return gemini;
  switch (path) {
    case '/v1/messages':
      return anthropic;
    case '/v1/responses':
      return responses;
    case '/v1/chat/completions':
      return chat;
    default:
      return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}
