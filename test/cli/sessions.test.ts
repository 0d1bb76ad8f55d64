import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Session } from '../../src/protocol/session.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

const FIELDS = [
  'id',
  'name',
  'contextId',
  'tool',
  'task',
  'mode',
  'status',
  'state',
  'unread',
  'started',
  'completed',
  'exitCode',
  'signal',
];

test('five lines come as they are printed, and the session ends as failed with its exit code', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'demo', home.work);
  const rest = 'until [ -e go ]; do sleep 0.1; done; for i in 2 3 4 5; do echo line $i; done; exit 3';
  const task = `echo line 1; ${rest}`;
  const record = await home.json<Session>('start', 'shell', task, '--ctx', 'demo');
  for (const field of FIELDS) assert.ok(field in record, field);
  assert.equal(record.task, task);
  const following = home.spawn(['logs', record.id, '-f']);
  await following.line(/^line 1$/);
  assert.deepEqual(following.lines, ['line 1'], 'it comes before the last one is printed');
  writeFileSync(join(home.work, 'go'), '');
  const { code, stdout } = await following.result();
  assert.equal(code, 0);
  assert.equal(stdout, 'line 1\nline 2\nline 3\nline 4\nline 5\n');
  const ended = await home.json<Session>('status', record.id);
  assert.equal(ended.status, 'failed');
  assert.equal(ended.exitCode, 3);
  assert.match(ended.completed ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(await home.ok('logs', record.id), 'line 1\nline 2\nline 3\nline 4\nline 5');
});

test('the list has one line for each session, with the word that people see, and filters', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'one', home.work, '--tags', 'red');
  await home.ok('ctx', 'add', 'two', home.user);
  const running = await home.ok('start', 'shell', 'sleep 1000', '--ctx', 'one', '--name', 'runner');
  const ended = await home.ok('start', 'shell', 'exit 0', '--ctx', 'two', '--name', 'ender');
  assert.match(running, /^[0-9a-hjkmnp-tv-z]{12}$/);
  assert.equal(await home.ok('wait', ended), 'Completed');

  const [header, ...rows] = (await home.ok('status')).split('\n');
  assert.match(header ?? '', /^ID +NAME +TOOL +CONTEXT +STATUS +AGE +DETAIL$/);
  assert.equal(rows.length, 2);
  assert.match(rows[0] ?? '', new RegExp(`^${ended}  ender +shell  two +Completed +now +after \\d+s$`));
  assert.match(rows[1] ?? '', new RegExp(`^${running}  runner +shell  one +Running +now`));
  const withoutAges = (list: string): string => list.replace(/now|\d+s/g, '<age>');
  assert.equal(withoutAges(await home.ok('ls')), withoutAges(await home.ok('list')));

  const ids = async (...args: string[]): Promise<string> => (await home.run(['status', '-q', ...args])).stdout.trim();
  assert.equal(await ids(), `${ended}\n${running}`);
  assert.equal(await ids('--ctx', 'one'), running);
  assert.equal(await ids('--tag', 'red'), running);
  assert.equal(await ids('--state', 'completed'), ended);
  assert.equal(await ids('--state', 'needs-input'), '');
  assert.equal(await ids('--tool', 'claude'), '');
  const all = await home.json<Session[]>('status', '--ctx', 'two');
  assert.deepEqual(
    all.map(({ id }) => id),
    [ended],
  );
  const shown = await home.ok('status', 'runner');
  assert.match(shown, new RegExp(`^id +${running}$`, 'm'));
  assert.match(shown, /^status +Running/m);
  assert.match(shown, /^task +sleep 1000$/m);
  assert.equal((await home.json<Session>('status', running.slice(0, 11))).id, running);
  const none = await home.run(['status', 'none']);
  assert.equal(none.code, 3);
  const short = await home.run(['status', running.slice(0, 1)]);
  assert.equal(short.code, 3);
  const ambiguous = await home.run(['status', running.slice(0, 4)]);
  assert.ok([3, 6].includes(ambiguous.code ?? 0), 'a prefix of both is ambiguous');
});

test('an empty list says so on the standard error and is an empty array as JSON', async (t) => {
  const home = new TestHome(t);
  const { code, stdout, stderr } = await home.run(['status']);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: 'No sessions.\n' });
  assert.deepEqual(await home.json('status'), []);
});

test('without --ctx the context is the folder, made when there is none', async (t) => {
  const home = new TestHome(t);
  const below = join(home.work, 'below');
  mkdirSync(below);
  const first = JSON.parse((await home.run(['start', 'shell', 'true', '--json'])).stdout) as Session;
  assert.equal(first.contextName, 'work');
  const { stdout } = await home.run(['start', 'shell', 'true', '--json'], { cwd: below });
  assert.equal((JSON.parse(stdout) as Session).contextId, first.contextId);
  assert.equal((await home.json<unknown[]>('ctx', 'list')).length, 1);
});

test('a task comes from the standard input or a file, with quotes, line breaks and dollars untouched', async (t) => {
  const home = new TestHome(t);
  const task = `printf '%s\\n' "it's" '$(rm -rf x)' "ü🚀"\necho "second\tline"`;
  writeFileSync(join(home.work, 'task.sh'), task);
  const fromFile = await home.json<Session>('start', 'shell', '--task-file', 'task.sh');
  const fromInput = await home.run(['start', 'shell', '-', '--json'], { input: task });
  for (const session of [fromFile, JSON.parse(fromInput.stdout) as Session]) {
    assert.equal(session.task, task);
    await home.ok('wait', session.id);
    assert.match(await home.ok('logs', session.id), /^it's\n\$\(rm -rf x\)\nü🚀\nsecond +line$/);
  }
});

test('variables and arguments reach the command, and values are not in the record', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.work, '.env'), 'FROM_FILE=file value\nBOTH=file\n');
  const record = await home.json<Session>(
    'start',
    'shell',
    'echo "$FROM_FILE|$BOTH|$SECRET"',
    '--env-file',
    '.env',
    '--env',
    'BOTH=flag',
    '--env',
    'SECRET=hunter2=x',
  );
  assert.doesNotMatch(JSON.stringify(record), /hunter2/);
  await home.ok('wait', record.id);
  assert.equal(await home.ok('logs', record.id), 'file value|flag|hunter2=x');
});

test('what cannot be started is refused with the right exit code', async (t) => {
  const home = new TestHome(t);
  await home.ok('start', 'shell', 'sleep 1000', '--name', 'taken');
  for (const [args, code, message] of [
    [['nonsense', 'x'], 3, /nonsense/],
    [['shell', 'x', '--ctx', 'nowhere'], 3, /nowhere/],
    [['shell', 'x', '--name', 'taken'], 6, /taken/],
    [['shell', 'x', '--name', 'a\nb'], 2, /name/],
    [['claude', 'x'], 7, /install/i],
  ] as const) {
    const result = await home.run(['start', ...args]);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
  }
  const withNul = await home.run(['start', 'shell', '-'], { input: 'echo \0' });
  assert.equal(withNul.code, 2);
  assert.match(withNul.stderr, /NUL/);
});

test('start -f shows the output to its end and exits as the session did', async (t) => {
  const home = new TestHome(t);
  const { code, stdout, stderr } = await home.run(['start', 'shell', 'echo one; sleep 0.3; echo two; exit 3', '-f']);
  assert.equal(code, 3);
  assert.equal(stdout, 'one\ntwo\n');
  assert.match(stderr, /^[0-9a-z]{12}\n$/);
  assert.equal((await home.run(['start', 'shell', 'echo one', '-f'])).code, 0);
  assert.equal((await home.run(['start', 'shell', 'kill -TERM $$', '-f'])).code, 128 + 15);
});

test('text and keys are typed into a session', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'read a; echo "got $a"; read b; echo "got $b"; read c; echo "got $c"');
  const log = home.spawn(['logs', id, '-f']);
  await home.ok('send', id, 'one "$(x)" two');
  await log.line(/^got one "\$\(x\)" two$/);
  await home.run(['send', id, '-'], { input: 'from stdin\n' });
  await log.line(/^got from stdin$/);
  await home.ok('send', id, 'by', '--no-enter');
  await home.ok('key', id, 'x', 'Enter');
  await log.line(/^got byx$/);
  assert.equal((await log.result()).code, 0);
  const late = await home.run(['send', id, 'too late']);
  assert.equal(late.code, 6, late.stderr);
  assert.equal((await home.run(['send', 'none', 'x'])).code, 3);
});

test('an interrupt reaches the program, which decides what it means', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok(
    'start',
    'shell',
    'trap "echo interrupted; exit 7" INT; echo ready; while :; do sleep 0.1; done',
  );
  const log = home.spawn(['logs', id, '-f']);
  await log.line(/^ready$/);
  await home.ok('interrupt', id);
  await log.result();
  assert.match(log.stdout, /interrupted/);
  assert.equal((await home.run(['wait', id, '--exit-status'])).code, 7);
});

test('stop and kill end several sessions at once, and what a person stopped is stopped, not failed', async (t) => {
  const home = new TestHome(t);
  const start = (task: string): Promise<string> => home.ok('start', 'shell', task);
  const [a, b, c] = [await start('sleep 1000'), await start('trap "" TERM HUP; sleep 1000'), await start('sleep 1000')];
  const stopped = await home.run(['stop', a, b, 'none', '--timeout', '300ms']);
  assert.equal(stopped.code, 3, 'the exit code is that of the one that failed');
  assert.deepEqual(stopped.stdout.trim().split('\n').sort(), [a, b].sort());
  assert.match(stopped.stderr, /^none: /);
  assert.equal(await home.ok('kill', c), c);
  for (const id of [a, b, c]) assert.equal((await home.json<Session>('status', id)).status, 'stopped');
  const records = await home.json<Session[]>('kill', await start('sleep 1000'));
  assert.deepEqual(
    records.map(({ status }) => status),
    ['stopped'],
  );
});

test('rm archives, refuses running ones, and --purge deletes record and log', async (t) => {
  const home = new TestHome(t);
  const ended = await home.ok('start', 'shell', 'echo bye');
  await home.ok('wait', ended);
  const running = await home.ok('start', 'shell', 'sleep 1000');
  const refused = await home.run(['rm', running]);
  assert.equal(refused.code, 6, refused.stderr);
  assert.equal(await home.ok('rm', ended), ended);
  assert.equal(await home.ok('status', '-q'), running);
  assert.equal(await home.ok('status', '-a', '-q'), `${running}\n${ended}`);
  assert.equal(await home.ok('logs', ended), 'bye');
  assert.equal(await home.ok('remove', ended, '--purge'), ended);
  assert.equal((await home.run(['logs', ended])).code, 3);
  assert.equal(await home.ok('rm', running, '--force', '--purge'), running);
  assert.deepEqual(await home.json('status', '-a'), []);
});

test('a session is renamed, and names stay unique', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'sleep 1000', '--name', 'before');
  await home.ok('start', 'shell', 'sleep 1000', '--name', 'other');
  assert.equal(await home.ok('rename', 'before', 'after "x" $y'), '');
  assert.equal((await home.json<Session>('status', 'after "x" $y')).id, id);
  assert.equal((await home.run(['rename', id, 'other'])).code, 6);
});

test('wait tells the word that was reached, its exit status, and gives up in time', async (t) => {
  const home = new TestHome(t);
  const endless = await home.ok('start', 'shell', 'sleep 1000');
  const late = await home.run(['wait', endless, '--timeout', '200ms']);
  assert.equal(late.code, 124);
  assert.match(late.stderr, /Timed out/);
  assert.equal(late.stdout, '');
  const seven = await home.ok('start', 'shell', 'sleep 0.3; exit 7');
  const both = home.spawn(['wait', endless, seven, '--exit-status']);
  assert.equal((await home.run(['wait', seven, '--exit-status'])).code, 7);
  const never = await home.run(['wait', seven, '--for', 'input']);
  assert.equal(never.code, 6);
  assert.match(never.stderr, /ended before it needed input/);
  await home.ok('kill', endless);
  const { stdout } = await both.result();
  assert.equal(stdout, `${endless} Stopped\n${seven} Failed\n`);
  const [record] = await home.json<Session[]>('wait', seven);
  assert.equal(record?.exitCode, 7);
  assert.equal((await home.run(['wait', 'none'])).code, 3);
});

test('logs give the last lines, all of them, or the bytes', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok(
    'start',
    'shell',
    'for i in $(seq 30000); do echo "line $i"; done; printf "\\033[31mred\\033[0m"',
  );
  await home.ok('wait', id);
  const all = Array.from({ length: 30_000 }, (_, i) => `line ${i + 1}`);
  const last = (n: number): string => [...all.slice(1 - n), 'red'].join('\n');
  assert.equal(await home.ok('logs', id), last(50));
  assert.equal(await home.ok('logs', id, '-n', '2'), last(2));
  assert.equal(await home.ok('logs', id, '-n', '0'), '');
  assert.equal(await home.ok('logs', id, '-n', '20000'), last(20_000), 'more than the first guess of bytes');
  assert.equal(await home.ok('logs', id, '-n', '20000', '-f'), last(20_000));
  assert.equal(await home.ok('logs', id, '-n', 'all'), [...all, 'red'].join('\n'));
  const { stdout } = await home.run(['logs', id, '-n', 'all', '--raw']);
  assert.equal(stdout, `${all.join('\r\n')}\r\n\x1b[31mred\x1b[0m`);
  assert.equal((await home.run(['logs', id, '-n', '2', '--raw'])).stdout, 'line 30000\r\n\x1b[31mred\x1b[0m');
  assert.equal(readFileSync(join(home.cm, 'sessions', 'active', `${id}.log`), 'utf8'), stdout);
  assert.deepEqual(await home.json('logs', id, '-n', '1'), { line: 'red' });
  assert.equal(await home.ok('logs', id, '--since', '1h', '-n', '1'), 'red');
  assert.equal(await home.ok('logs', id, '--since', '2999-01-01T00:00:00Z'), '');
});

test('a slow reader of a long log gets every byte', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'seq 400000');
  await home.ok('wait', id);
  const slow = home.spawn(['logs', id, '-n', 'all', '--raw']);
  slow.child.stdout.pause();
  await until('the process has begun to write', () => slow.child.stdout.readableLength > 0);
  slow.child.stdout.resume();
  const { code, stdout } = await slow.result();
  assert.equal(code, 0);
  assert.equal(stdout, Array.from({ length: 400_000 }, (_, i) => `${i + 1}\r\n`).join(''));
});

test('a reader that leaves ends the command quietly', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'seq 400000; sleep 1000');
  const log = home.spawn(['logs', id, '-f', '-n', 'all']);
  await log.line(/^1$/);
  log.child.stdout.destroy();
  const { code, stderr } = await log.result();
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test('Ctrl-C exits with 130', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo here; sleep 1000');
  const log = home.spawn(['logs', id, '-f']);
  await log.line(/^here$/);
  assert.equal((await log.interrupt()).code, 130);
});
