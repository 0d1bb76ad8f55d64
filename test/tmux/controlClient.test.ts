import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disposable } from '../../src/common/disposable.js';
import type { ProcessStream } from '../../src/core/machine/machine.js';
import { ControlClient } from '../../src/core/tmux/controlClient.js';
import { TmuxSilentError } from '../../src/core/tmux/tmuxErrors.js';
import { errorText } from '../../src/protocol/errors.js';

/** Speaks for a `tmux -C`. */
class FakeTmux implements ProcessStream {
  readonly pid = undefined;
  readonly written: string[] = [];
  #listener: (data: Uint8Array) => void = () => {};

  say(...lines: readonly string[]): void {
    this.#listener(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  }

  write(data: string): void {
    this.written.push(data);
  }

  readonly onData = (listener: (data: Uint8Array) => void): Disposable => {
    this.#listener = listener;
    return { dispose: () => {} };
  };

  readonly onExit = (): Disposable => ({ dispose: () => {} });

  dispose(): void {}
}

test('commands wait until tmux has attached the client, since an earlier one has no client', async () => {
  const tmux = new FakeTmux();
  const client = new ControlClient(tmux);
  const answer = client.run('display-message -p hello', 'list-clients');
  assert.deepEqual(tmux.written, []);
  tmux.say('%begin 1 10 0', '%end 1 10 0', '%session-changed $0 _cm');
  assert.deepEqual(tmux.written, ['display-message -p hello ; list-clients\n']);
  tmux.say('%begin 1 11 1', 'hello', '%end 1 11 1', '%begin 1 12 1', '%end 1 12 1');
  assert.deepEqual(await answer, [['hello'], []]);
  const last = client.run('kill-server');
  assert.equal(tmux.written.at(-1), 'kill-server\n');
  client.dispose();
  await assert.rejects(last);
});

test('a client that tmux does not attach tells what tmux said, and has sent nothing', async () => {
  const tmux = new FakeTmux();
  const client = new ControlClient(tmux);
  const answer = client.run('list-clients');
  tmux.say('%begin 1 10 0', "can't find session: _cm", '%error 1 10 0', '%exit');
  // For people it is a sentence of ours.
  await assert.rejects(answer, { said: "can't find session: _cm", message: 'The connection to tmux has ended' });
  assert.deepEqual(tmux.written, []);
  assert.ok(client.isClosed);
});

test('a tmux that gives no answer in time is called slow, not gone', async () => {
  const tmux = new FakeTmux();
  const client = new ControlClient(tmux, 10);
  const answers = [client.run('list-clients'), client.run('list-panes')];
  for (const settled of await Promise.allSettled(answers)) {
    assert.ok(settled.status === 'rejected' && settled.reason instanceof TmuxSilentError);
    assert.equal(errorText(settled.reason), 'tmux did not answer within 0.01 s. It may only be slow: try again.');
  }
  await assert.rejects(client.run('list-clients'), TmuxSilentError);
});
