import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { requestOf } from '../../src/core/state/requestOf.js';
import { trackRequest, type AskedNow } from '../../src/core/state/requestIdentity.js';
import type { Asked } from '../../src/core/state/evidence.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import { ScreenRules } from '../../src/protocol/screen.js';
import { Tool } from '../../src/protocol/tool.js';

const RULES = ScreenRules.parse({ takesReason: true });
const TIME = '2026-11-22T12:00:00.000Z';
const LATER = '2026-11-22T12:00:09.000Z';

let last = 0;
const newId = (): string => `id${++last}`;

function tool(id: string): Tool {
  return Tool.parse(JSON.parse(readFileSync(`src/core/tools/${id}.json`, 'utf8')));
}

function onScreen(id: string, file: string): Asked {
  const { kind, request, options } = judgeScreen(
    tool(id),
    readFileSync(`test/fixtures/screens/${file}.txt`, 'utf8'),
    0,
  );
  assert.ok(kind !== null, `${file} asks nothing`);
  return { kind, text: request?.text ?? '', request, options };
}

const track = (
  pending: PendingRequest | null,
  asked: Asked | null,
  more: Partial<AskedNow> = {},
): PendingRequest | null => trackRequest(pending, { asked, isNew: false, time: TIME, ...more }, RULES, newId);

function tracked(pending: PendingRequest | null, asked: Asked, more: Partial<AskedNow> = {}): PendingRequest {
  const request = track(pending, asked, more);
  assert.ok(request);
  return request;
}

const SHELL = onScreen('claude', 'claude/08-approval-bash');
const OTHER = onScreen('claude', 'claude/40-narrow-60x20-approval');
const QUESTION = onScreen('claude', 'claude/15-ask-question');
const REPORT: Asked = { kind: 'permission', text: 'Bash: touch b.txt', request: null, options: [] };

test('a dialog on the screen is a request with everything that is known of it', () => {
  const { id, ...rest } = tracked(null, SHELL);
  assert.ok(id.startsWith('id'));
  assert.deepEqual(
    { ...rest, options: rest.options.map(({ label, role }) => [label, role]) },
    {
      kind: 'permission',
      action: 'shell',
      command: 'touch b.txt',
      path: null,
      question: 'Do you want to proceed?',
      text: 'touch b.txt',
      exact: rest.exact,
      options: [
        ['Yes', 'allow'],
        ['Yes, and always allow access to /home/dev/project/claude1 from this project', 'always'],
        ['Yes, and switch to auto mode · auto mode handles these prompts for you', 'mode'],
        ['No', 'deny'],
      ],
      takesReason: true,
      takesText: false,
      since: TIME,
    },
  );
});

test('a question takes text where an option is for that, and no reason', () => {
  const { takesText, takesReason, question } = tracked(null, QUESTION);
  assert.deepEqual(
    { takesText, takesReason, question },
    { takesText: true, takesReason: false, question: 'Which colour?' },
  );
});

test('the same dialog seen again keeps its id and the time since when it is asked', () => {
  const first = tracked(null, SHELL);
  assert.deepEqual(tracked(first, SHELL, { time: LATER }), first);
});

test('an equal dialog after the first has vanished is another request', () => {
  const first = tracked(null, SHELL);
  const gone = track(first, null);
  assert.equal(gone, null);
  assert.notEqual(tracked(gone, SHELL).id, first.id);
});

test('an equal dialog that came again between two looks is another request', () => {
  const first = tracked(null, SHELL);
  const second = tracked(first, SHELL, { isNew: true, time: LATER });
  assert.notEqual(second.id, first.id);
  assert.equal(second.since, LATER);
});

test('five equal dialogs in a row are five requests', () => {
  const ids = new Set<string>();
  let pending: PendingRequest | null = null;
  for (let i = 0; i < 5; i++) {
    pending = tracked(pending, SHELL, { isNew: i > 0 });
    ids.add(pending.id);
  }
  assert.equal(ids.size, 5);
});

test('another command, other options, another kind and another path are other requests', () => {
  const first = tracked(null, SHELL);
  const fewer = { ...SHELL, options: SHELL.options.slice(0, 3) };
  const moved = { ...SHELL, request: SHELL.request && { ...SHELL.request, path: '/etc/passwd' } };
  assert.notEqual(tracked(first, OTHER).id, first.id);
  assert.notEqual(tracked(first, fewer).id, first.id);
  assert.notEqual(tracked(first, QUESTION).id, first.id);
  assert.notEqual(
    tracked(tracked(first, moved), { ...moved, request: moved.request && { ...moved.request, path: '/tmp' } }).id,
    first.id,
  );
});

test('what a tool reports is a request only when its screen tells what exactly is asked, and then one', () => {
  assert.equal(track(null, REPORT), null);
  const first = tracked(null, SHELL);
  assert.deepEqual(track(first, REPORT), first, 'a report of the same takes nothing away');
  assert.equal(track(tracked(null, QUESTION), REPORT), null, 'one of another kind does');
});

test('what a hook tells without options becomes more by the screen, under the same id', () => {
  const first = tracked(null, { ...SHELL, options: [] });
  const whole = tracked(first, SHELL, { time: LATER });
  assert.equal(whole.id, first.id);
  assert.equal(whole.options.length, 4);
  assert.deepEqual(tracked(whole, { ...SHELL, options: [] }), whole);
});

test('a tool without rules for its screen has requests by its reports alone', () => {
  const request = trackRequest(null, { asked: REPORT, isNew: false, time: TIME }, undefined, newId);
  assert.equal(request?.text, 'Bash: touch b.txt');
  assert.deepEqual(request.options, []);
});

test('every dialog of the collected screens of the four agents is a request with an answer', () => {
  const folders = {
    claude: 'claude',
    'claude-2.1.197': 'claude',
    codex: 'codex',
    gemini: 'gemini',
    opencode: 'opencode',
  };
  let count = 0;
  for (const [folder, id] of Object.entries(folders)) {
    for (const file of readdirSync(`test/fixtures/screens/${folder}`)) {
      const screen = readFileSync(`test/fixtures/screens/${folder}/${file}`, 'utf8');
      const { kind, request, options } = judgeScreen(tool(id), screen, 0);
      if (kind !== 'permission') continue;
      count++;
      const { options: known } = tracked(null, { kind, text: request?.text ?? '', request, options });
      const roles = known.map(({ role }) => role);
      assert.ok(roles.includes('allow') && roles.includes('deny'), `${folder}/${file}: ${roles.join()}`);
    }
  }
  assert.ok(count >= 15, `${count} dialogs`);
});

test('a tick behind the option that is being chosen makes no other request and no other option', () => {
  const first = tracked(null, QUESTION);
  const [chosen, ...rest] = QUESTION.options;
  assert.ok(chosen);
  const ticked = tracked(first, { ...QUESTION, options: [{ ...chosen, label: `${chosen.label} ✓` }, ...rest] });
  assert.deepEqual([ticked.id, ticked.options], [first.id, first.options]);
  const other = tracked(first, { ...QUESTION, options: [{ ...chosen, label: `${chosen.label} too` }, ...rest] });
  assert.notEqual(other.id, first.id);
});

test('what was told exactly stays so when only a screen tells of it later', () => {
  const told = requestOf({ action: 'shell', command: './mark\u200b yes', exact: 'event' });
  const event: Asked = { kind: 'permission', text: told.text, request: told, options: [] };
  const shown = requestOf({ action: 'shell', command: './mark yes' });
  const first = tracked(null, event);
  const later = tracked(first, { ...event, text: shown.text, request: shown });
  assert.deepEqual([later.id, later.command, later.exact], [first.id, './mark\u200b yes', 'event']);
  assert.equal(later.text, './mark<U+200B> yes');
});

test('a request says in which other folder its command runs, whatever the screen shows of it', () => {
  const told = { ...SHELL, request: requestOf({ ...SHELL.request, exact: 'record', folder: '/p/sub' }) };
  const request = tracked(null, told);
  assert.equal(request.folder, '/p/sub');
  assert.equal(tracked(request, SHELL).folder, '/p/sub', 'the screen does not tell');
  assert.equal(tracked(tracked(null, SHELL), told).folder, '/p/sub', 'it is told later');
  assert.equal(
    'folder' in tracked(request, { ...told, request: requestOf({ ...SHELL.request, exact: 'record' }) }),
    false,
  );
});
