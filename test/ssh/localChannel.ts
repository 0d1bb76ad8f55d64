import { spawn } from 'node:child_process';
import { Emitter } from '../../src/common/emitter.js';
import { toDisposable } from '../../src/common/disposable.js';
import type { Channel, ChannelExit } from '../../src/machines/shell/connection.js';

/** A command line in a login shell of this machine, as sshd runs one. */
export function localChannel(
  loginShell: readonly string[],
  command: string,
  env: NodeJS.ProcessEnv = process.env,
): Channel {
  const [program = '/bin/sh', ...args] = loginShell;
  const child = spawn(program, [...args, '-c', command], { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const ended = new Emitter<ChannelExit>();
  let exit: ChannelExit | undefined;
  const settle = (value: ChannelExit): void => {
    if (exit !== undefined) return;
    exit = value;
    ended.fire(value);
  };
  child.stdin.on('error', () => undefined);
  // Many may wait until it takes more; a warning of that kills a server whose standard error has gone.
  child.stdin.setMaxListeners(0);
  child.on('error', () => settle({ code: 127, signal: null, error: undefined }));
  child.on('close', (code, signal) =>
    settle({ code, signal: signal === null ? null : signal.replace(/^SIG/, ''), error: undefined }),
  );
  const listen = (stream: typeof child.stdout) => (listener: (data: Uint8Array) => void) => {
    stream.on('data', listener);
    return toDisposable(() => stream.off('data', listener));
  };
  return {
    write(data) {
      return child.stdin.write(data) ? undefined : new Promise((resolve) => child.stdin.once('drain', resolve));
    },
    end: () => child.stdin.end(),
    onData: listen(child.stdout),
    onStderr: listen(child.stderr),
    onExit(listener) {
      if (exit !== undefined) {
        const value = exit;
        queueMicrotask(() => listener(value));
      }
      return ended.event(listener);
    },
    signal: (name) => child.kill(`SIG${name}` as NodeJS.Signals),
    resize: () => undefined,
    pause: () => child.stdout.pause(),
    resume: () => child.stdout.resume(),
    dispose() {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      if (child.pid !== undefined && exit === undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    },
  };
}
