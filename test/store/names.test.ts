import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveRef, slug, uniqueName } from '../../src/core/store/names.js';
import { stripTerminal } from '../../src/common/terminalText.js';
import { Name } from '../../src/protocol/context.js';
import { CodeManagerError } from '../../src/protocol/errors.js';

test('a slug has the first words that mean something', () => {
  for (const [task, expected] of [
    ['Refactor the auth module', 'refactor-auth-module'],
    ['Please fix the bug in parser.ts', 'fix-bug-parser-ts'],
    ["Don't touch Café tests", 'dont-touch-cafe-tests'],
    ['fix 🐛 in `login`', 'fix-login'],
    ['"quoted"\n$(rm -rf /) `id`; echo', 'quoted-rm-rf-id-echo'],
    ['the', 'the'],
    ['supercalifragilisticexpialidociousness now', 'supercalifragilisticexpialidocio'],
    ['Größe prüfen', 'grosse-prufen'],
    ['修复 登录', '修复-登录'],
    ['ログイン画面のバグを修正してください', 'ログイン画面のバグを修正してくだ'],
    ['로그인 버그를 고쳐 주세요', '로그인-버그를-고쳐-주세요'],
    ['Исправь вход в йогурт', 'исправь-вход-в-йогурт'],
    ['أصلح تسجيل الدخول', 'أصلح-تسجيل-الدخول'],
    ['می‌خواهم تست', 'میخواهم-تست'],
    ['लॉगिन ठीक करो', 'लॉगिन-ठीक-करो'],
    ['แก้ไขการเข้าสู่ระบบ', 'แก้ไขการเข้าสู่ระบบ'],
    ['fix 登录 bug', 'fix-登录-bug'],
    ['🚀🚀', 'claude'],
    ['\u3164\u115f \u0301', 'claude'],
    ['', 'claude'],
    ['\0\n\t', 'claude'],
    ['--help', 'help'],
  ] as const) {
    assert.equal(slug(task, 'claude'), expected);
  }
});

test('a slug is always a short word of letters that are seen, and a name, whatever the task', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom('x'.repeat(10_000), '🦀'.repeat(10_000), '-'.repeat(10_000), 'a '.repeat(10_000), '$(reboot)\n"\''),
  );
  fc.assert(
    fc.property(nasty, (task) => {
      const name = slug(task, 'claude');
      assert.match(name, /^(?=.{1,32}$)[\p{L}\p{M}\p{N}]+(-[\p{L}\p{M}\p{N}]+)*$/u);
      assert.equal(Name.parse(name), name);
      assert.equal(stripTerminal(name), name);
    }),
  );
});

test('a name may hold what joins its letters or emoji, and nothing that directs or hides', () => {
  const flag = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
  const taken = ['👩‍💻', '👨‍👩‍👧 tests', '🏳️‍🌈', '❤️‍🔥', '👩🏽‍🚀', flag, 'می‌خواهم', 'کتاب‌ها', 'क्‍ष', 'ශ්‍රී', 'ന്‍', '修复', 'café'];
  for (const name of taken) {
    assert.equal(Name.parse(name), name);
    assert.equal(stripTerminal(name), name, 'shown as it is');
  }
  const refused = [
    'mark\u200b',
    'ma\u200drk',
    'ma\u200crk',
    '\u202eabc',
    'a\u2066b',
    '👩\u200d',
    '\u200dx',
    'a\nb',
    'a\u2028b',
    '\u{e0041}x',
  ];
  for (const name of refused) assert.ok(!Name.safeParse(name).success, JSON.stringify(name));
});

test('a unique name is not taken, is a name, and is the wanted one when that is free', () => {
  fc.assert(
    fc.property(
      fc
        .string({ minLength: 1, maxLength: 200 })
        .filter((name) => Name.safeParse(name).success && name === name.trim()),
      fc.nat(20),
      fc.constantFrom('-', ' '),
      (wanted, count, separator) => {
        const taken = new Set<string>();
        for (let i = 0; i <= count; i++) {
          const name = uniqueName(wanted, taken, separator);
          assert.ok(!taken.has(name));
          assert.equal(Name.parse(name), name);
          if (i === 0) assert.equal(name, wanted);
          taken.add(name);
        }
      },
    ),
  );
});

const items = [
  { id: '0abc0001aaaa', name: 'refactor-auth' },
  { id: '0abc0002bbbb', name: 'refactor-api' },
  { id: '0abc0003cccc', name: '0abc0001' },
  { id: '0abd0004dddd', name: 'docs' },
];

function failure(ref: string): CodeManagerError {
  try {
    resolveRef(items, ref, 'session');
  } catch (error) {
    assert.ok(error instanceof CodeManagerError);
    return error;
  }
  assert.fail(`"${ref}" was found`);
}

test('a reference is an id, else a name, else a prefix of an id', () => {
  assert.equal(resolveRef(items, '0abc0001aaaa', 'session').name, 'refactor-auth');
  assert.equal(resolveRef(items, '0abc0001', 'session').id, '0abc0003cccc');
  assert.equal(resolveRef(items, '0abd', 'session').name, 'docs');
});

test('an ambiguous prefix lists what it fits', () => {
  const error = failure('0abc');
  assert.equal(error.code, 'conflict');
  assert.match(error.hint ?? '', /0abc0001aaaa \(refactor-auth\), 0abc0002bbbb/);
});

test('a name that is nearly right gets a hint, a short prefix is explained, and control characters do not come back', () => {
  assert.match(failure('refactor-aut').hint ?? '', /"refactor-auth"/);
  assert.match(failure('0ab').hint ?? '', /4 letters/);
  assert.equal(failure('zzzzzzzz').hint, 'See cm ls -a.');
  const error = failure(`x\x1b]0;evil\x07\n${'y'.repeat(10_000)}`);
  assert.equal(error.code, 'notFound');
  assert.doesNotMatch(error.message, /[\x00-\x1f]/);
  assert.ok(error.message.length < 100);
});

test('every id, every name and every unique prefix finds its item, and nothing else is ever found', () => {
  const id = fc.string({ unit: fc.constantFrom('a', 'b', '0', '1'), minLength: 4, maxLength: 12 });
  const lists = fc.uniqueArray(fc.record({ id, name: fc.string({ minLength: 1, maxLength: 8 }) }), {
    selector: (item) => item.id,
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(lists, id, fc.nat(8), (list, ref, cut) => {
      for (const item of list) assert.equal(resolveRef(list, item.id, 'session'), item);
      const wanted = ref.slice(0, 4 + cut);
      const exact = list.filter((item) => item.id === wanted);
      const named = list.filter((item) => item.name === wanted);
      const fits = list.filter((item) => item.id.startsWith(wanted));
      const expected = exact.length > 0 ? exact : named.length > 0 ? named : fits;
      if (expected.length === 1) {
        assert.equal(resolveRef(list, wanted, 'session'), expected[0]);
      } else {
        assert.throws(
          () => resolveRef(list, wanted, 'session'),
          (error: unknown) =>
            error instanceof CodeManagerError && error.code === (expected.length > 1 ? 'conflict' : 'notFound'),
        );
      }
    }),
  );
});
