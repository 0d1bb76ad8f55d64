import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextName, rowDescription, sessionIcon, spokenLabel, tooltipMarkdown } from '../../src/view/sessionLabel.js';
import { GroupHold } from '../../src/view/groupHold.js';
import { BatchWriter, cutLine, joinLines, logFooter, logHeader } from '../../src/view/logText.js';
import { mergedText, RowNotices, stillTrue } from '../../src/view/notices.js';
import { labelText, markdownText, messageText, oneLine, promptText, shortPath } from '../../src/view/plainText.js';
import { matchesFilter, parseFilter } from '../../src/view/sessionFilter.js';
import { buildSessionTree, ENDED_SHOWN } from '../../src/view/sessionTree.js';
import { statusLine } from '../../src/view/statusLine.js';
import {
  joinWords,
  parseEnvironment,
  splitWords,
  withAllLines,
  withPastedLines,
} from '../../src/extension/model/typedText.js';
import type { Session } from '../../src/protocol/session.js';
import { pendingRecord, sessionRecord } from '../helpers/records.js';
import { AWAY, NOW, rowOf, rowsOf, variedSessions } from './rows.js';

const byStatus = { groupBy: 'status', now: NOW } as const;

test('a row says since when, why and where, and the word where its group does not', () => {
  const waiting = rowOf({ state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } });
  assert.equal(rowDescription(waiting, byStatus), 'permission: npm publish · 5m · demo');
  assert.equal(
    rowDescription(waiting, { ...byStatus, groupBy: 'context' }),
    'Needs input · permission: npm publish · 5m',
  );
  const failed = rowOf({ status: 'failed', state: null, exitCode: 3, unread: true });
  assert.equal(rowDescription(failed, byStatus), 'Failed · exit 3 · 5m · demo');
  const completed = rowOf({ status: 'completed', state: null, exitCode: 0, completed: '2026-01-02T03:16:05.000Z' });
  assert.equal(rowDescription(completed, byStatus), 'Completed after 12m · 5m · demo');
  assert.equal(rowDescription(rowOf({ state: 'working', phase: 'editing' }), byStatus), 'editing · 5m · demo');
  assert.equal(rowDescription(rowOf({ state: 'idle' }), byStatus), 'Idle · 5m · demo');
});

test('a row of another machine names it, and an offline one keeps its last icon in grey', () => {
  const row = rowOf({ machineId: AWAY.id, state: 'working' }, AWAY);
  assert.match(rowDescription(row, byStatus), /demo @lab$/);
  assert.deepEqual(sessionIcon(row.session, row.description.word, NOW), { icon: 'pulse', color: 'disabledForeground' });
});

test('a spinner becomes a clock when a start takes long', () => {
  const { session } = rowOf({ status: 'starting', state: null });
  const created = Date.parse(session.created);
  assert.equal(sessionIcon(session, 'Starting', created + 29_000).icon, 'loading~spin');
  assert.equal(sessionIcon(session, 'Starting', created + 31_000).icon, 'watch');
});

test('a screen reader says everything that the row shows by colour and place', () => {
  const row = rowOf({ name: 'refactor-auth', state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } });
  assert.equal(
    spokenLabel(row, 'Claude Code', NOW),
    'refactor-auth, Claude Code, demo on test-host, needs input, permission npm publish, for 5 minutes',
  );
});

test('nothing that an agent or a person wrote becomes markup, an icon or a control code', () => {
  const evil = 'a\u001b[31m\n[x](command:evil) $(bug) <img src=x> \u202egnp';
  assert.equal(oneLine(evil), 'a [x](command:evil) $(bug) <img src=x> <U+202E>gnp');
  assert.equal(messageText(evil), 'a [x] (command:evil) $(bug) <img src=x> <U+202E>gnp');
  assert.equal(labelText(evil), 'a [x](command:evil) \\$(bug) <img src=x> <U+202E>gnp');
  assert.equal(promptText(evil), 'a [x] (command:evil) \\$(bug) <img src=x> <U+202E>gnp');
  const row = rowOf({ name: evil, task: evil, reason: evil });
  const markdown = tooltipMarkdown(row, evil, NOW);
  assert.ok(!/[^\\]\]\(/.test(markdown), markdown);
  assert.ok(!markdown.includes('<img'), markdown);
  assert.ok(!/[^\\]\$\\?\(bug/.test(markdown), markdown);
  assert.ok(!markdownText('`code` *b* _i_').includes('`code`'));
  assert.equal(oneLine('👩‍🚀 ok'), '👩‍🚀 ok');
  assert.equal(contextName(row), 'demo');
});

test('a name of ten thousand letters is cut', () => {
  assert.equal([...oneLine('x'.repeat(10_000), 60)].length, 60);
  assert.ok(
    rowDescription(rowOf({ state: 'waiting', waiting: { kind: 'question', text: 'y'.repeat(9999) } }), byStatus)
      .length < 120,
  );
});

test('rows come in groups: those that wait longest first, all others newest first, pinned on top', () => {
  const at = (id: string, minute: number, fields: object = {}) =>
    sessionRecord({ id, name: id, changed: `2026-01-02T03:${String(minute).padStart(2, '0')}:00.000Z`, ...fields });
  const waiting = { state: 'waiting', waiting: { kind: 'question', text: '' } } as const;
  const tree = buildSessionTree(
    rowsOf([
      at('w-new', 5, waiting),
      at('w-old', 1, waiting),
      at('busy-old', 1, { state: 'working' }),
      at('busy-new', 5, { state: 'working' }),
      at('busy-pinned', 0, { state: 'working', pinned: true }),
    ]),
    { groupBy: 'status', filter: undefined },
  );
  assert.deepEqual(
    tree.roots.map(({ id }) => id),
    ['group:Needs input', 'group:Working'],
  );
  const names = (id: string) => (tree.children.get(id) ?? []).map((node) => node.id.replace('session:', ''));
  assert.deepEqual(names('group:Needs input'), ['w-old', 'w-new']);
  assert.deepEqual(names('group:Working'), ['busy-pinned', 'busy-new', 'busy-old']);
  assert.equal(tree.parents.get('session:w-old')?.id, 'group:Needs input');
});

test('of what has ended the last twenty are listed, the others are counted', () => {
  const sessions = Array.from({ length: ENDED_SHOWN + 5 }, (_, i) =>
    sessionRecord({ id: `s${i}`, status: 'stopped', state: null, changed: new Date(NOW + i * 1000).toISOString() }),
  );
  const children = buildSessionTree(rowsOf(sessions), { groupBy: 'status', filter: undefined }).children;
  const nodes = children.get('group:Ended') ?? [];
  assert.equal(nodes.length, ENDED_SHOWN + 1);
  assert.deepEqual(nodes.at(-1), { kind: 'more', id: 'more:group:Ended', count: 5 });
  assert.equal(nodes[0]?.id, `session:s${ENDED_SHOWN + 4}`);
});

test('equal rows give an equal tree, in any grouping', () => {
  for (const groupBy of ['status', 'context', 'none'] as const) {
    const build = () => buildSessionTree(rowsOf(variedSessions()), { groupBy, filter: undefined });
    assert.deepEqual(build(), build());
    const { roots, children } = build();
    const all = roots.flatMap((root) => [root, ...(children.get(root.id) ?? [])]);
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    assert.equal(all.filter(({ kind }) => kind === 'session').length, variedSessions().length);
  }
});

test('a filter matches words and fields, and says how many rows it hides', () => {
  const rows = rowsOf([
    sessionRecord({ id: 'a', name: 'refactor-auth', tool: 'claude', contextName: 'api' }),
    sessionRecord({ id: 'b', name: 'fix-css', tool: 'codex', contextName: 'web site' }),
  ]);
  const shown = (source: string) =>
    rows.filter((row) => matchesFilter(parseFilter(source), row)).map(({ session }) => session.id);
  assert.deepEqual(shown(''), ['a', 'b']);
  assert.deepEqual(shown('AUTH'), ['a']);
  assert.deepEqual(shown('agent:codex'), ['b']);
  assert.deepEqual(shown('context:"web site" css'), ['b']);
  assert.deepEqual(shown('agent:codex auth'), []);
  assert.deepEqual(shown('state:running'), ['a', 'b']);
  assert.equal(buildSessionTree(rows, { groupBy: 'status', filter: parseFilter('auth') }).hidden, 1);
});

test('a row moves when its word has held two seconds, at once when it begins or ends needing input', () => {
  const hold = new GroupHold();
  assert.equal(hold.place('s', 'Working', 0), 'Working');
  assert.equal(hold.place('s', 'To review', 1000), 'Working');
  assert.equal(hold.nextMove(1500), 1500);
  assert.equal(hold.place('s', 'Working', 2000), 'Working');
  assert.equal(hold.place('s', 'To review', 2500), 'Working');
  assert.equal(hold.place('s', 'To review', 4500), 'To review');
  assert.equal(hold.nextMove(4500), undefined);
  assert.equal(hold.place('s', 'Needs input', 4600), 'Needs input');
  assert.equal(hold.place('s', 'Working', 4700), 'Working');
});

test('the status bar counts what matters and leaves out what is zero', () => {
  assert.equal(statusLine({ needInput: 0, toReview: 0, working: 0 }), undefined);
  assert.deepEqual(statusLine({ needInput: 2, toReview: 1, working: 3 }), {
    parts: [
      { icon: 'bell-dot', text: '2' },
      { icon: 'pass', text: '1' },
      { icon: 'pulse', text: '3' },
    ],
    spoken: '2 need input, 1 to review, 3 working',
  });
  assert.deepEqual(statusLine({ needInput: 0, toReview: 0, working: 1 })?.parts, [{ icon: 'pulse', text: '1' }]);
});

test('only what is new is told, and what happens together is told together', () => {
  const finder = new RowNotices();
  const working = sessionRecord({ id: 'a', name: 'refactor-auth', state: 'working' });
  const other = sessionRecord({ id: 'b', name: 'fix-css', state: 'working' });
  assert.deepEqual(finder.look(rowsOf([working, other]), 'all'), []);
  const waiting = { ...working, state: 'waiting', waiting: { kind: 'question', text: 'Which colour?' } } as const;
  const [notice] = finder.look(rowsOf([waiting, other]), 'needsInput');
  assert.equal(notice?.text, 'refactor-auth asks: Which colour?');
  assert.deepEqual(finder.look(rowsOf([waiting, other]), 'needsInput'), []);
  const failed = { ...other, status: 'failed', state: null, exitCode: 3, unread: true } as const;
  assert.deepEqual(
    finder.look(rowsOf([waiting, failed]), 'needsInput').map(({ text }) => text),
    ['fix-css failed (exit 3)'],
  );
  const both = new RowNotices();
  both.look(rowsOf([working, other]), 'all');
  const notices = both.look(rowsOf([waiting, { ...waiting, id: 'b', name: 'fix-css' }]), 'all');
  assert.equal(mergedText(notices), '2 sessions need input');
});

test('an error is told once, however many sessions it hits, and again after it was gone', () => {
  const finder = new RowNotices();
  const told = (sessions: readonly Session[]): string[] =>
    finder.look(rowsOf(sessions), 'needsInput').map(({ text }) => text);
  const working = ['a', 'b', 'c'].map((id) => sessionRecord({ id, name: id, state: 'working' }));
  const [a, b, c] = working.map(
    (session) => ({ ...session, state: 'idle', unread: true, error: '401 Unauthorized' }) as const,
  );
  assert.ok(a && b && c);
  told(working);
  assert.deepEqual(told([a, b, ...working.slice(2)]), ['a ended in an error: 401 Unauthorized']);
  assert.deepEqual(told([a, b, c]), []);
  assert.deepEqual(told([a, b, { ...c, changed: '2026-01-02T03:05:00.000Z', error: '500 Internal Server Error' }]), [
    'c ended in an error: 500 Internal Server Error',
  ]);
  told(working);
  assert.deepEqual(told([a, ...working.slice(1)]), ['a ended in an error: 401 Unauthorized']);
});

test('a request is told once, however its state flickers and whenever it becomes known what is asked', () => {
  const finder = new RowNotices();
  const told = (session: Session): number => finder.look(rowsOf([session]), 'needsInput').length;
  const working = sessionRecord({ state: 'working' });
  const vague = {
    ...working,
    state: 'waiting',
    waiting: { kind: 'permission', text: 'Bash' },
    changed: '2026-01-02T03:05:00.000Z',
  } as const;
  const asked = {
    ...vague,
    waiting: { kind: 'permission', text: 'npm publish' },
    request: pendingRecord({ id: 'r1' }),
  } as const;
  told(working);
  assert.equal(told(vague), 1);
  assert.equal(told(asked), 0, 'now it is known what is asked');
  assert.equal(told({ ...working, changed: '2026-01-02T03:05:01.000Z' }), 0);
  assert.equal(told({ ...asked, changed: '2026-01-02T03:05:02.000Z' }), 0, 'the same request again');
  assert.equal(told({ ...asked, request: pendingRecord({ id: 'r2' }) }), 1, 'another one of the same words');
  told({ ...working, changed: '2026-01-02T03:05:03.000Z' });
  assert.equal(told({ ...vague, changed: '2026-01-02T03:05:04.000Z' }), 1);
  assert.equal(told({ ...asked, request: pendingRecord({ id: 'r3' }), changed: '2026-01-02T03:05:04.000Z' }), 0);
});

test('what was answered or looked at before it could be told is not told, and the rest as it is known by then', () => {
  const finder = new RowNotices();
  const working = ['a', 'b', 'c'].map((id) => sessionRecord({ id, name: id, state: 'working' }));
  finder.look(rowsOf(working), 'all');
  const asks = (text: string) => ({ state: 'waiting', waiting: { kind: 'permission', text } }) as const;
  const [a, b, c] = working as [Session, Session, Session];
  const found = finder.look(
    rowsOf([
      { ...a, ...asks('Bash') },
      { ...b, ...asks('rm') },
      { ...c, state: 'idle', unread: true },
    ]),
    'all',
  );
  assert.equal(found.length, 3);
  const later = rowsOf([
    { ...a, ...asks('npm publish'), request: pendingRecord({ id: 'r1' }) },
    b,
    { ...c, state: 'idle' },
  ]);
  const still = stillTrue([...found, ...found], (id) => later.find(({ session }) => session.id === id));
  assert.deepEqual(
    still.map(({ text, key }) => [text, key]),
    [['a needs permission: npm publish', 'a-needsInput-r1']],
  );
});

test('what ended on another machine before it could be known here is no news, a question there is', () => {
  const finder = new RowNotices();
  finder.look([], 'all');
  const old = sessionRecord({ id: 'a', status: 'failed', state: null, exitCode: 1, unread: true });
  const asks = sessionRecord({ id: 'b', state: 'waiting', waiting: { kind: 'question', text: 'Which colour?' } });
  assert.deepEqual(
    finder.look(rowsOf([old, asks]), 'all').map(({ sessionId }) => sessionId),
    ['b'],
  );
});

test('what has finished is told only to those who want all', () => {
  for (const [setting, count] of [
    ['needsInput', 0],
    ['off', 0],
    ['all', 1],
  ] as const) {
    const finder = new RowNotices();
    const working = sessionRecord({ state: 'working' });
    finder.look(rowsOf([working]), setting);
    assert.equal(finder.look(rowsOf([{ ...working, state: 'idle', unread: true }]), setting).length, count, setting);
  }
});

test('a log begins with what it is and ends with how it ended', () => {
  const session = sessionRecord({
    name: 'refactor-auth',
    status: 'failed',
    state: null,
    exitCode: 3,
    completed: '2026-01-02T03:16:09.000Z',
  });
  assert.match(logHeader(session, 'Claude Code', undefined), /^— refactor-auth · Claude Code · demo · .*\d\d:\d\d —$/);
  assert.match(logHeader(session, 'Claude Code', 'lab'), / · demo @lab · /);
  assert.equal(logFooter(session), '— failed, exit 3, after 12m 4s —');
  assert.equal(logFooter({ ...session, status: 'completed', exitCode: 0 }), '— completed, after 12m 4s —');
  assert.equal(logFooter(sessionRecord()), undefined);
  assert.equal(cutLine(18_000_000), '— 18 MB earlier: Code Manager: Open Whole Log —');
  assert.equal(cutLine(0), undefined);
});

test('text is passed on in few pieces, in order and complete', async () => {
  const pieces: string[] = [];
  let due: (() => void) | undefined;
  const schedule = (run: () => void) => {
    due = run;
    return { cancel: () => (due = undefined) };
  };
  const writer = new BatchWriter({ append: (text) => pieces.push(text) }, schedule, 100);
  for (let i = 0; i < 50; i++) writer.write(`${i}\n`);
  assert.equal(pieces.length, 0);
  assert.ok(writer.isFull);
  const drained = writer.drained();
  due?.();
  await drained;
  assert.deepEqual(pieces, [Array.from({ length: 50 }, (_, i) => `${i}\n`).join('')]);
  writer.write('lost');
  writer.discard();
  due?.();
  assert.equal(pieces.length, 1);
});

test('a very long line is cut for the editor', () => {
  assert.ok(joinLines(['x'.repeat(100_000)]).length < 5000);
});

test('arguments are split as in a shell, without running anything', () => {
  assert.deepEqual(splitWords(`--model "big one" 'a b' c\\ d $(rm -rf) ""`), [
    '--model',
    'big one',
    'a b',
    'c d',
    '$(rm',
    '-rf)',
    '',
  ]);
  assert.equal(splitWords('"open'), undefined);
  for (const words of [['a b', 'c"d', '\\', ''], ['--x=1']]) assert.deepEqual(splitWords(joinWords(words)), words);
  assert.deepEqual(parseEnvironment('A=1 B="x y"'), { A: '1', B: 'x y' });
  assert.equal(parseEnvironment('nonsense'), 'nonsense is not NAME=value');
});

test('what was pasted into one line gets its line breaks again, and what was typed stays', () => {
  const cases: [value: string, clipboard: string, whole: string | undefined][] = [
    ['first second', 'first\nsecond\n', 'first\nsecond'],
    ['typed firstsecond', 'first\r\nsecond', 'typed first\r\nsecond'],
    ['do: first   second now', 'first\n  second', 'do: first\n  second now'],
    ['  indented', '\n  indented', '  indented'],
    ['first second', 'first second', undefined],
    ['first second', 'first second\n', undefined],
    ['something else', 'first\nsecond', undefined],
    ['', '\n\n', undefined],
  ];
  for (const [value, clipboard, whole] of cases) assert.equal(withPastedLines(value, clipboard), whole, value);
});

test('the home folder is written as people write it', () => {
  assert.equal(shortPath('/home/a/src/api', '/home/a'), '~/src/api');
  assert.equal(shortPath('/home/ab', '/home/a'), '/home/ab');
  assert.equal(shortPath('/root', undefined), '/root');
});

test('each of several pastes keeps its line breaks, whatever was typed around it or taken away again', () => {
  const pasted = ['one\ntwo', 'three\n\nfour\n'];
  assert.equal(withAllLines('see: one two and three  four, please', pasted), 'see: one\ntwo and three\n\nfour, please');
  assert.equal(withAllLines('onetwo', pasted), 'one\ntwo');
  assert.equal(withAllLines('three', pasted), 'three');
  assert.equal(withAllLines('nothing pasted', []), 'nothing pasted');
});
