import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Machine } from '../../src/protocol/context.js';
import type { Params } from '../../src/protocol/requests.js';
import { questionRecord } from '../helpers/records.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { until } from '../helpers/until.js';
import { asks, BUILD_BOX, scriptedHome } from './scriptedHome.js';

const PASSWORD = questionRecord();
const HOST_KEY = questionRecord({
  id: 'q2',
  kind: 'hostKey',
  title: 'The host key of build-box is not known',
  text: 'ED25519 SHA256:iHNMQlWbSTDYnUGU0dpFZTvDJqJkBu4/EJ0Ze3x6nGs',
  secret: false,
});
/** Shows whether typing is echoed once the program has ended. */
const ECHO = '"$@"; echo "ended with $?"; stty -a | grep -o -e "-\\?\\becho\\b"; sleep 100';

const STAY = '"$@"; echo "ended with $?"; sleep 100';

function connected(answer: string | null): Machine {
  if (answer !== null) return BUILD_BOX;
  throw new CodeManagerError('unauthorized', 'build-box needs somebody to sign in');
}

test('a password is asked for on the terminal and never shown', async (t) => {
  const { server, shell } = await scriptedHome(t);
  server.on('machine/connect', asks(server, PASSWORD, connected));
  const terminal = await shell(ECHO, 'machine', 'connect', 'build-box');
  await terminal.shows(/Password of anna@build-box:/);
  await terminal.type('s3crXt');
  await terminal.keys('Left', 'Up');
  await terminal.type('y');
  await terminal.keys('BSpace', 'Enter');
  const screen = await terminal.shows(/^-?echo$/m);
  assert.match(screen, /Connected to build-box\./);
  assert.match(screen, /ended with 0/);
  assert.match(screen, /^echo$/m, 'typing is shown again');
  assert.doesNotMatch(screen, /s3c|Xt/);
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: 's3crXt' }]);
});

test('an unknown host key is shown with its fingerprint and needs a typed yes', async (t) => {
  const { server, open } = await scriptedHome(t);
  server.on('machine/connect', asks(server, HOST_KEY, connected));
  const terminal = await open('machine', 'connect', 'build-box');
  const screen = await terminal.shows(/Type yes/);
  assert.match(screen, /The host key of build-box is not known\nED25519 SHA256:iHNMQlWb\S+\nType yes/);
  await terminal.type('y');
  await terminal.keys('Enter');
  await terminal.shows(/Please type yes or no\.\nType yes/);
  assert.deepEqual(server.requestsOf('question/answer'), []);
  await terminal.type('yes');
  await terminal.keys('Enter');
  assert.equal(await terminal.exitCode(), 0);
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q2', answer: 'yes' }]);
  const refused = await open('machine', 'connect', 'build-box');
  await refused.shows(/Type yes/);
  await refused.type('no');
  await refused.keys('Enter');
  assert.equal(await refused.exitCode(), 5);
  assert.deepEqual(server.requestsOf('question/answer').at(-1), { id: 'q2', answer: null });
});

test('what a host asks is shown in its own words, harmlessly, and a visible answer can be corrected', async (t) => {
  const { server, open } = await scriptedHome(t);
  const question = {
    ...PASSWORD,
    kind: 'code',
    title: 'Verification code: ',
    text: 'Welcome to \x1b[31mbuild-box\x07\nToken of \x1b]0;evil\x07anna',
    secret: false,
  };
  server.on('machine/connect', asks(server, question, connected));
  const terminal = await open('machine', 'connect', 'build-box');
  assert.match(await terminal.shows(/code:/), /Welcome to build-box\nToken of anna\nVerification code:$/m);
  assert.doesNotMatch(await terminal.colours(), /\x1b\[31m/);
  await terminal.type('12日3');
  await terminal.keys('BSpace', 'BSpace');
  await terminal.type('3');
  await terminal.shows(/code: 123$/m);
  await terminal.keys('Enter');
  assert.equal(await terminal.exitCode(), 0);
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: '123' }]);
});

test('an empty password is no answer, an empty code is one', async (t) => {
  const { server, open } = await scriptedHome(t);
  for (const [kind, answer, exit] of [
    ['password', null, 5],
    ['passphrase', null, 5],
    ['code', '', 0],
  ] as const) {
    server.on('machine/connect', asks(server, { ...PASSWORD, kind }, connected));
    const terminal = await open('machine', 'connect', 'build-box');
    await terminal.shows(/Password/);
    await terminal.keys('Enter');
    assert.equal(await terminal.exitCode(), exit, kind);
    assert.deepEqual(server.requestsOf('question/answer').at(-1), { id: 'q1', answer });
  }
});

test('Ctrl-C at a question cancels the operation, exits with 130 and leaves the terminal as it was', async (t) => {
  const { server, shell } = await scriptedHome(t);
  server.on('operation/cancel', () => ({}));
  server.on('machine/connect', async (_: unknown, peer: Peer) => {
    peer.notify('question', PASSWORD);
    await until('it is cancelled', () => server.requestsOf('operation/cancel').length > 0);
    throw new CodeManagerError('cancelled', 'Cancelled');
  });
  const terminal = await shell(`trap : INT; ${ECHO}`, 'machine', 'connect', 'build-box');
  await terminal.shows(/Password/);
  await terminal.type('half');
  await terminal.keys('C-c');
  const screen = await terminal.shows(/^-?echo$/m);
  assert.match(screen, /ended with 130/);
  assert.match(screen, /^echo$/m);
  assert.doesNotMatch(screen, /half|Cancelled/);
  const [connect] = server.requestsOf('machine/connect') as Params<'machine/connect'>[];
  assert.deepEqual(server.requestsOf('operation/cancel'), [{ operation: connect?.operation }]);
});

test('a program that is ended at a question leaves the terminal as it was', async (t) => {
  const { server, shell } = await scriptedHome(t);
  server.on('machine/connect', asks(server, PASSWORD, connected));
  const terminal = await shell(ECHO, 'machine', 'connect', 'build-box');
  await terminal.shows(/Password/);
  const [{ client }] = server.requestsOf('initialize') as [Params<'initialize'>];
  process.kill(client.pid ?? 0, 'SIGTERM');
  const screen = await terminal.shows(/^-?echo$/m);
  assert.match(screen, /ended with 143/);
  assert.match(screen, /^echo$/m);
});

test('a question that is withdrawn or too old disappears', async (t) => {
  const { server, shell } = await scriptedHome(t);
  server.on('machine/connect', async (_: unknown, peer: Peer) => {
    peer.notify('question', PASSWORD);
    await until('it is shown', async () => /Password/.test(await (await terminal).screen()));
    peer.notify('question/withdrawn', { id: 'q1' });
    await until('it is gone', async () => !/Password/.test(await (await terminal).screen()));
    return BUILD_BOX;
  });
  const terminal = shell(STAY, 'machine', 'connect', 'build-box');
  assert.match(await (await terminal).shows(/ended with 0/), /^Connected to build-box/);
  assert.deepEqual(server.requestsOf('question/answer'), []);
  server.on('machine/connect', asks(server, { ...PASSWORD, timeoutMs: 200 }, connected));
  const late = await shell(STAY, 'machine', 'connect', 'build-box');
  assert.match(await late.shows(/ended with 5/), /^No answer within \S+: Password of anna@build-box/);
});

test('several questions are asked one after another', async (t) => {
  const { server, open } = await scriptedHome(t);
  server.on('machine/connect', async (_: unknown, peer: Peer) => {
    peer.notify('question', { ...PASSWORD, title: 'First' });
    peer.notify('question', { ...PASSWORD, id: 'q2', title: 'Second' });
    await until('answers', () => server.requestsOf('question/answer').length === 2);
    return BUILD_BOX;
  });
  const terminal = await open('machine', 'connect', 'build-box');
  assert.doesNotMatch(await terminal.shows(/First:/), /Second/);
  await terminal.type('one');
  await terminal.keys('Enter');
  await terminal.shows(/Second:/);
  await terminal.type('two');
  await terminal.keys('Enter');
  assert.equal(await terminal.exitCode(), 0);
  assert.deepEqual(server.requestsOf('question/answer'), [
    { id: 'q1', answer: 'one' },
    { id: 'q2', answer: 'two' },
  ]);
});

test('without a terminal a question is not answered, the command exits with 5 and says what to do', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('session/create', asks(server, PASSWORD, connected));
  const { code, stdout, stderr } = await home.run(['start', 'shell', 'echo', '--ctx', 'api']);
  assert.equal(code, 5, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /Password of anna@build-box.*no terminal/);
  assert.match(stderr, /cm machine connect build-box/);
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: null }]);
});
