import { Emitter } from '../../../src/common/emitter.js';
import { LocalTerminal } from '../../../src/machines/local/localTerminal.js';
import type { Channel, ChannelExit, Connection, ExecOptions } from '../../../src/machines/shell/connection.js';
import { localChannel } from '../../ssh/localChannel.js';

/** Channels that are child processes of this one, each with a login shell: nothing of ssh is in their way. */
export function childProcesses(env: Readonly<Record<string, string>>): Connection {
  // As someone who signs in gets it; the mask of an agent server is its own.
  const loginShell = ['/bin/sh', '-c', 'umask 022; exec /bin/bash "$@"', 'sh'];
  const closed = new Emitter<undefined>();
  const open = new Set<Channel>();
  let isClosed = false;
  const exec = (command: string, { pty }: ExecOptions = {}): Channel => {
    if (pty === undefined) return localChannel(loginShell, command, env);
    const { columns, rows, term } = pty;
    const words = [...loginShell, '-c', command];
    return terminalChannel(new LocalTerminal(words, { columns, rows, env: { ...env, TERM: term } }));
  };
  return {
    target: 'child processes',
    exec: (command, options) => {
      const channel = exec(command, options);
      open.add(channel);
      channel.onExit(() => open.delete(channel));
      return Promise.resolve(channel);
    },
    onClose: (listener) => {
      if (isClosed) queueMicrotask(() => listener(undefined));
      return closed.event(listener);
    },
    get isClosed() {
      return isClosed;
    },
    ping: () => Promise.resolve(),
    bytesRead: 0,
    bytesWritten: 0,
    dispose: () => {
      if (isClosed) return;
      isClosed = true;
      for (const channel of open) channel.dispose();
      closed.fire(undefined);
    },
  };
}

function terminalChannel(terminal: LocalTerminal): Channel {
  return {
    write: (data) => {
      terminal.write(Buffer.from(data as Uint8Array));
      return undefined;
    },
    end: () => undefined,
    onData: (listener) => terminal.onData(listener),
    onStderr: () => ({ dispose: () => undefined }),
    onExit: (listener: (exit: ChannelExit) => void) =>
      terminal.onExit((code) => listener({ code, signal: null, error: undefined })),
    signal: () => undefined,
    resize: (columns, rows) => terminal.resize({ columns, rows }),
    pause: () => terminal.pause(),
    resume: () => terminal.resume(),
    dispose: () => terminal.dispose(),
  };
}
