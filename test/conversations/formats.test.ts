import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { parseClaude } from '../../src/core/conversations/claudeFormat.js';
import { parseCodex } from '../../src/core/conversations/codexFormat.js';
import { parseGemini } from '../../src/core/conversations/geminiFormat.js';
import { parseOpencode } from '../../src/core/conversations/opencodeFormat.js';
import { Conversation, type ConversationFormat } from '../../src/protocol/conversation.js';

const PARSERS: Readonly<Record<ConversationFormat, (id: string, text: string) => Conversation>> = {
  claude: parseClaude,
  codex: parseCodex,
  gemini: parseGemini,
  opencode: parseOpencode,
};
const FOLDER = join(repoRoot, 'test', 'fixtures', 'conversations');
const PROMPT = 'do:say(I will look first.) do:edit(README.md) do:bash(echo hi) do:say(fin)';
const ANSWERS = ['I will look first.\n\nI will edit now.', 'I will bash now.', 'fin\n\nAll done (4 steps).'];

interface Recorded {
  readonly file: string;
  readonly format: ConversationFormat;
  readonly version: string | null;
  readonly prompts: readonly string[];
  readonly answers: readonly string[];
  /** `tool: text` of each call. */
  readonly calls: readonly string[];
  readonly usage: Conversation['usage'];
}

/** Claude Code and opencode read a file before they edit it. */
const READ_FIRST = [ANSWERS[0] ?? '', 'I will edit now.', ...ANSWERS.slice(1)];
const AGAIN = 'second\n\nAll done (1 steps).';

const RECORDED: readonly Recorded[] = [
  {
    ...{ file: 'claude-2.1.330.jsonl', format: 'claude', version: '2.1.330', prompts: [PROMPT], answers: READ_FIRST },
    calls: ['Read: README.md', 'Edit: README.md', 'Bash: echo hi'],
    usage: { inputTokens: 4800, outputTokens: 160, costUsd: 0.0224 },
  },
  {
    ...{ file: 'claude-2.1.197.jsonl', format: 'claude', version: '2.1.197', prompts: [PROMPT], answers: READ_FIRST },
    calls: ['Read: README.md', 'Edit: README.md', 'Bash: echo hi'],
    usage: { inputTokens: 4800, outputTokens: 160, costUsd: null },
  },
  {
    ...{ file: 'codex-0.169.0.jsonl', format: 'codex', version: '0.169.0' },
    prompts: [PROMPT, 'do:say(second)'],
    answers: [...ANSWERS, AGAIN],
    calls: [
      'apply_patch: *** Begin Patch\n*** Update File: README.md\n@@\n-line two\n+line TWO edited\n*** End Patch',
      'exec_command: echo hi',
    ],
    usage: { inputTokens: 4800, outputTokens: 160, costUsd: null },
  },
  {
    ...{ file: 'gemini-0.61.0.jsonl', format: 'gemini', version: null },
    prompts: [PROMPT, 'do:say(second)'],
    answers: [...ANSWERS, AGAIN],
    calls: ['replace: README.md', 'run_shell_command: echo hi'],
    usage: { inputTokens: 4800, outputTokens: 160, costUsd: null },
  },
  {
    ...{ file: 'opencode-1.18.33.json', format: 'opencode', version: '1.18.33', prompts: [PROMPT] },
    answers: READ_FIRST,
    calls: ['read: README.md', 'edit: README.md', 'bash: echo hi'],
    usage: { inputTokens: 4800, outputTokens: 160, costUsd: null },
  },
];

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

function texts({ entries }: Conversation, kind: Conversation['entries'][number]['kind']): string[] {
  return entries.filter((entry) => entry.kind === kind).map(({ text }) => text);
}

for (const { file, format, version, prompts, answers, calls, usage } of RECORDED) {
  test(`${file}: every prompt, answer and call is there once, in order, with what was used`, () => {
    const conversation = PARSERS[format]('the-id', read(file));
    assert.deepEqual(Conversation.parse(conversation), conversation);
    assert.equal(conversation.id, 'the-id');
    assert.equal(conversation.toolVersion, version);
    assert.deepEqual(texts(conversation, 'prompt'), prompts);
    assert.deepEqual(texts(conversation, 'answer'), answers);
    const called = conversation.entries.filter(({ kind }) => kind === 'toolCall');
    assert.deepEqual(
      called.map(({ tool, text }) => `${tool ?? ''}: ${text}`),
      calls,
    );
    const results = conversation.entries.filter(({ kind }) => kind === 'toolResult');
    assert.deepEqual(
      results.map(({ tool }) => tool),
      called.map(({ tool }) => tool),
    );
    assert.match(results.at(-1)?.text ?? '', /\bhi\b/);
    assert.deepEqual(conversation.usage, usage);
    const times = conversation.entries.map(({ time }) => Date.parse(time ?? ''));
    assert.ok(times.every((time) => time > Date.UTC(2026, 0)));
  });
}

const LINES = RECORDED.filter(({ file }) => file.endsWith('.jsonl'));
const NOISE = fc.oneof(
  fc.string(),
  fc.constantFrom('{', '{"type":"user"', '[]', 'null', '7', '{"type":"user","message":{"content":[null,{"type":7}]}}'),
  fc.json(),
  fc
    .record({ type: fc.constantFrom('user', 'assistant', 'event_msg', 'response_item', 'gemini', 'later') })
    .map((record) => JSON.stringify(record)),
  fc.record({ type: fc.string(), payload: fc.object(), message: fc.object() }).map((record) => JSON.stringify(record)),
);

for (const { file, format } of LINES) {
  test(`${file}: broken and unknown lines between the others change nothing`, () => {
    const lines = read(file).trimEnd().split('\n');
    const clean = PARSERS[format]('id', lines.join('\n'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(lines.length), NOISE), { maxLength: 12 }), (noise) => {
        const mixed = [...lines];
        for (const [at, line] of [...noise].sort(([a], [b]) => b - a)) {
          mixed.splice(at, 0, line.replace(/[\n\r]/g, ' '));
        }
        assert.deepEqual(PARSERS[format]('id', mixed.join('\n')).entries, clean.entries);
      }),
      { numRuns: 150 },
    );
  });

  test(`${file}: a record that is cut off gives the beginning of the whole`, () => {
    const text = read(file);
    const whole = PARSERS[format]('id', text).entries;
    fc.assert(
      fc.property(fc.nat(text.length), (length) => {
        const { entries } = PARSERS[format]('id', text.slice(0, length));
        assert.ok(entries.length <= whole.length);
        const kinds = entries.map(({ kind, text: said }) => `${kind} ${said}`);
        assert.deepEqual(
          kinds.slice(0, -1),
          whole.map(({ kind, text: said }) => `${kind} ${said}`).slice(0, Math.max(0, kinds.length - 1)),
        );
      }),
      { numRuns: 100 },
    );
  });
}

test('fields that are missing or have another shape cost only what they are part of', () => {
  const whole = JSON.parse(read('opencode-1.18.33.json')) as { messages: { parts: unknown[] }[] };
  whole.messages[1]?.parts.push({ type: 'later' }, null, { type: 'text' });
  whole.messages.push({ parts: [] });
  const { entries } = PARSERS.opencode('id', JSON.stringify(whole));
  assert.deepEqual(entries, PARSERS.opencode('id', read('opencode-1.18.33.json')).entries);
  assert.deepEqual(PARSERS.opencode('id', 'Error: not found').entries, []);
});

test('interrupts, compactions and errors of the model are notes, and what the program adds is no prompt', () => {
  const line = (record: object): string => JSON.stringify({ timestamp: '2026-01-01T00:00:00.000Z', ...record });
  const claude = [
    line({ type: 'user', message: { content: '<command-name>/clear</command-name>' } }),
    line({ type: 'user', isMeta: true, message: { content: 'Caveat' } }),
    line({ type: 'user', message: { content: [{ type: 'text', text: 'go' }] } }),
    line({ type: 'assistant', isSidechain: true, message: { content: [{ type: 'text', text: 'a helper' }] } }),
    line({
      type: 'user',
      message: { content: [{ type: 'text', text: '[Request interrupted by user for tool use]' }] },
    }),
    line({ type: 'system', subtype: 'compact_boundary' }),
    line({ type: 'assistant', isApiErrorMessage: true, message: { content: [{ type: 'text', text: 'API Error' }] } }),
  ].join('\n');
  const said = PARSERS.claude('id', claude).entries.map(({ kind, text }) => `${kind}: ${text}`);
  assert.deepEqual(said, [
    'prompt: go',
    'note: Interrupted.',
    'note: The conversation was compacted.',
    'note: API Error',
  ]);
  const codex = [
    line({ type: 'event_msg', payload: { type: 'user_message', message: 'go' } }),
    line({
      type: 'event_msg',
      payload: { type: 'item_completed', item: { type: 'UserMessage', content: [{ type: 'text', text: 'go' }] } },
    }),
    line({ type: 'event_msg', payload: { type: 'turn_aborted', reason: 'interrupted' } }),
  ].join('\n');
  assert.deepEqual(
    PARSERS.codex('id', codex).entries.map(({ kind, text }) => `${kind}: ${text}`),
    ['prompt: go', 'note: Interrupted.'],
  );
});

test('a conversation that is too large loses its beginning, and says how much', () => {
  const lines = Array.from({ length: 200 }, (_, index) =>
    JSON.stringify({ type: 'user', message: { content: `${index} ${'x'.repeat(60_000)}` } }),
  );
  const { entries, omitted } = PARSERS.claude('id', lines.join('\n'));
  assert.equal(entries.length + omitted, 200);
  assert.ok(omitted > 0 && entries.at(-1)?.text.startsWith('199 ') === true);
});
