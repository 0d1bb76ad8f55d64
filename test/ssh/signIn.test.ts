import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { SignInMemory } from '../../src/machines/ssh/signInMemory.js';
import { tempDir } from '../helpers/tempDir.js';
import { asks, AskingServer, wants } from './askingServer.js';
import { connect, failure, run, ScriptedAsker } from './client.js';
import { generateKey, Sshd, startAgent } from './sshd.js';

test('a key of the agent signs in, of each type', async (t) => {
  for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
    const host = await Sshd.start(t);
    const key = join(tempDir(t), 'key');
    host.authorize(generateKey(key, type));
    const agent = await startAgent(t, [key]);
    const steps: string[] = [];
    const home = host.client({ identityFiles: ['none'] });
    const connection = await connect(t, { home, agent, onStep: (_step, detail) => steps.push(detail) });
    assert.equal(await run(connection, 'echo in'), 'in');
    assert.equal(steps.at(-1), 'key test of the agent');
  }
});

test('a key in a file signs in, of each type', async (t) => {
  for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
    const host = await Sshd.start(t);
    const keyFile = join(tempDir(t), 'key');
    host.authorize(generateKey(keyFile, type));
    const connection = await connect(t, { home: host.client(), reach: { host: 'box', keyFile } });
    assert.equal(await run(connection, 'echo in'), 'in');
  }
});

test('the key file that is asked for goes first, before all keys of the agent', async (t) => {
  const host = await Sshd.start(t, { maxAuthTries: 2 });
  const dir = tempDir(t);
  const others = ['a', 'b', 'c'].map((name) => join(dir, name));
  for (const file of others) generateKey(file);
  const agent = await startAgent(t, others);
  const keyFile = join(dir, 'right');
  host.authorize(generateKey(keyFile));
  const steps: string[] = [];
  await connect(t, {
    home: host.client(),
    agent,
    reach: { host: 'box', keyFile },
    onStep: (_step, detail) => steps.push(detail),
  });
  assert.equal(steps.at(-1), `key ${keyFile}`);
});

test('a host that hangs up on too many keys is told from one that refuses, and IdentitiesOnly mends it', async (t) => {
  const host = await Sshd.start(t, { maxAuthTries: 2 });
  const dir = tempDir(t);
  const others = ['a', 'b', 'c', 'd'].map((name) => join(dir, name));
  for (const file of others) generateKey(file);
  const agent = await startAgent(t, others);
  const error = await failure(t, 'tooManyFailures', { home: host.client(), agent });
  assert.match(error.message, /hung up after too many tries: it said “Too many authentication failures/);
  assert.match(error.hint ?? '', /IdentitiesOnly yes/);
  const home = host.client({ home: join(host.dir, 'mended'), config: ['IdentitiesOnly yes'] });
  assert.equal(await run(await connect(t, { home, agent }), 'echo in'), 'in');
});

test('a host that accepts none of the keys is not asked again, and the command that installs one is named', async (t) => {
  const host = await Sshd.start(t);
  const keyFile = join(tempDir(t), 'key');
  generateKey(keyFile);
  const home = host.client({ identityFiles: [keyFile] });
  const error = await failure(t, 'signInRefused', { home });
  assert.match(error.message, /^\S+@box let nobody in: it refused the key offered\.$/);
  assert.equal(error.command, `ssh-copy-id -i ${keyFile} -p ${host.port} ${host.user}@box`);
  assert.equal(error.code, 'unauthorized');
  assert.equal(error.needsPerson, true);
  const without = host.client({ home: join(host.dir, 'without'), identityFiles: ['none'] });
  assert.match((await failure(t, 'signInRefused', { home: without })).message, /there is no key to offer/);
});

test('a key file that is not there is named before anything is tried', async (t) => {
  const host = await Sshd.start(t);
  const error = await failure(t, 'configuration', { home: host.client(), reach: { host: 'box', keyFile: '~/none' } });
  assert.match(error.message, /There is no key file .*\/none/);
});

test('the passphrase of a key is asked for only when the host accepts the key, again when it does not fit', async (t) => {
  const host = await Sshd.start(t);
  const dir = tempDir(t);
  const [stranger, keyFile] = [join(dir, 'stranger'), join(dir, 'key')];
  generateKey(stranger, 'ed25519', 'other secret');
  host.authorize(generateKey(keyFile, 'ed25519', 'the secret'));
  const home = host.client({ identityFiles: [stranger, keyFile] });
  const asker = new ScriptedAsker('wrong', 'the secret');
  const connection = await connect(t, { home, asker });
  assert.equal(await run(connection, 'echo in'), 'in');
  assert.deepEqual(
    asker.asked.map(({ kind, title, text, secret, machine }) => ({ kind, title, text, secret, machine })),
    [
      { kind: 'passphrase', title: `Passphrase of ${keyFile}`, text: '', secret: true, machine: 'box' },
      {
        kind: 'passphrase',
        title: `Passphrase of ${keyFile}`,
        text: 'That passphrase does not fit.',
        secret: true,
        machine: 'box',
      },
    ],
  );
  const error = await failure(t, 'signInNeeded', { home });
  assert.match(error.message, /passphrase of .*key is needed/);
  assert.equal(error.command, `ssh-add ${keyFile}`);
});

test('a public key file chooses the key of the agent', async (t) => {
  const host = await Sshd.start(t);
  const dir = tempDir(t);
  const [right, wrong] = [join(dir, 'right'), join(dir, 'wrong')];
  host.authorize(generateKey(right));
  generateKey(wrong);
  const agent = await startAgent(t, [wrong, right]);
  execFileSync('rm', [right]);
  const home = host.client({ identityFiles: [], config: ['IdentitiesOnly yes'] });
  const steps: string[] = [];
  await connect(t, { home, agent, reach: { host: 'box', keyFile: right }, onStep: (_, detail) => steps.push(detail) });
  assert.equal(steps.at(-1), `key ${right} of the agent`);
});

test('a password that a person gives signs in', async (t) => {
  const host = await AskingServer.start(t, { onTry: wants('open sesame'), banner: 'Be \x1b[31mnice\x1b]0;x\x07!\r\n' });
  const asker = new ScriptedAsker('open sesame');
  const connection = await connect(t, { home: host.home, asker, machine: 'the box' });
  assert.equal(await run(connection, 'echo'), 'echo');
  assert.deepEqual(asker.asked, [
    {
      machine: 'the box',
      kind: 'password',
      title: 'Password of anna@box',
      text: 'Be nice!',
      secret: true,
      timeoutMs: 120_000,
    },
  ]);
});

test('a wrong password is asked for once more and then left alone, so that no account is locked', async (t) => {
  const host = await AskingServer.start(t, { onTry: wants('right') });
  const asker = new ScriptedAsker('wrong', 'wrong again', 'right');
  const error = await failure(t, 'signInRefused', { home: host.home, asker });
  assert.deepEqual(host.tries, ['none', 'password wrong', 'password wrong again']);
  assert.deepEqual(
    asker.asked.map(({ text }) => text),
    ['', 'That was not accepted.'],
  );
  assert.match(error.message, /did not accept what was answered/);
  assert.equal(error.needsPerson, true);
  const second = new ScriptedAsker('wrong', 'right');
  await connect(t, { home: host.home, asker: second });
});

test('without a person no password is tried, and none is asked for', async (t) => {
  const host = await AskingServer.start(t, { onTry: wants('right') });
  const error = await failure(t, 'signInNeeded', { home: host.home });
  assert.equal(error.message, 'anna@box asks for a password');
  const silent = new ScriptedAsker(null);
  await failure(t, 'signInNeeded', { home: host.home, asker: silent });
  assert.deepEqual(silent.kinds, ['password']);
  assert.deepEqual(host.tries, ['none', 'none']);
});

test('every prompt of a host is put to the person, with its words made harmless', async (t) => {
  const host = await AskingServer.start(t, {
    onTry: asks(
      [
        {
          prompts: [
            { prompt: 'Password: ', echo: false },
            { prompt: '\x1b[2JToken\u202e name? ', echo: true },
          ],
          answers: ['secret', 'phone'],
        },
        { prompts: [], answers: [] },
        { prompts: [{ prompt: 'One-time password: ', echo: false }], answers: ['123456'] },
      ],
      { name: 'Two steps', instructions: 'Look at\nyour \x1b]8;;http://x\x07phone' },
    ),
  });
  const asker = new ScriptedAsker('secret', 'phone', '123456');
  await connect(t, { home: host.home, asker });
  const text = 'Two steps: Look at your phone';
  assert.deepEqual(
    asker.asked.map(({ kind, title, text, secret }) => ({ kind, title, text, secret })),
    [
      { kind: 'password', title: 'Password of anna@box', text, secret: true },
      { kind: 'code', title: 'Token<U+202E> name? (anna@box)', text, secret: false },
      { kind: 'code', title: 'One-time password: (anna@box)', text, secret: true },
    ],
  );
});

test('a wrong code may be given once more, and the other method is not tried with it', async (t) => {
  const answers: string[][] = [];
  const byCode = asks([{ prompts: [{ prompt: 'Code: ', echo: false }], answers: ['1'] }], {
    onAnswers: (given) => answers.push(given),
  });
  const host = await AskingServer.start(t, {
    onTry: (context, connection) => {
      if (context.method === 'keyboard-interactive') byCode(context, connection);
      else context.reject(['keyboard-interactive', 'password']);
    },
  });
  const asker = new ScriptedAsker('2', '3', '1');
  await failure(t, 'signInRefused', { home: host.home, asker });
  assert.deepEqual(answers, [['2'], ['3']]);
});

test('a host that asks on and on gets no more answers', async (t) => {
  let asked = 0;
  const host = await AskingServer.start(t, {
    onTry: (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const again = (): void => {
        asked++;
        context.prompt([{ prompt: 'More? ', echo: true }], again);
      };
      again();
    },
  });
  await failure(t, 'signInRefused', { home: host.home, asker: { ask: async () => 'yes' } });
  assert.ok(asked <= 3, `${asked} questions`);
});

test('a method that the host only pretends to have is passed over', async (t) => {
  const host = await AskingServer.start(t, {
    onTry: (context) => {
      if (context.method === 'password' && context.password === 'right') context.accept();
      else context.reject(['keyboard-interactive', 'password']);
    },
  });
  const asker = new ScriptedAsker('right');
  await connect(t, { home: host.home, asker });
  assert.deepEqual(host.tries, ['none', 'keyboard-interactive', 'password right']);
});

test('a key and then a code: no further key is offered once the first one was accepted', async (t) => {
  const dir = tempDir(t);
  const files = ['first', 'second', 'third'].map((name) => join(dir, name));
  for (const file of files) generateKey(file);
  const agent = await startAgent(t, files);
  let accepted = false;
  const byCode = asks([{ prompts: [{ prompt: 'Verification code: ', echo: false }], answers: ['42'] }]);
  const host = await AskingServer.start(t, {
    onTry: (context, connection) => {
      if (context.method === 'publickey' && context.signature === undefined) context.accept();
      else if (context.method === 'publickey') {
        accepted = true;
        context.reject(['keyboard-interactive'], true);
      } else if (accepted) byCode(context, connection);
      else context.reject(['publickey']);
    },
  });
  const asker = new ScriptedAsker('42');
  await connect(t, { home: host.home, agent, asker });
  assert.deepEqual(host.tries, ['none', 'publickey', 'publickey', 'keyboard-interactive']);
  assert.deepEqual(asker.kinds, ['code']);
});

test('what a host accepted is remembered for further connections where that is wanted, codes are not', async (t) => {
  const byPassword = await AskingServer.start(t, { onTry: wants('right') });
  const memory = new SignInMemory();
  await connect(t, { home: byPassword.home, memory, asker: new ScriptedAsker('wrong', 'right') });
  await connect(t, { home: byPassword.home, memory });
  assert.deepEqual(byPassword.tries.slice(3), ['none', 'password right']);
  await failure(t, 'signInNeeded', { home: byPassword.home });

  const secret = { prompts: [{ prompt: 'Password: ', echo: false }], answers: ['right'] };
  const byPrompt = await AskingServer.start(t, { onTry: asks([secret]) });
  await connect(t, { home: byPrompt.home, memory, asker: new ScriptedAsker('right') });
  await connect(t, { home: byPrompt.home, memory });

  const code = { prompts: [{ prompt: 'Code: ', echo: false }], answers: ['1'] };
  const byCode = await AskingServer.start(t, { onTry: asks([secret, code]) });
  await connect(t, { home: byCode.home, memory, asker: new ScriptedAsker('right', '1') });
  await failure(t, 'signInNeeded', { home: byCode.home, memory });

  const locked = await Sshd.start(t);
  const keyFile = join(tempDir(t), 'key');
  locked.authorize(generateKey(keyFile, 'ed25519', 'the secret'));
  const home = locked.client({ identityFiles: [keyFile] });
  await connect(t, { home, memory, asker: new ScriptedAsker('the secret') });
  await connect(t, { home, memory });
  memory.dispose();
  await failure(t, 'signInNeeded', { home, memory });
  await failure(t, 'signInNeeded', { home: byPassword.home, memory });
});

test('a remembered password that is refused is forgotten, and tried once only', async (t) => {
  let password = 'old';
  const host = await AskingServer.start(t, { onTry: (context, connection) => wants(password)(context, connection) });
  const memory = new SignInMemory();
  await connect(t, { home: host.home, memory, asker: new ScriptedAsker('old') });
  password = 'new';
  await failure(t, 'signInNeeded', { home: host.home, memory });
  await failure(t, 'signInNeeded', { home: host.home, memory });
  assert.deepEqual(host.tries.slice(2), ['none', 'password old', 'none']);
});

test('a host that asks for the same again in one go has refused the answer', async (t) => {
  const answers: string[] = [];
  const host = await AskingServer.start(t, {
    onTry: (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const again = (given?: readonly string[]): void => {
        answers.push(...(given ?? []));
        context.prompt([{ prompt: 'Password: ', echo: false }], again);
      };
      again();
    },
  });
  const asker = new ScriptedAsker('one', 'two', 'three');
  await failure(t, 'signInRefused', { home: host.home, asker });
  assert.deepEqual(answers, ['one', 'two']);
  assert.deepEqual(
    asker.asked.map(({ text }) => text),
    ['', 'That was not accepted.'],
  );
});

test('BatchMode asks nobody', async (t) => {
  const host = await AskingServer.start(t, { onTry: wants('right') });
  const config = join(host.home, '.ssh', 'config');
  execFileSync('sh', ['-c', `echo '  BatchMode yes' >> ${config}`]);
  const asker = new ScriptedAsker('right');
  await failure(t, 'signInNeeded', { home: host.home, asker });
  assert.deepEqual(asker.asked, []);
});

test('a host that hangs up while the person thinks is not taken for a refusal', async (t) => {
  const host = await AskingServer.start(t, {
    onTry: (context, connection) => {
      if (context.method === 'keyboard-interactive') {
        context.prompt([{ prompt: 'Code: ', echo: false }], () => undefined);
        setImmediate(() => connection.end());
      } else context.reject(['keyboard-interactive']);
    },
  });
  let withdrawn = false;
  const never = {
    ask: (_question: unknown, signal: AbortSignal) =>
      new Promise<null>(() => signal.addEventListener('abort', () => (withdrawn = true))),
  };
  const error = await failure(t, 'signInNeeded', { home: host.home, asker: never });
  assert.match(error.message, /hung up before the answer came/);
  assert.equal(withdrawn, true);
});

test('the question is withdrawn when the sign-in is given up', async (t) => {
  const host = await AskingServer.start(t, { onTry: wants('right') });
  const controller = new AbortController();
  let withdrawn = false;
  const asker = {
    ask: async (_question: unknown, signal: AbortSignal) =>
      new Promise<null>((resolve) => {
        signal.addEventListener('abort', () => {
          withdrawn = true;
          resolve(null);
        });
        controller.abort();
      }),
  };
  await failure(t, 'cancelled', { home: host.home, asker, signal: controller.signal });
  assert.equal(withdrawn, true);
});

test('an old encrypted key file, which does not tell its public half, is unlocked first', async (t) => {
  const host = await Sshd.start(t);
  const keyFile = join(tempDir(t), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'the secret', '-f', keyFile]);
  host.authorize(readFileSync(`${keyFile}.pub`, 'utf8'));
  execFileSync('rm', [`${keyFile}.pub`]);
  const home = host.client({ identityFiles: [keyFile] });
  const asker = new ScriptedAsker('wrong', 'the secret');
  assert.equal(await run(await connect(t, { home, asker }), 'echo in'), 'in');
  assert.deepEqual(asker.kinds, ['passphrase', 'passphrase']);
});

test('a file that is no key, and an agent that is not there, are named when nothing else signs in', async (t) => {
  const host = await Sshd.start(t);
  const keyFile = join(tempDir(t), 'key');
  writeFileSync(keyFile, 'no key');
  const agent = join(host.dir, 'no-agent');
  const error = await failure(t, 'signInRefused', { home: host.client({ identityFiles: [keyFile] }), agent });
  assert.match(
    error.message,
    /there is no key to offer\. .*\/key is not a key that can be used: .*\. The ssh agent does not answer: /,
  );
});

test('a password that has run out is named, with the command to change it', async (t) => {
  const host = await AskingServer.start(t, {
    onTry: (context) => {
      if (context.method !== 'password') return context.reject(['password']);
      context.requestChange('Your password has expired.', () => undefined);
    },
  });
  const error = await failure(t, 'accountExpired', { home: host.home, asker: new ScriptedAsker('old') });
  assert.match(error.message, /wants a new password\. It says: “Your password has expired\./);
  assert.equal(error.command, `ssh -p ${host.port} anna@box`);
});

test('an expired account is named as that', async (t) => {
  const host = await AskingServer.start(t, {
    onTry: (context) => context.reject(['publickey']),
    banner: 'Your account has expired; please contact your system administrator.\r\n',
  });
  const error = await failure(t, 'accountExpired', { home: host.home });
  assert.match(error.message, /Your account has expired/);
});
