import assert from 'node:assert/strict';
import test from 'node:test';
import { submit } from '../../src/core/sessions/textInput.js';

/** How often Enter is pressed when the box shows one of these at each look, before and after, and then the last one. */
async function presses(text: string, ...drafts: readonly (string | null | Error)[]): Promise<number> {
  let pressed = 0;
  let looks = 0;
  await submit(
    text,
    () => {
      pressed++;
      return Promise.resolve();
    },
    () => {
      const draft = drafts[Math.min(looks++, drafts.length - 1)] ?? null;
      return draft instanceof Error ? Promise.reject(draft) : Promise.resolve(draft);
    },
  );
  return pressed;
}

test('Enter is pressed once more only when the very same text goes on standing in the input box', async () => {
  for (const [text, drafts, expected] of [
    ['fix the tests', [null], 1],
    ['fix the tests', [null, null, null, 'fix the tests'], 2],
    ['fix the tests', [null, null, null, 'fix the tests', null], 1],
    ['fix the tests', ['fix the tests', 'fix the tests', null], 1],
    ['fix the tests', ['fix the tests'], 2],
    ['fix the\ntests of this', ['fix the tests\n of this'], 2],
    ['fix the tests', ['fix the tests and more'], 1],
    ['fix the tests', ['and fix the tests'], 1],
    ['fix the tests', ['fix the tests', 'what a person types'], 1],
    ['fix the tests', ['[Pasted text #1]'], 1],
    ['fix the tests', ['fix the tests', new Error('no screen')], 1],
    [' ', [' '], 1],
    ['', [''], 1],
  ] as const) {
    assert.equal(await presses(text, ...drafts), expected, JSON.stringify([text, drafts]));
  }
});
