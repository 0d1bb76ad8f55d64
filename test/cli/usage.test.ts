import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.js';
import { TestHome } from '../helpers/testHome.js';

test('cm alone and cm --help list every command and start no server', async (t) => {
  const home = new TestHome(t);
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { code, stdout, stderr } = await home.run(args);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const { path } of COMMANDS) assert.match(stdout, new RegExp(`^  ${path.join(' ')} `, 'm'));
  }
  assert.ok(!existsSync(home.cm));
});

test('every command has help with its arguments, its flags and --json', async (t) => {
  const home = new TestHome(t);
  await Promise.all(
    COMMANDS.map(async ({ path, args, flags, aliases = [] }) => {
      const { code, stdout } = await home.run([...path, '--help']);
      assert.equal(code, 0, path.join(' '));
      for (const { name } of args) assert.ok(stdout.includes(name), `${path.join(' ')}: ${name}`);
      for (const { name } of [...flags, { name: 'json' }]) assert.ok(stdout.includes(`--${name}`));
      for (const alias of aliases) assert.ok(stdout.includes(`cm ${alias.join(' ')}`));
    }),
  );
});

test('help of an alias and by the word help is the same', async (t) => {
  const home = new TestHome(t);
  const help = await home.ok('status', '--help');
  assert.equal(await home.ok('ls', '-h'), help);
  assert.equal(await home.ok('help', 'status'), help);
});

const wrong: [string, string[], RegExp][] = [
  ['an unknown command', ['frobnicate'], /Unknown command "frobnicate"/],
  ['a misspelt command, with a guess', ['sttaus'], /Did you mean `cm status`\?/],
  ['a command of a group that does not exist', ['ctx', 'frobnicate'], /Unknown command "ctx frobnicate"/],
  ['a group alone', ['server'], /server restart/],
  ['a missing argument', ['logs'], /ID is missing. See `cm logs --help`\./],
  ['an argument too many', ['rename', 'a', 'b', 'c'], /"c" is one argument too many/],
  ['an unknown flag', ['status', '--frobnicate'], /Unknown flag --frobnicate/],
  ['an unknown flag of an agent', ['start', 'claude', '--verbose'], /stands after `--`/],
  ['a flag without its value', ['start', 'shell', 'x', '--name'], /--name needs a value/],
  ['a flag whose value was forgotten', ['start', 'shell', 'x', '--name', '--json'], /--name needs a value/],
  ['a switch with a value', ['status', '--watch=yes'], /--watch takes no value/],
  ['a flag given twice', ['status', '--tool', 'a', '--tool', 'b'], /given twice/],
  ['a flag before the command', ['--json', 'status'], /Unknown flag --json before a command/],
  ['a time that is none', ['stop', 'x', '--timeout', 'soon'], /--timeout takes a time/],
  ['a number that is none', ['logs', 'x', '-n', 'many'], /-n takes a number/],
  ['a goal that is none', ['wait', 'x', '--for', 'ever'], /--for takes input, idle or ended/],
  ['an exit status of what has not ended', ['wait', 'x', '--for', 'idle', '--exit-status'], /--for ended/],
  ['no text to send', ['send', 'x'], /Give a TEXT/],
  ['two texts to send', ['send', 'x', 'y', '--file', 'z'], /Give a TEXT/],
  ['no key', ['key', 'x'], /KEY is missing/],
  ['an unknown shell', ['completion', 'tcsh'], /not for "tcsh"/],
  ['following and attaching', ['start', 'shell', 'x', '-f', '-a'], /exclude each other/],
  ['two tasks', ['start', 'shell', 'x', '--task-file', 'y'], /exclude each other/],
  ['a task file that does not exist', ['start', 'shell', '--task-file', 'none.md'], /none.md: it does not exist/],
  ['a variable that is none', ['start', 'shell', 'x', '--env', 'NAME'], /"NAME" is not KEY=VALUE/],
  ['a machine that is not named', ['machine', 'connect'], /MACHINE is missing/],
  ['a user without a host', ['ctx', 'add', 'x', '/src', '--user', 'anna'], /--user needs --host HOST/],
  ['a rule of another effect', ['policy', 'add', 'maybe'], /allow, ask or deny/],
  ['an approval without a session', ['approve'], /ID is missing/],
  ['nothing to change', ['ctx', 'edit', 'x'], /Nothing to change/],
  ['events since something else', ['events', '--since', 'monday'], /number of a change/],
  ['raw JSON', ['logs', 'x', '--raw', '--json'], /exclude each other/],
];

test('wrong use exits with 2 and says on the standard error what is wrong', async (t) => {
  const home = new TestHome(t);
  for (const [what, args, message] of wrong) {
    const { code, stdout, stderr } = await home.run(args);
    assert.equal(code, 2, `${what}: ${stderr}`);
    assert.equal(stdout, '', what);
    assert.match(stderr, message, what);
  }
});

test('the version is that of the package', async (t) => {
  const home = new TestHome(t);
  const version = await home.ok('version');
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.equal(await home.ok('--version'), version);
  const { build, ...rest } = await home.json('version');
  assert.deepEqual(rest, { version });
  assert.match(String(build), /^[0-9a-f]{12}$/);
});
