import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Invocation } from '../../src/cli/command.js';
import { readMachine, takesToken } from '../../src/cli/machineFlags.js';
import { parseInvocation } from '../../src/cli/parse.js';
import { parsePlace, type Place } from '../../src/cli/place.js';
import type { MachineSpec } from '../../src/protocol/machineKinds.js';
import { errorText } from '../../src/protocol/errors.js';

const PLACES: [string, Place][] = [
  ['/srv/api', { host: undefined, path: '/srv/api' }],
  ['./a:b', { host: undefined, path: './a:b' }],
  ['~/a:b', { host: undefined, path: '~/a:b' }],
  ['src/a:b', { host: undefined, path: 'src/a:b' }],
  ['src', { host: undefined, path: 'src' }],
  ['build-box:src/api', { host: { host: 'build-box' }, path: 'src/api' }],
  ['build-box:~/src', { host: { host: 'build-box' }, path: '~/src' }],
  ['build-box:', { host: { host: 'build-box' }, path: '~' }],
  ['anna@build-box:/srv/a:b', { host: { host: 'build-box', user: 'anna' }, path: '/srv/a:b' }],
  ['anna@[fe80::1]:x', { host: { host: 'fe80::1', user: 'anna' }, path: 'x' }],
  ['ssh://build-box', { host: { host: 'build-box' }, path: '~' }],
  ['ssh://build-box/', { host: { host: 'build-box' }, path: '~' }],
  ['ssh://build-box/~/src', { host: { host: 'build-box' }, path: '~/src' }],
  ['ssh://anna@build-box:2222/srv/a%20b', { host: { host: 'build-box', user: 'anna', port: 2222 }, path: '/srv/a b' }],
  ['SSH://anna@[::1]:22/x', { host: { host: '::1', user: 'anna', port: 22 }, path: '/x' }],
];

for (const [text, place] of PLACES) {
  test(`${text} is understood`, () => assert.deepEqual(parsePlace(text), place));
}

const NO_PLACES: [string, RegExp][] = [
  ['', /empty/],
  ['-oProxyCommand=x:/src', /not a host name/],
  ['ssh://-oProxyCommand=x/src', /not a host name/],
  ['-l@host:/src', /not a user name/],
  ['a b:/src', /not a host name/],
  ['host\n:/src', /not a host name/],
  [':/src', /host is missing/],
  ['ssh:///src', /host is missing/],
  ['ssh://host:99999/src', /number from 1 to 65535/],
  ['ssh://host:/src', /number from 1 to 65535/],
  ['ssh://anna:secret@host/src', /password does not belong/],
  ['https://host/src', /is not a folder.*ssh:\/\/user@host/],
  ['wss://host:9876', /--url/],
];

for (const [text, message] of NO_PLACES) {
  test(`${JSON.stringify(text)} is refused with the reason`, () => {
    assert.throws(
      () => parsePlace(text),
      (error) => message.test(errorText(error)) && !errorText(error).includes('secret'),
    );
  });
}

function invocationOf(command: 'add' | 'edit', words: readonly string[]): Invocation {
  const found = COMMANDS.find(({ path }) => path.join(' ') === `ctx ${command}`);
  assert.ok(found);
  return parseInvocation(found, words);
}

function added(path: string, ...flags: string[]): MachineSpec {
  return readMachine(
    'local',
    invocationOf('add', ['x', path, ...flags]),
    parsePlace(path).host,
    (key) => `/abs/${key}`,
  );
}

const ADDED: [string, readonly string[], MachineSpec][] = [
  ['/src', [], 'local'],
  ['/src', ['--host', 'h'], { type: 'ssh', host: 'h' }],
  ['/src', ['--host', 'anna@h'], { type: 'ssh', host: 'h', user: 'anna' }],
  ['/src', ['--host', 'anna@h', '--user', 'anna'], { type: 'ssh', host: 'h', user: 'anna' }],
  [
    '/src',
    [
      '--host',
      'h',
      '--user',
      'u',
      '--port',
      '2222',
      '--key',
      'k',
      '--tmux',
      '/opt/tmux',
      '--setup',
      'module load tmux',
    ],
    { type: 'ssh', host: 'h', user: 'u', port: 2222, keyFile: '/abs/k', tmux: '/opt/tmux', setup: 'module load tmux' },
  ],
  ['u@h:x', ['--port', '22'], { type: 'ssh', host: 'h', user: 'u', port: 22 }],
  ['ssh://u@h:22/x', ['--port', '22'], { type: 'ssh', host: 'h', user: 'u', port: 22 }],
  ['/src', ['--host', 'h', '--agent'], { type: 'agent', host: 'h' }],
  [
    '/src',
    ['--host', 'h', '--user', 'u', '--agent', '--agent-port', '9876', '--token-file', 'f'],
    { type: 'agent', host: 'h', user: 'u', agentPort: 9876 },
  ],
  ['/src', ['--url', 'wss://h:9876'], { type: 'agent', url: 'wss://h:9876' }],
  ['/src', ['--agent', '--url', 'wss://h/x'], { type: 'agent', url: 'wss://h/x' }],
  ['/src', ['--url', 'ws://127.0.0.1:9876'], { type: 'agent', url: 'ws://127.0.0.1:9876' }],
  ['/src', ['--url', 'ws://[::1]:9876'], { type: 'agent', url: 'ws://[::1]:9876' }],
];

for (const [path, flags, machine] of ADDED) {
  test(`ctx add x ${[path, ...flags].join(' ')} names its machine`, () => {
    assert.deepEqual(added(path, ...flags), machine);
  });
}

const NONSENSE: [string, readonly string[], RegExp][] = [
  ['h:x', ['--host', 'other'], /Both --host and PATH/],
  ['u@h:x', ['--user', 'other'], /--user and the user in front/],
  ['ssh://h:22/x', ['--port', '23'], /--port and the port in front/],
  ['/src', ['--user', 'u'], /--user needs --host/],
  ['/src', ['--key', 'k'], /--key needs --host/],
  ['/src', ['--agent'], /--agent needs --host/],
  ['/src', ['--setup', 'x'], /--setup needs --host/],
  ['/src', ['--host', 'h', '--port', 'ssh'], /--port takes a number/],
  ['/src', ['--host', 'h', '--port', '0'], /--port takes a number/],
  ['/src', ['--host', 'h', '--agent-port', '9876'], /--agent-port needs --agent/],
  ['/src', ['--host', 'h', '--agent', '--tmux', '/t'], /--agent and --tmux exclude/],
  ['/src', ['--host', 'h/x'], /not a host name/],
  ['/src', ['--host=-oProxyCommand=x'], /not a host name/],
  ['/src', ['--host', 'h', '--user', 'a b'], /not a user name/],
  ['/src', ['--url', 'wss://h', '--host', 'h'], /--url and --host exclude/],
  ['/src', ['--url', 'wss://h', '--port', '22'], /--url and --port exclude/],
  ['h:x', ['--url', 'wss://h'], /--url and a host in PATH/],
  ['/src', ['--url', 'https://h'], /like wss:/],
  ['/src', ['--url', 'h:9876'], /like wss:/],
  ['/src', ['--url', 'ws://build-box:9876'], /for all to read.*wss/],
  ['/src', ['--url', 'ws://127.0.0.1.evil.example'], /for all to read/],
  ['/src', ['--url', 'wss://h?token=secret'], /--token-file/],
  ['/src', ['--url', 'wss://anna:secret@h'], /--token-file/],
];

for (const [path, flags, message] of NONSENSE) {
  test(`ctx add x ${[path, ...flags].join(' ')} makes no sense`, () => {
    assert.throws(
      () => added(path, ...flags),
      (error) => message.test(errorText(error)) && !errorText(error).includes('secret'),
    );
  });
}

const SSH = { type: 'ssh', host: 'h', user: 'u', port: 22, tmux: '/t', setup: 's', later: 1 } as const;
const EDITED: [MachineSpec, readonly string[], MachineSpec][] = [
  [SSH, ['--name', 'y'], SSH],
  [SSH, ['--port', '23'], { ...SSH, port: 23 }],
  [SSH, ['--host', 'other'], { ...SSH, host: 'other' }],
  [SSH, ['--user', '', '--setup', ''], { type: 'ssh', host: 'h', port: 22, tmux: '/t', later: 1 }],
  [SSH, ['--agent'], { type: 'agent', host: 'h', user: 'u', port: 22, tmux: '/t', setup: 's' }],
  [
    { type: 'agent', host: 'h', tmux: '/t', setup: 's' },
    ['--no-agent'],
    { type: 'ssh', host: 'h', tmux: '/t', setup: 's' },
  ],
  [SSH, ['--host', ''], 'local'],
  [SSH, ['--local'], 'local'],
  [SSH, ['--url', 'wss://h'], { type: 'agent', url: 'wss://h' }],
  ['local', ['--host', 'h'], { type: 'ssh', host: 'h' }],
  [{ type: 'agent', host: 'h', agentPort: 1 }, ['--agent-port', '2'], { type: 'agent', host: 'h', agentPort: 2 }],
  [{ type: 'agent', host: 'h', agentPort: 1 }, ['--agent-port', ''], { type: 'agent', host: 'h' }],
  [{ type: 'agent', host: 'h', user: 'u', agentPort: 1 }, ['--no-agent'], { type: 'ssh', host: 'h', user: 'u' }],
  [{ type: 'agent', url: 'wss://h' }, ['--host', 'h'], { type: 'ssh', host: 'h' }],
];

for (const [before, flags, after] of EDITED) {
  test(`ctx edit ${JSON.stringify(before)} ${flags.join(' ')} changes what is named`, () => {
    const machine = readMachine(before, invocationOf('edit', ['x', ...flags]), undefined, (key) => key);
    assert.deepEqual(machine, after);
  });
}

test('ctx edit refuses what makes no sense', () => {
  const edit = (before: MachineSpec, ...flags: string[]): MachineSpec =>
    readMachine(before, invocationOf('edit', ['x', ...flags]), undefined, (key) => key);
  assert.throws(() => edit(SSH, '--local', '--user', 'u'), /This host and --user exclude/);
  assert.throws(() => edit(SSH, '--host', '', '--url', 'wss://h'), /This host and --url exclude/);
  assert.throws(() => edit(SSH, '--agent', '--no-agent'), /exclude each other/);
  assert.throws(() => edit({ type: 'agent', host: 'h' }, '--setup', 's'), /--agent and --setup exclude/);
  assert.throws(() => edit({ type: 'agent', url: 'wss://h' }, '--user', 'u'), /--user needs --host/);
});

test('only agent servers that listen take a token', () => {
  assert.equal(takesToken('local'), false);
  assert.equal(takesToken({ type: 'ssh', host: 'h' }), false);
  assert.equal(takesToken({ type: 'agent', host: 'h' }), false);
  assert.equal(takesToken({ type: 'agent', host: 'h', agentPort: 1 }), true);
  assert.equal(takesToken({ type: 'agent', url: 'wss://h' }), true);
});
