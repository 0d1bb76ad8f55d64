import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Terminal, TerminalListener } from '../../src/client/api.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { SessionTerminal } from '../../src/extension/terminals/sessionTerminal.js';
import { until } from '../helpers/until.js';

/** A terminal whose other end is the test. */
class FakeTerminal implements Terminal {
  readonly typed: string[] = [];
  readonly sizes: string[] = [];
  isDisposed = false;
  #data: TerminalListener = () => undefined;
  #exit: (code: number | null) => void = () => undefined;

  onData(listener: TerminalListener): { dispose(): void } {
    this.#data = listener;
    return { dispose: () => undefined };
  }
  onExit(listener: (code: number | null) => void): { dispose(): void } {
    this.#exit = listener;
    return { dispose: () => undefined };
  }
  write(bytes: Uint8Array): void {
    this.typed.push(new TextDecoder().decode(bytes));
  }
  resize(columns: number, rows: number): void {
    this.sizes.push(`${columns}x${rows}`);
  }
  dispose(): void {
    this.isDisposed = true;
  }
  print(bytes: Uint8Array): void {
    void this.#data(bytes);
  }
  end(code: number | null): void {
    this.#exit(code);
  }
}

function start(failures: Error[] = []) {
  const opened: FakeTerminal[] = [];
  const asked: string[] = [];
  const session = new SessionTerminal(({ columns, rows }) => {
    asked.push(`${columns}x${rows}`);
    const failure = failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const terminal = new FakeTerminal();
    opened.push(terminal);
    return Promise.resolve(terminal);
  }, 'build-box');
  let text = '';
  const codes: number[] = [];
  session.onDidWrite((piece) => (text += piece));
  session.onDidClose((code) => codes.push(code));
  const nth = (index: number): Promise<FakeTerminal> => until(`terminal ${index}`, () => opened[index]);
  return { session, asked, codes, nth, text: () => text };
}

test('a terminal shows what comes, sends what is typed, and follows its size', async () => {
  const { session, asked, codes, nth, text } = start();
  session.open({ columns: 100, rows: 30 });
  const terminal = await nth(0);
  assert.deepEqual(asked, ['100x30']);
  const letters = new TextEncoder().encode('grün');
  await until('that it listens', () => {
    terminal.print(letters.subarray(0, 3));
    return text() !== '';
  });
  terminal.print(letters.subarray(3));
  assert.equal(text(), 'grün');
  session.handleInput('y\r');
  session.setDimensions({ columns: 120, rows: 40 });
  assert.deepEqual(terminal.typed, ['y\r']);
  assert.deepEqual(terminal.sizes, ['120x40']);
  terminal.end(0);
  assert.deepEqual(codes, [0]);
});

test('closing a terminal ends the way to the session, also while it is being opened', async () => {
  const { session, nth } = start();
  session.open(undefined);
  session.close();
  const early = await nth(0);
  await until('that the early one is given back', () => early.isDisposed);
  session.open(undefined);
  const terminal = await nth(1);
  await Promise.resolve();
  session.close();
  await until('that it is given back', () => terminal.isDisposed);
});

test('after a cut the person attaches again with Enter, and nothing that is typed is sent anywhere else', async () => {
  const { session, codes, nth, text } = start();
  session.open({ columns: 80, rows: 24 });
  const first = await nth(0);
  await until('that it is attached', () => {
    session.handleInput('a');
    return first.typed.length > 0;
  });
  first.end(null);
  assert.match(text(), /The connection to build-box was cut; the session goes on\. Press Enter to attach again\./);
  assert.deepEqual(codes, []);
  const before = first.typed.length;
  session.handleInput('rm -rf x');
  session.handleInput('\r');
  const second = await nth(1);
  await until('that it is attached again', () => {
    session.handleInput('b');
    return second.typed.length > 0;
  });
  assert.ok(!second.typed.join('').includes('rm'));
  assert.equal(first.typed.length, before);
});

test('a terminal that cannot be opened says why, and tries again when asked', async () => {
  const { session, nth, text } = start([
    new CodeManagerError('unavailable', 'build-box cannot be reached', { hint: 'Reconnect it.' }),
  ]);
  session.open(undefined);
  await until('the reason', () => text() !== '');
  assert.match(text(), /build-box cannot be reached\. Reconnect it\. Press Enter to attach again\./);
  session.handleInput('\r');
  await nth(0);
});
