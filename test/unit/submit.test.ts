import assert from 'node:assert/strict';
import test from 'node:test';
import { InputBox, submit, typeable } from '../../src/core/live/textInput.js';

/** How often Enter is pressed when the box shows one of these at each look, before and after, and then the last one. */
async function presses(text: string, ...drafts: readonly (string | null | Error)[]): Promise<number> {
  let pressed = 0;
  let looks = 0;
  const box = await InputBox.watch(() => {
    // The first look is before anything is typed.
    const draft = drafts[Math.min(Math.max(0, looks++ - 1), drafts.length - 1)] ?? null;
    return draft instanceof Error ? Promise.reject(draft) : Promise.resolve({ draft, lines: [] });
  }, text);
  const press = (): Promise<void> => {
    pressed++;
    return Promise.resolve();
  };
  await submit(text, press, box);
  return pressed;
}

test('Enter is pressed again only while the very same text goes on standing in the input box', async () => {
  const cases = [
    ['fix the tests', [null], 1],
    ['fix the tests', [null, null, null, 'fix the tests'], 5],
    ['fix the tests', [null, null, null, 'fix the tests', null], 1],
    ['fix the tests', ['fix the tests', 'fix the tests', null], 1],
    ['fix the tests', ['fix the tests'], 5],
    ['fix the tests\\', ['fix the tests\n'], 5],
    ['fix the\ntests of this', ['fix the tests\n of this'], 5],
    ['fix the tests', ['fix the tests and more'], 1],
    ['fix the tests', ['and fix the tests'], 1],
    ['fix the tests', ['fix the tests', 'fix the tests', null, 'fix the tests'], 5],
    ['fix the tests', ['fix the tests', 'what a person types'], 1],
    ['fix the tests', ['[Pasted text #1]'], 5],
    ['fix the tests', ['[Pasted text #1]', '[Pasted text #1]', '[Pasted text #1]', null], 1],
    ['fix the tests', ['[Pasted text #1]', '[Pasted text #1]', '[Pasted text #2]'], 1],
    ['fix the tests', ['fix the tests', new Error('no screen')], 1],
    [' ', [' '], 1],
    ['', [''], 1],
  ] as const;
  await Promise.all(
    cases.map(async ([text, drafts, expected]) => {
      assert.equal(await presses(text, ...drafts), expected, JSON.stringify([text, drafts]));
    }),
  );
});

test('a text that ends in a backslash is typed so that Enter submits it', () => {
  assert.equal(typeable('a\\'), 'a\\ ');
  assert.equal(typeable('a\\\nb'), 'a\\\nb');
});

test('a last word that opens a list in an input box is closed by a blank, and a command stays what it is', () => {
  for (const text of ['see @src', '@src', 'for $x', 'use $skill-name', 'an issue #12', 'see /help', 'two\n/help']) {
    assert.equal(typeable(text), `${text} `);
  }
  for (const text of ['/help', '/model', 'a@b.c', 'see @src now', 'a/b', 'x #1\n', 'costs 5$', '!ls', '']) {
    assert.equal(typeable(text), text);
  }
});

/** A busy program that never reads its box, shows the text on its screen when it has it, and is never quiet. */
test('where the input box is not read a text is submitted as soon as its end is seen', async () => {
  let isShown = false;
  const box = await InputBox.watch(
    () => Promise.resolve({ draft: null, lines: isShown ? ['> do what', 'I say'] : ['…'] }),
    'do what I say',
  );
  assert.equal(await box.showsEnd(), false);
  isShown = true;
  assert.equal(await box.showsEnd(), true);
});

test('a text whose box is not read while it stands there is gone once the box shows again, empty', async () => {
  /** How often it is looked at after the Enter. */
  const looksAfter = async (rules: readonly (string | null)[]): Promise<number> => {
    let looks = 0;
    let after = -1;
    const box = await InputBox.watch(() => {
      if (after >= 0) after++;
      const rule = after < 0 ? null : (rules[Math.min(after, rules.length - 1)] ?? null);
      return Promise.resolve({ draft: null, lines: looks++ === 0 ? [] : ['/help'], rule });
    }, '/help');
    const press = (): Promise<void> => {
      after = 0;
      return Promise.resolve();
    };
    assert.equal(await submit('/help', press, box), true);
    return after;
  };
  assert.equal(await looksAfter([null, 'idle']), 2);
  assert.equal(await looksAfter([null, null, 'idle']), 3);
  // One that flashes, or is never seen again, is looked at for longer.
  assert.ok((await looksAfter([null, 'idle', null])) > 3);
  assert.ok((await looksAfter([null])) > 3);
});
