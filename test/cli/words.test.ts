import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { App } from '../../src/cli/app.js';
import type { Command, Flag } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { Output } from '../../src/cli/output.js';
import { parseInvocation } from '../../src/cli/parse.js';
import { stripTerminal } from '../../src/common/terminalText.js';
import { errorText } from '../../src/protocol/errors.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

/** What a library, the runtime or the shape of our own code looks like. */
const NOT_OURS =
  /✖|→ at|invalid (?:input|string|option|key)|expected|received|unrecognized|undefined|\bat .*:\d+:\d+|function|=>/i;

/** How many sentences a text has; what somebody gave or could type is a word of one. */
function sentencesOf(text: string): number {
  const plain = text.replace(/`[^`]*`|"[^"]*"|“[^”]*”/g, 'word');
  return plain.split(/[.?!](?:\s+(?=\p{Lu})|$)/u).filter((sentence) => sentence.trim() !== '').length;
}

/** Begins with a capital, or with the exact word that somebody gave; is one line, and one or two sentences. */
function assertSentence(text: string, what: string): void {
  assert.match(text, /^["“\p{Lu}/][^\n]*$/u, what);
  assert.doesNotMatch(text, NOT_OURS, what);
  // The names of fields are for programs.
  assert.doesNotMatch(text, /^The field|Ms\b|\w\.\d+ /, what);
  assert.ok(sentencesOf(text) <= 2, `${what}: ${text}`);
}

/** Those that do more than ask: they would replace, end or hand over something, or go on for ever. */
const ACTS = new Set([
  'events',
  'server run',
  'server stop',
  'server restart',
  'attach',
  'machine connect',
  'machine install',
]);

const BAD = ['', ' ', '0', '\x1b[31m', '-1', '1X=2', '9'.repeat(18) + 'd', 'x'.repeat(300), 'a\nb', '💥'];

function words(command: Command, flag: Flag | undefined, value: string): string[] {
  const args = command.args
    .filter(({ isOptional }) => isOptional !== true)
    .map(({ name }) =>
      flag === undefined ? value : name === 'TOOL' ? 'shell' : name === 'EFFECT' ? 'allow' : 'nothing',
    );
  const given = flag === undefined ? [] : [`--${flag.name}=${value}`];
  const where = command.path[0] === 'start' && flag?.name !== 'ctx' ? ['--ctx', 'nothing'] : [];
  return [...given, ...where, '--', ...args];
}

test('whatever value a flag or an argument gets, what is refused is refused by a sentence of ours', async (t) => {
  const home = new TestHome(t);
  await home.ok('status');
  const streams = [new PassThrough(), new PassThrough()].map((stream) => stream.resume() as unknown);
  const [stdout, stderr] = streams as [NodeJS.WriteStream, NodeJS.WriteStream];
  const app = new App(new Output(stdout, stderr, false, {}), home.env);
  t.after(() => app.dispose());
  let refused = 0;
  for (const command of COMMANDS) {
    if (ACTS.has(command.path.join(' '))) continue;
    const run = await command.load();
    for (const flag of [undefined, ...command.flags.filter(({ value }) => value !== undefined)]) {
      for (const value of BAD) {
        const given = words(command, flag, value);
        try {
          await run(app, parseInvocation(command, given));
        } catch (error) {
          refused++;
          assertSentence(stripTerminal(errorText(error)), `cm ${[...command.path, ...given].join(' ')}`);
        }
      }
    }
  }
  assert.ok(refused > 300, String(refused));
});

test('a full standard output is said, without a line of our own source', async (t) => {
  const home = new TestHome(t);
  await home.ok('status');
  for (const args of [['--help'], ['version'], ['doctor'], ['ctx', 'list', '--json']]) {
    const { status, stderr } = spawnSync(process.execPath, [join(distDir, 'cm.js'), ...args], {
      env: home.env,
      cwd: home.work,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
    });
    const last = stderr.trim().split('\n').at(-1) ?? '';
    assert.deepEqual([status, last], [1, 'The standard output cannot be written: the disk is full.'], args.join(' '));
  }
  // What cannot be told is done all the same, and that is said.
  const full = (...args: readonly string[]): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(process.execPath, [join(distDir, 'cm.js'), ...args], {
      env: home.env,
      cwd: home.work,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
    });
  const begin = 'The standard output cannot be written: the disk is full. ';
  for (const flags of [[], ['--json']]) {
    const { status, stderr } = full('start', 'shell', 'sleep 100', '--name', `s${flags.length}`, ...flags);
    const { id } = await home.json<{ id: string }>('status', `s${flags.length}`);
    assert.deepEqual([status, stderr], [1, `${begin}Session ${id} was started all the same.\n`]);
    assert.deepEqual(full('kill', id, ...flags).stderr, `${begin}It was done all the same: see cm ls.\n`);
    await home.ok('wait', id);
  }
  assert.match(full('ctx', 'add', 'here', home.work).stderr, /is done all the same\.$/m);
  assert.match(full('policy', 'add', 'deny', '--command', 'x').stderr, /The rule \w+ is in force all the same\.$/m);
  assert.match(full('server', 'token', 'new', 'lost').stderr, /cm server token revoke lost$/m);
  const [rule = ''] = (await home.json<{ rules: { id: string }[] }>('policy', 'list')).rules.map(({ id }) => id);
  const removed = await home.run(['policy', 'remove', 'none', rule]);
  assert.deepEqual([removed.code, removed.stdout], [3, `${rule}\n`]);
  // Remarks that cannot be written cost no result.
  const { status, stdout } = spawnSync(process.execPath, [join(distDir, 'cm.js'), 'status', '--json'], {
    env: home.env,
    stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
    encoding: 'utf8',
  });
  assert.deepEqual([status, (JSON.parse(stdout) as unknown[]).length], [0, 2]);
});

test('a fault of our own is a sentence, never a line of our source', (t) => {
  const home = new TestHome(t);
  // As a fault anywhere would be: thrown where nobody catches.
  const fault = join(home.root, 'fault.cjs');
  writeFileSync(fault, `setTimeout(() => { null.fault }, 200); setTimeout(() => {}, 5000);`);
  for (const program of ['cm.js', 'server.js']) {
    const args = program === 'cm.js' ? ['wait', '--help'] : ['--foreground'];
    const script = `require(${JSON.stringify(fault)}); process.exitCode = undefined;`;
    const { status, stderr } = spawnSync(process.execPath, ['-r', fault, join(distDir, program), ...args], {
      env: { ...home.env, SCRIPT: script },
      cwd: home.work,
      encoding: 'utf8',
    });
    const last = stderr.trim().split('\n').at(-1) ?? '';
    assert.equal(status, 1, program);
    assert.match(
      last,
      /^(?:Something went wrong in cm itself: )?Cannot read properties of null \(reading 'fault'\)\.$/,
    );
    assert.doesNotMatch(stderr, /require\(|=>|\n {4}at /);
  }
});

test('a text that begins with a dash is a text when it has blanks, and else it is said how it is given', async (t) => {
  const home = new TestHome(t);
  for (const task of ['--help me with this']) {
    const id = await home.ok('start', 'shell', task);
    assert.equal((await home.json<{ task: string }>('status', id)).task, task);
  }
  const one = await home.run(['start', 'shell', '--fix']);
  assert.match(one.stderr, /Unknown flag --fix\. .*a task that begins with a dash comes by `-`/);
  const { code, stdout } = await home.run(['start', 'shell', '-'], { input: '--fix' });
  assert.equal(code, 0);
  assert.equal((await home.json<{ task: string }>('status', stdout.trim())).task, '--fix');
  assert.match((await home.run(['send', 'x', '--fix'])).stderr, /If it is the TEXT, put `--` in front of it/);
  const session = await home.ok(
    'start',
    'shell',
    'stty -echo; echo ready; while read -r line; do echo "<$line>"; done',
  );
  await until('it is ready', async () => (await home.ok('logs', session)).includes('ready'));
  await home.ok('send', session, '- one');
  await home.ok('send', session, '--', '--two');
  await until('both came', async () => /<- one>[^]*<--two>/.test(await home.ok('logs', session)));
});

test('a word is a text or a flag by what it looks like', () => {
  const start = COMMANDS.find(({ path }) => path[0] === 'start') ?? assert.fail();
  for (const text of ['- x', '-- x', '-n all of it', '-x=1 do this', '--name is wrong', '-f x', '-\nx', '--no\tx']) {
    assert.deepEqual(parseInvocation(start, ['claude', text]).args, ['claude', text]);
  }
  assert.equal(parseInvocation(start, ['claude', '--name=two words', 'x']).value('name'), 'two words');
  assert.ok(parseInvocation(start, ['claude', '-f', '- x']).has('follow'));
  for (const word of ['--nope', '-x', '--nope=two words'.split(' ')[0] ?? '']) {
    assert.throws(() => parseInvocation(start, ['claude', word]), { message: /^Unknown flag/ });
  }
  assert.throws(() => parseInvocation(start, ['claude', '--name', '- x']), { message: /--name needs a value/ });
});

test('a command whose first letter is a dash is run as a command', async (t) => {
  const home = new TestHome(t);
  mkdirSync(join(home.work, 'bin'));
  writeFileSync(join(home.work, 'bin', '-x'), '#!/bin/sh\necho "ran $1"\n', { mode: 0o755 });
  const id = await home.ok('start', 'shell', '-x it', '--env', `PATH=${join(home.work, 'bin')}:/usr/bin:/bin`);
  await home.ok('wait', id);
  assert.match(await home.ok('logs', id), /ran it/);
});

test('nothing is started or sent where nothing was read', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.work, 'empty'), '\n');
  for (const [args, message] of [
    [['start', 'shell', '-'], /^The standard input is empty, so there is no task\./],
    [['start', 'shell', '--task-file', 'empty'], /^The file empty is empty, so there is no task\./],
    [['send', 'x', '-'], /^The standard input is empty, so there is no text\./],
    [['send', 'x', '--file', 'empty'], /^The file empty is empty, so there is no text\./],
  ] as const) {
    const { code, stderr } = await home.run(args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
  assert.equal(await home.ok('status', '-q'), '');
});

test('a folder of bytes that are no text is refused for that', (t) => {
  const home = new TestHome(t);
  const script = `mkdir "$(printf 'bad\\377')" && cd "$(printf 'bad\\377')" && exec "$0" "$@"`;
  const cm = join(distDir, 'cm.js');
  const run = (...args: string[]): string =>
    spawnSync('sh', ['-c', `${script} || exit 9`, process.execPath, cm, ...args], {
      env: home.env,
      cwd: home.root,
      encoding: 'utf8',
    }).stderr;
  assert.match(run('start', 'shell', 'true'), /^The path of the current folder has bytes that are no UTF-8\. Rename/);
});

test('a word of bytes that are no text is refused for that, and a mark that somebody typed is text', async (t) => {
  const home = new TestHome(t);
  const script = `exec "$0" "$1" start shell "$(printf "$2")"`;
  const run = (text: string): { readonly status: number | null; readonly stderr: string } =>
    spawnSync('sh', ['-c', script, process.execPath, join(distDir, 'cm.js'), text], {
      env: home.env,
      cwd: home.work,
      encoding: 'utf8',
    });
  assert.match(run('echo \\377').stderr, /^What was typed has bytes that are no UTF-8\. /);
  assert.equal(await home.ok('status', '-q'), '');
  assert.equal(run('true # \ufffd').status, 0);
});

test('a home that is not there gets no folder', (t) => {
  const home = new TestHome(t);
  const { CM_HOME: _, ...env } = home.env;
  const gone = join(home.root, 'gone');
  const { status, stderr } = spawnSync(process.execPath, [join(distDir, 'cm.js'), 'ls'], {
    env: { ...env, HOME: gone },
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr.startsWith(`HOME is ${gone}, which does not exist. `)], [2, true], stderr);
  assert.equal(existsSync(gone), false);
});

test('an archived session is called archived by whatever cannot be done with it, and not by an id that nobody typed', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'exit 0', '--name', 'old');
  await home.ok('wait', id);
  await home.ok('rm', 'old');
  for (const args of [
    ['send', 'old', 'x'],
    ['key', 'old', 'Enter'],
    ['attach', 'old'],
    ['stop', 'old'],
    ['kill', 'old'],
    ['interrupt', 'old'],
    ['rename', 'old', 'x'],
    ['rm', 'old'],
  ]) {
    const { code, stderr } = await home.run(args);
    assert.deepEqual([code, stderr.startsWith('Session old is archived. ')], [6, true], `${args.join(' ')}: ${stderr}`);
  }
  assert.equal((await home.json<{ archived: boolean }>('status', 'old')).archived, true);
});

test('a server in the foreground that cannot run says a sentence, with the exit code of it', async (t) => {
  const home = new TestHome(t);
  const { code, stderr } = await home.run(['server', 'run', '--port', 'x']);
  assert.deepEqual([code, stderr], [2, 'The flag --port takes a number from 0 to 65535, not "x".\n']);
});

test('the help of keys and of texts names what answers a request', () => {
  for (const name of ['send', 'key']) {
    const details = COMMANDS.find(({ path }) => path.join(' ') === name)?.details ?? '';
    for (const answer of ['cm approve', 'cm deny', 'cm answer'])
      assert.ok(details.includes(answer), `${name}: ${answer}`);
  }
});

test('a line of any length comes whole where a program or a file takes it', async (t) => {
  const home = new TestHome(t);
  const print = `{"text":"%s"}\\n`;
  const id = await home.ok('start', 'shell', `printf '${print}' "$(head -c 90000 /dev/zero | tr '\\0' x)"; echo '{}'`);
  await home.ok('wait', id);
  for (const flags of [[], ['-n', 'all'], ['-f'], ['-n', '2', '-f']]) {
    const [long = '', short = ''] = (await home.ok('logs', id, ...flags)).split('\n');
    assert.equal((JSON.parse(long) as { text: string }).text.length, 90_000, flags.join(' '));
    assert.deepEqual(JSON.parse(short), {});
  }
  const [record = ''] = (await home.ok('logs', id, '--json')).split('\n');
  assert.equal((JSON.parse(record) as { line: string }).line.length, 90_011);
});

interface Check {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly fix: string | null;
}

test('doctor says each thing once and in its own row, blames what was read, and names the command that a start names', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.user, '.bash_profile'), 'exit 0\n');
  writeFileSync(join(home.user, '.bashrc'), 'exit 9\n');
  const checks = await home.json<Check[]>('doctor');
  const shell = checks.filter(({ name }) => name === 'login shell');
  assert.ok(shell.length >= 2);
  for (const { status, detail } of shell) {
    assert.equal(status, 'warning');
    assert.match(detail, /^[~\p{Lu}][^.]*(?:\.\w[^.]*)*$/u, 'one sentence');
    assert.doesNotMatch(detail, /bashrc/);
  }
  assert.match(shell[0]?.detail ?? '', /^~\/\.bash_profile ended or replaced the shell: line 1, `exit 0`$/);
  assert.equal(shell.filter(({ fix }) => fix !== null).length, 1);
  const agents = checks.find(({ name }) => name === 'agents') ?? assert.fail();
  // Where there is one already nothing is to be installed.
  if (agents.status === 'warning') {
    for (const name of ['.bash_profile', '.bashrc']) rmSync(join(home.user, name));
    const { code, stderr } = await home.run(['start', 'claude', 'x']);
    assert.deepEqual([code, stderr.endsWith(`Install it: ${String(agents.fix)}\n`)], [7, true], stderr);
  }
  await home.ok('ctx', 'add', 'here', home.work);
  const steps = await home.json<Check[]>('ctx', 'test', 'here');
  assert.deepEqual(
    steps.filter(({ name }) => name === 'disk').map(({ status }) => status),
    ['ok'],
    'nothing is wrong with the disk',
  );
});

test('a file of variables is read by cm, and by nothing that runs it', (t) => {
  const home = new TestHome(t);
  const cm = (...args: string[]): { status: number | null; stderr: string } =>
    spawnSync(join(distDir, 'cm.js'), args, { env: home.env, cwd: home.work, encoding: 'utf8' });
  const missing = cm('start', 'shell', 'true', '--env-file', '/nowhere');
  assert.deepEqual([missing.status, missing.stderr], [2, 'Cannot read /nowhere: it does not exist.\n']);
  // Not for cm: it would be another home, and a Node that does not start.
  writeFileSync(join(home.work, 'env'), `CM_HOME=${join(home.root, 'other')}\nNODE_OPTIONS=--bogus\n`);
  const started = cm('start', 'shell', 'true', '--env-file', 'env');
  assert.equal(started.status, 0, started.stderr);
  assert.ok(!existsSync(join(home.root, 'other')));
});

test('what is no text is refused, whatever it comes by', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.work, 'latin1'), Buffer.from('A=caf\xe9\n', 'latin1'));
  for (const args of [
    ['start', 'shell', '--task-file', 'latin1'],
    ['start', 'shell', 'true', '--env-file', 'latin1'],
    ['send', 'x', '--file', 'latin1'],
  ]) {
    const { code, stderr } = await home.run(args);
    assert.deepEqual([code, stderr.split('.')[0]], [2, 'The file latin1 has bytes that are no UTF-8'], args.join(' '));
  }
  assert.equal(await home.ok('status', '-q'), '');
});

test('a list that is empty for what was asked says so, and a state that there is not is refused', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'work', '.', '--tags', 'b');
  await home.ok('wait', await home.ok('start', 'shell', 'true'));
  const said = async (...args: string[]): Promise<string> => (await home.run(args)).stderr.trim();
  assert.match(
    await said('status', '--state', 'nope'),
    /^No state is called "nope"\. There are starting, .*needs-input/,
  );
  assert.equal(await said('status', '--tool', 'nope', '--tag', 'b'), 'No session fits --tool and --tag.');
  assert.equal(await said('ctx', 'list', '--tag', 'a'), 'No context has the tag "a".');
  for (const state of ['completed', 'Needs input', 'needs-input', 'waiting']) {
    assert.equal((await home.run(['status', '--state', state])).code, 0, state);
  }
});

test('a flag that needs a terminal starts nothing where there is none', async (t) => {
  const home = new TestHome(t);
  assert.equal((await home.run(['start', 'shell', 'true', '--attach'])).code, 2);
  assert.equal(await home.ok('status', '-q'), '');
});

test('who stops early is told the command that begins so', async (t) => {
  const home = new TestHome(t);
  for (const [word, command] of [
    ['stat', 'status'],
    ['comp', 'completion'],
    ['statsu', 'status'],
  ] as const) {
    assert.match((await home.run([word])).stderr, new RegExp(`Did you mean \`cm ${command}\``), word);
  }
});

test('what no list takes is refused also where changes are waited for', async (t) => {
  const home = new TestHome(t);
  for (const [flags, code] of [
    [['--ctx', 'nope'], 3],
    [['--state', 'nope'], 2],
  ] as const) {
    assert.equal((await home.run(['status', '-w', ...flags])).code, code, flags.join(' '));
  }
});

test('a name is found however its accents are given', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'true', '--name', 'cafe\u0301');
  assert.equal((await home.json<{ id: string }>('status', 'caf\u00e9')).id, id);
  const other = await home.ok('start', 'shell', 'true', '--name', 'caf\u00e9');
  assert.equal((await home.json<{ id: string }>('status', 'caf\u00e9')).id, other);
  assert.equal((await home.json<{ id: string }>('status', 'cafe\u0301')).id, id);
});

test('it is told how a text is given only where one is missing, and an agent that there is not is named', async (t) => {
  const home = new TestHome(t);
  const said = async (...args: string[]): Promise<string> => (await home.run(args)).stderr.trim();
  assert.equal(await said('ctx', 'edit', 'x', '--nope'), 'Unknown flag --nope. See `cm ctx edit --help`.');
  assert.match(await said('rename', 'x', '--nope'), /If it is the NAME, put `--` in front of it\.$/);
  assert.match(await said('answer', 'x', 'a', '--nope'), /If it is the OPTION\|TEXT, put/);
  const rule = await home.run(['policy', 'add', 'deny', '--command', 'git push', '--tool', 'cluade']);
  assert.deepEqual([rule.code, rule.stderr.split(':')[0]], [0, 'No agent is called cluade on this machine']);
  assert.equal(await said('policy', 'add', 'deny', '--command', 'git push', '--tool', 'claude'), '');
});
