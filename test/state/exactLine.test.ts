import assert from 'node:assert/strict';
import test from 'node:test';
import { drawers, screenWith, type Drawing } from '../helpers/drawnDialogs.js';
import { judge } from '../helpers/drawings.js';

// What stands in a dialog is exact only when it is one plain line that cannot go on anywhere.

const gemini = drawers.find(({ tool, action }) => tool === 'gemini' && action === 'shell');
assert.ok(gemini);
const drawer = gemini;

function exactOf(what: string, more: Partial<Drawing> = {}): string | null {
  const { request } = judge(
    'gemini',
    screenWith(drawer, { what, columns: 120, rows: 40, ...more }),
    more.columns ?? 120,
  );
  return request?.exact === 'screen' ? (request.command ?? null) : null;
}

test('a line of printable ASCII is exact, and one with any other sign is not', () => {
  for (const what of ['./mark yes', "echo 'a  b' ~!@#$%^&*()_+{}|:<>?", 'x']) assert.equal(exactOf(what), what);
  for (const sign of ['é', '\u00a0', '\u0430', '\u2010', '\u037e', '│', 'ℓ', '\u1680', '\u00b4']) {
    for (const what of [`./mark${sign}yes`, `./mark yes${sign}x`, `./mark ${sign} yes`]) {
      assert.equal(exactOf(what), null, JSON.stringify(what));
    }
  }
});

test('a line that comes up to its edge may go on, and is not exact', () => {
  for (const each of drawers.filter(({ tool, action }) => action === 'shell' && tool !== 'copilot')) {
    let exact = 0;
    for (let length = 40; length <= 84; length++) {
      const what = 'x'.repeat(length);
      const screen = screenWith(each, { what, columns: 80, rows: 40 });
      const { request } = judge(each.tool, screen, 80);
      if (request?.exact !== 'screen') continue;
      exact++;
      assert.equal(request.command, what);
      for (const row of screen.split('\n').filter((one) => one.includes(what))) {
        const [before = '', behind = ''] = row.split(what);
        // An option may have it in a sentence.
        if (!/^[ │┃$]*$/u.test(before)) continue;
        assert.ok(behind === '' ? row.length <= 76 : behind.startsWith('  '), `${each.tool}: ${row}`);
      }
    }
    assert.ok(exact > 0, each.tool);
  }
});

test('of two headers everything below the first is shown, whatever ends a command of one', () => {
  for (const each of drawers.filter(({ action }) => action === 'shell')) {
    const second = each.draw({ what: './mark yes', columns: 76, rows: 30 }).map((row) => row.trim());
    const end = second.findIndex((row) => row.includes('./mark yes')) + 1;
    const what = ['./mark no', ...second.slice(0, end), 'touch ../PWNED'].join('\n');
    const { request } = judge(each.tool, screenWith(each, { what, columns: 120, rows: 60 }), 120);
    assert.equal(request?.exact, null, each.tool);
    for (const part of ['./mark no', 'touch ../PWNED']) {
      assert.ok(request.command?.includes(part), `${each.tool}: ${String(request.command)}`);
    }
  }
});
