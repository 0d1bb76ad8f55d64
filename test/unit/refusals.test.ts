import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { Context, Name, Timestamp } from '../../src/protocol/context.js';
import { MachineSpec } from '../../src/protocol/machineKinds.js';
import { errorText } from '../../src/protocol/errors.js';
import { ConfigFile, SessionRecord } from '../../src/protocol/files.js';
import { PolicyRule } from '../../src/protocol/policy.js';
import { faultText } from '../../src/protocol/refusal.js';
import { REQUESTS } from '../../src/protocol/requests.js';
import { Environment } from '../../src/protocol/session.js';
import { Tool, ToolId } from '../../src/protocol/tool.js';
import { RequestMessage } from '../../src/protocol/wire.js';

/** What a library says of a value, and marks of its layout. */
const NOT_OURS = /✖|→ at|invalid (?:input|string|option|key)|expected|received|too (?:big|small)|unrecognized|must /i;

/** A sentence of ours: it begins with a capital, is one line, and nothing in it is another's. */
function assertSentence(text: string): void {
  assert.match(text, /^\p{Lu}[^\n]*[.!?…]$/u);
  assert.doesNotMatch(text, NOT_OURS);
}

/** Values that are wrong nearly everywhere. */
const bad = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', ' ', 'x'.repeat(300), 'a\0b', 'a\nb', '-x', '\x1b[31m', '1X', -1, 1.5),
  fc.constantFrom<unknown>(70_000, NaN, Infinity, true, [], [[]], [''], {}, { type: 'ssh' }, { type: 'agent' }, 'soon'),
  fc.constantFrom<unknown>({ type: 'agent', url: 'http://x' }, { type: 'ssh', host: '-o', port: 'x' }, { '1X': 1 }),
  fc.jsonValue({ maxDepth: 2 }),
);

function shapeOf(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Anything, and objects with the right fields and anything in them. */
function values(schema: z.ZodType): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(shapeOf(schema).map((key) => [key, bad]));
  return fc.oneof({ weight: 1, arbitrary: bad }, { weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) });
}

test('whatever is asked in a wrong shape is refused by a sentence of ours', () => {
  let refused = 0;
  for (const { params } of [...Object.values(REQUESTS), { params: RequestMessage }]) {
    const schema: z.ZodType = params;
    fc.assert(
      fc.property(values(schema), (value) => {
        const { error } = schema.safeParse(value);
        if (error === undefined) return;
        refused++;
        assertSentence(errorText(error));
      }),
      { numRuns: 60 },
    );
  }
  assert.ok(refused > 1000);
});

test('whatever a file holds in a wrong shape is named by a clause of ours', () => {
  for (const schema of [Context, SessionRecord, PolicyRule, PolicyRule.strict(), ConfigFile, Tool] as z.ZodType[]) {
    fc.assert(
      fc.property(values(schema), (value) => {
        const { error } = schema.safeParse(value);
        if (error === undefined) return;
        const text = faultText(error);
        assert.match(text, /^[^\n]+$/);
        assert.doesNotMatch(text, NOT_OURS);
      }),
      { numRuns: 300 },
    );
  }
});

for (const [schema, value, sentence] of [
  [Name, '', 'A name cannot be empty.'],
  [Name, 'x'.repeat(201), 'A name has at most 200 characters.'],
  [Timestamp, 'soon', 'What was given has to be a time in UTC like 2026-01-31T12:00:00Z.'],
  [ToolId, '../x', 'The id of an agent has small letters, digits and dashes.'],
  [Environment, { '1X': 'y' }, 'The field 1X is not a variable name.'],
  [REQUESTS['session/create'].params, {}, 'The field requestId is missing.'],
  [REQUESTS['session/send'].params, { session: 'x', text: 1 }, 'The field text has to be a text.'],
  [REQUESTS['session/key'].params, { session: 'x', keys: [''] }, 'A key cannot be empty.'],
  [REQUESTS['session/get'].params, { session: '' }, 'The id of a session cannot be empty.'],
  [REQUESTS['session/key'].params, { session: 'x', keys: [] }, 'The field keys has to have at least 1 entry.'],
  [
    REQUESTS['session/answer'].params,
    { session: 'x', request: 'r', answer: { type: 'yes' } },
    'The field answer.type has to be allow, deny, option, options or text.',
  ],
  [MachineSpec, { type: 'ssh', host: 'h', port: 'x' }, 'The field port has to be a number.'],
  [MachineSpec, { type: 'ssh' }, 'The field host is missing.'],
  [MachineSpec, { type: 'agent', host: 'h', agentPort: 0 }, 'The field agentPort has to be at least 1.'],
  [MachineSpec, { type: 'agent', url: 'http://x' }, 'The field url has to be an address.'],
  [MachineSpec, 'elsewhere', 'What was given is nothing that can stand there.'],
  [
    PolicyRule.strict(),
    { effect: 'allow', id: 'a', created: '2026-01-31T12:00:00Z', cmd: 1 },
    'What was given has something that is not known: cmd.',
  ],
] as const) {
  test(`it is said what is wrong: ${sentence}`, () => {
    const { error } = schema.safeParse(value);
    assert.ok(error);
    assert.equal(errorText(error), sentence);
  });
}
