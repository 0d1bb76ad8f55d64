import * as z from 'zod';
import { withoutAdditions, type Answer, type Conversation } from './script.js';

/** A piece of a streamed answer. `isWord` marks text, after which the script may pause. */
export interface Piece {
  readonly text: string;
  readonly isWord?: boolean;
}

/** One vendor's way to talk to a model. */
export interface Api {
  readonly name: string;
  read(body: unknown): Conversation & { readonly isStream: boolean };
  stream(answer: Answer, id: string): Iterable<Piece>;
  /** The same answer as one JSON value. */
  whole(answer: Answer, id: string): unknown;
  error(status: number, message: string): unknown;
}

const USAGE = { input: 1200, output: 40 };

const Text = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  /** Of a tool result. */
  is_error: z.boolean().optional(),
  content: z.unknown().optional(),
});
const Content = z.union([z.string(), z.array(Text)]);
type Content = z.infer<typeof Content>;

function contentText(content: Content | null | undefined): string {
  if (typeof content === 'string') return content;
  const texts = (content ?? []).flatMap(({ type, text }) => (/text$/.test(type) && text !== undefined ? [text] : []));
  return texts.join('\n');
}

/** What a person said when they denied a call; '' for any other result. A command that failed prints no directives. */
function reasonIn(result: string): string {
  return /\bdo:[a-z]+\(/.test(result) ? result : '';
}

/** The prompt of the last user and the results behind it, from the turns of a conversation in order. */
function lastPrompt(turns: readonly { readonly prompt?: string; readonly results?: number }[]): {
  prompt: string;
  results: number;
} {
  let prompt = '';
  let results = 0;
  for (const turn of turns) {
    const own = withoutAdditions(turn.prompt ?? '');
    if (own !== '') {
      prompt = own;
      results = 0;
    }
    results += turn.results ?? 0;
  }
  return { prompt, results };
}

function* streamed({ text, pieces }: Answer): Generator<string> {
  if (pieces !== undefined) yield* pieces;
  else for (const [word] of text.matchAll(/\s*\S+|\s+$/g)) yield word;
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

const AnthropicBody = z.looseObject({
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
  output_config: z.looseObject({ format: z.looseObject({ schema: z.unknown() }).optional() }).optional(),
});

/** Anthropic Messages: Claude Code. */
export const anthropic: Api = {
  name: 'anthropic',
  read(body) {
    const { stream, tools, messages, output_config: output } = AnthropicBody.parse(body);
    const turns = messages
      .filter(({ role }) => role === 'user')
      // The result of a call that was broken off stands before the next prompt, in one message with it.
      .flatMap(({ content }): Content[] => (typeof content === 'string' ? [content] : content.map((part) => [part])))
      .map((content) => {
        const result = typeof content === 'string' ? undefined : content.find(({ type }) => type === 'tool_result');
        const reason = result?.is_error === true ? reasonIn(JSON.stringify(result.content)) : '';
        if (reason !== '') return { prompt: reason };
        return { prompt: contentText(content), results: result === undefined ? 0 : 1 };
      });
    return {
      ...lastPrompt(turns),
      tools: tools.map(({ name }) => name),
      schema: output?.format?.schema,
      isStream: stream,
    };
  },
  *stream(given, id) {
    const { call, beside } = given;
    const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'scripted', content: [] };
    const usage = { input_tokens: USAGE.input, output_tokens: 1 };
    const start = { ...message, stop_reason: null, stop_sequence: null, usage };
    yield { text: event('message_start', { type: 'message_start', message: start }) };
    const block = (index: number, content: object): string =>
      event('content_block_start', { type: 'content_block_start', index, content_block: content });
    const delta = (index: number, value: object): string =>
      event('content_block_delta', { type: 'content_block_delta', index, delta: value });
    const stop = (index: number): string => event('content_block_stop', { type: 'content_block_stop', index });
    yield { text: block(0, { type: 'text', text: '' }) };
    for (const word of streamed(given)) yield { text: delta(0, { type: 'text_delta', text: word }), isWord: true };
    yield { text: stop(0) };
    for (const [index, one] of [call, beside].entries()) {
      if (one === undefined) continue;
      const use = { type: 'tool_use', id: `toolu_${id}_${index}`, name: one.tool, input: {} };
      yield { text: block(1 + index, use) };
      yield { text: delta(1 + index, { type: 'input_json_delta', partial_json: JSON.stringify(one.input) }) };
      yield { text: stop(1 + index) };
    }
    const end = { stop_reason: call === undefined ? 'end_turn' : 'tool_use', stop_sequence: null };
    yield {
      text: event('message_delta', { type: 'message_delta', delta: end, usage: { output_tokens: USAGE.output } }),
    };
    yield { text: event('message_stop', { type: 'message_stop' }) };
  },
  whole({ text, call }, id) {
    const use = call === undefined ? [] : [{ type: 'tool_use', id: `toolu_${id}`, name: call.tool, input: call.input }];
    return {
      ...{ id: `msg_${id}`, type: 'message', role: 'assistant', model: 'scripted' },
      content: [{ type: 'text', text }, ...use],
      ...{ stop_reason: call === undefined ? 'end_turn' : 'tool_use', stop_sequence: null },
      usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
    };
  },
  error: (status, message) => ({
    type: 'error',
    error: {
      type: status === 401 ? 'authentication_error' : status === 429 ? 'rate_limit_error' : 'api_error',
      message,
    },
  }),
};

const ResponsesBody = z.looseObject({
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })).default([]),
  input: z.union([
    z.string(),
    z.array(z.looseObject({ type: z.string().optional(), role: z.string().optional(), content: Content.nullish() })),
  ]),
  text: z.looseObject({ format: z.looseObject({ schema: z.unknown() }).optional() }).optional(),
});

/** Tools of Codex that take plain text instead of JSON. */
const FREEFORM = new Set(['apply_patch']);

function responseItems({ text, call }: Answer, id: string): object[] {
  const message = {
    ...{ type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed' },
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  if (call === undefined) return [message];
  const common = { id: `call_item_${id}`, call_id: `call_${id}`, name: call.tool, status: 'completed' };
  return [
    message,
    FREEFORM.has(call.tool) && typeof call.input === 'string'
      ? { type: 'custom_tool_call', ...common, input: call.input }
      : { type: 'function_call', ...common, arguments: JSON.stringify(call.input) },
  ];
}

const response = (id: string, output: readonly object[]): object => ({
  ...{ id: `resp_${id}`, object: 'response', status: 'completed', model: 'scripted', output },
  usage: {
    input_tokens: USAGE.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: USAGE.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.input + USAGE.output,
  },
});

/** OpenAI Responses: Codex. */
export const responses: Api = {
  name: 'responses',
  read(body) {
    const { stream, tools, input, text } = ResponsesBody.parse(body);
    const turns =
      typeof input === 'string'
        ? [{ prompt: input }]
        : input.map(({ type, role, content }) => ({
            prompt: role === 'user' ? contentText(content) : '',
            results: type?.endsWith('_call_output') === true ? 1 : 0,
          }));
    return {
      ...lastPrompt(turns),
      tools: tools.flatMap(({ name }) => (name === undefined ? [] : [name])),
      schema: text?.format?.schema,
      isStream: stream,
    };
  },
  *stream(given, id) {
    const send = (type: string, fields: object): string => event(type, { type, ...fields });
    yield { text: send('response.created', { response: { id: `resp_${id}`, status: 'in_progress', output: [] } }) };
    const items = responseItems(given, id);
    for (const [index, item] of items.entries()) {
      const begun = { ...item, status: 'in_progress', ...(index === 0 ? { content: [] } : {}) };
      yield { text: send('response.output_item.added', { output_index: index, item: begun }) };
      if (index === 0) {
        const place = { item_id: `msg_${id}`, output_index: 0, content_index: 0 };
        for (const word of streamed(given)) {
          yield { text: send('response.output_text.delta', { ...place, delta: word }), isWord: true };
        }
      }
      yield { text: send('response.output_item.done', { output_index: index, item }) };
    }
    yield { text: send('response.completed', { response: response(id, items) }) };
  },
  whole: (given, id) => response(id, responseItems(given, id)),
  error: (status, message) => ({ error: { message, type: 'scripted_error', code: `${status}` } }),
};

const ChatBody = z.looseObject({
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content.nullish() })),
  response_format: z.looseObject({ json_schema: z.looseObject({ schema: z.unknown() }).optional() }).optional(),
});

/** OpenAI chat completions: opencode. */
export const chat: Api = {
  name: 'chat',
  read(body) {
    const { stream, tools, messages, response_format: format } = ChatBody.parse(body);
    const turns = messages.map(({ role, content }) => {
      const reason = role === 'tool' ? reasonIn(contentText(content)) : '';
      if (reason !== '') return { prompt: reason };
      return { prompt: role === 'user' ? contentText(content) : '', results: role === 'tool' ? 1 : 0 };
    });
    return {
      ...lastPrompt(turns),
      tools: tools.map((tool) => tool.function.name),
      schema: format?.json_schema?.schema,
      isStream: stream,
    };
  },
  *stream(given, id) {
    const { call } = given;
    const chunk = (delta: object, finish: string | null = null): string =>
      data({
        ...{ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1_700_000_000, model: 'scripted' },
        choices: [{ index: 0, delta, finish_reason: finish }],
      });
    yield { text: chunk({ role: 'assistant', content: '' }) };
    for (const word of streamed(given)) yield { text: chunk({ content: word }), isWord: true };
    if (call !== undefined) {
      const invocation = { name: call.tool, arguments: JSON.stringify(call.input) };
      yield { text: chunk({ tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: invocation }] }) };
    }
    yield { text: chunk({}, call === undefined ? 'stop' : 'tool_calls') };
    const usage = { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: 1240 };
    yield {
      text: data({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', model: 'scripted', choices: [], usage }),
    };
    yield { text: 'data: [DONE]\n\n' };
  },
  whole({ text, call }, id) {
    const calls =
      call === undefined
        ? {}
        : {
            tool_calls: [
              {
                ...{ id: `call_${id}`, type: 'function' },
                function: { name: call.tool, arguments: JSON.stringify(call.input) },
              },
            ],
          };
    return {
      ...{ id: `chatcmpl-${id}`, object: 'chat.completion', created: 1_700_000_000, model: 'scripted' },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: text, ...calls },
          finish_reason: call === undefined ? 'stop' : 'tool_calls',
        },
      ],
      usage: { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: 1240 },
    };
  },
  error: (status, message) => ({ error: { message, type: 'scripted_error', code: `${status}` } }),
};

const GeminiBody = z.looseObject({
  contents: z.array(
    z.looseObject({
      role: z.string().optional(),
      parts: z
        .array(z.looseObject({ text: z.string().optional(), functionResponse: z.unknown().optional() }))
        .default([]),
    }),
  ),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
  generationConfig: z
    .looseObject({ responseSchema: z.unknown().optional(), responseJsonSchema: z.unknown().optional() })
    .optional(),
});

/** Gemini. Whether it streams is in the path. */
export const gemini: Api = {
  name: 'gemini',
  read(body) {
    const { contents, tools, generationConfig: config } = GeminiBody.parse(body);
    const turns = contents
      .filter(({ role }) => role !== 'model')
      .map(({ parts }) => ({
        prompt: parts.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n'),
        results: parts.filter((part) => part.functionResponse !== undefined).length,
      }));
    return {
      ...lastPrompt(turns),
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name)),
      schema: config?.responseJsonSchema ?? config?.responseSchema,
      isStream: false,
    };
  },
  *stream(given, id) {
    const { call } = given;
    for (const word of streamed(given)) yield { text: data(candidate([{ text: word }], id)), isWord: true };
    const parts = call === undefined ? [{ text: '' }] : [{ functionCall: { name: call.tool, args: call.input } }];
    yield { text: data({ ...candidate(parts, id, 'STOP'), usageMetadata: GEMINI_USAGE }) };
  },
  whole({ text, call }, id) {
    const parts = [{ text }, ...(call === undefined ? [] : [{ functionCall: { name: call.tool, args: call.input } }])];
    return { ...candidate(parts, id, 'STOP'), usageMetadata: GEMINI_USAGE };
  },
  error: (status, message) => ({ error: { code: status, message, status: 'INTERNAL' } }),
};

const GEMINI_USAGE = { promptTokenCount: USAGE.input, candidatesTokenCount: USAGE.output, totalTokenCount: 1240 };

function candidate(parts: readonly object[], id: string, finishReason?: string): object {
  const reason = finishReason === undefined ? {} : { finishReason };
  return { candidates: [{ content: { role: 'model', parts }, index: 0, ...reason }], responseId: id };
}
