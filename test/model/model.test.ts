import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until } from '../helpers/until.js';
import { answer, example, parseScript, withoutAdditions } from './script.js';
import { ScriptedModel } from './server.js';

test('a script is read from a prompt, also with parentheses in it', () => {
  const script = parseScript('please do:bash(echo $(date) (x)) then do:say(bye) do:delay(2) do:fail(529,3) do:open(');
  assert.deepEqual(script.steps, [
    { name: 'bash', argument: 'echo $(date) (x)' },
    { name: 'say', argument: 'bye' },
  ]);
  assert.equal(script.delayMs, 2000);
  assert.deepEqual(script.failure, { status: 529, times: 3 });
});

test('the model goes on behind the results that it got', () => {
  const tools = ['Bash', 'Read', 'Edit'];
  const at = (results: number): string | undefined =>
    answer({ prompt: 'do:bash(ls) do:edit(a) do:say(bye)', results, tools, schema: undefined }).call?.tool;
  assert.deepEqual([0, 1, 2, 3].map(at), ['Bash', 'Read', 'Edit', undefined]);
  const last = answer({ prompt: 'do:bash(ls) do:say(bye)', results: 1, tools, schema: undefined });
  assert.equal(last.text, 'bye\n\nAll done (2 steps).');
});

test('what an agent adds to a prompt is no prompt, and a schema is answered with JSON', () => {
  assert.equal(withoutAdditions('<system-reminder>do:bash(no)</system-reminder>\nhello'), 'hello');
  const schema = { type: 'object', properties: { title: { type: 'string' }, n: { type: 'integer' } } };
  assert.deepEqual(example(schema), { title: 'Scripted session', n: 0 });
});

async function start(t: TestContext): Promise<ScriptedModel> {
  const model = await ScriptedModel.start();
  t.after(() => model.stop());
  return model;
}

async function post(model: ScriptedModel, path: string, body: object): Promise<Response> {
  return await fetch(`${model.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
}

const PROMPT = 'do:bash(ls)';

const REQUESTS: readonly { readonly path: string; readonly body: object; readonly expected: RegExp }[] = [
  {
    path: '/v1/messages',
    body: { stream: true, tools: [{ name: 'Bash' }], messages: [{ role: 'user', content: PROMPT }] },
    expected: /"name":"Bash".*message_stop/s,
  },
  {
    path: '/v1/responses',
    body: {
      stream: true,
      tools: [{ type: 'function', name: 'exec_command' }],
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: PROMPT }] }],
    },
    expected: /"name":"exec_command".*response\.completed/s,
  },
  {
    path: '/v1/chat/completions',
    body: {
      stream: true,
      tools: [{ type: 'function', function: { name: 'bash' } }],
      messages: [{ role: 'user', content: PROMPT }],
    },
    expected: /"name":"bash".*\[DONE\]/s,
  },
  {
    path: '/v1beta/models/x:streamGenerateContent?alt=sse',
    body: {
      tools: [{ functionDeclarations: [{ name: 'run_shell_command' }] }],
      contents: [{ role: 'user', parts: [{ text: PROMPT }] }],
    },
    expected: /"functionCall":\{"name":"run_shell_command"/,
  },
];

test('each API streams the tool call of the script', async (t) => {
  const model = await start(t);
  for (const { path, body, expected } of REQUESTS) {
    const response = await post(model, path, body);
    assert.equal(response.status, 200);
    assert.match(await response.text(), expected);
  }
  assert.equal(model.requests.length, REQUESTS.length);
});

test('faults are what was asked for', async (t) => {
  const model = await start(t);
  const { path, body } = REQUESTS[0] ?? assert.fail();
  const failing = { ...body, messages: [{ role: 'user', content: 'do:fail(429,2) do:say(hi)' }] };
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await post(model, path, failing)).status);
  assert.deepEqual(statuses, [429, 429, 200]);
  await post(model, '/__mock', { mode: '529', retryAfter: 7 });
  const response = await post(model, path, body);
  assert.equal(response.status, 529);
  assert.equal(response.headers.get('retry-after'), '7');
  await post(model, '/__mock', { mode: 'drop' });
  await assert.rejects(post(model, path, body));
  model.setFaults({});
  assert.equal((await post(model, path, body)).status, 200);
});

test('it notes what happened to each request of a conversation, and leaves out what agents ask for themselves', async (t) => {
  const model = await start(t);
  const ask = (content: string, tools: readonly object[], signal?: AbortSignal): Promise<string> =>
    fetch(`${model.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ stream: true, tools, messages: [{ role: 'user', content }] }),
      ...(signal === undefined ? {} : { signal }),
    }).then((response) => response.text());
  const tools = [{ name: 'Bash' }];
  await ask('a title, please', []);
  await ask('do:bash(ls)', tools);
  await ask('do:fail(500) do:say(hi)', tools);
  await ask('do:fail(500) do:say(hi)', tools);
  const impatient = new AbortController();
  const given = ask('do:delay(60) do:say(never)', tools, impatient.signal);
  await until('it came', () => model.events.at(-1)?.prompt.includes('never'));
  impatient.abort();
  await assert.rejects(given);
  await until('it was dropped', () => model.events.at(-1)?.what.type === 'dropped');
  const types = model.events.map(({ what }) => what.type);
  assert.deepEqual(types, ['came', 'called', 'came', 'refused', 'came', 'said', 'came', 'dropped']);
  const times = model.events.map(({ time }) => time);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});
