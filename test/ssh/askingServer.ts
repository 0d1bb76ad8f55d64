import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import ssh2, { type AuthContext, type Connection, type Prompt } from 'ssh2';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { generateKey } from './sshd.js';

export interface AskingServerOptions {
  /** Decides about one try to sign in. It answers by `accept` or `reject` of the context. */
  readonly onTry: (context: AuthContext, connection: Connection) => void;
  readonly banner?: string;
}

/**
 * A host in this process that asks for passwords and codes, which a real sshd does only with accounts made for it. It
 * writes down every try, and each command prints its own text.
 */
export class AskingServer {
  readonly port: number;
  /** HOME of a person who knows the key of this host as `box`. */
  readonly home: string;
  /** Every try to sign in: its method, and the password or the answers. */
  readonly tries: readonly string[];

  private constructor(port: number, home: string, tries: readonly string[]) {
    this.port = port;
    this.home = home;
    this.tries = tries;
  }

  static async start(t: TestContext, { onTry, banner }: AskingServerOptions): Promise<AskingServer> {
    const dir = tempDir(t, 'cm-asking-');
    const hostKey = generateKey(join(dir, 'host_key'));
    const tries: string[] = [];
    const connections = new Set<Connection>();
    const server = new ssh2.Server(
      { hostKeys: [readFileSync(join(dir, 'host_key'))], ...(banner === undefined ? {} : { banner }) },
      (connection) => {
        connections.add(connection);
        connection.on('error', () => undefined);
        connection.on('close', () => connections.delete(connection));
        connection.on('authentication', (context) => {
          tries.push(context.method === 'password' ? `password ${context.password}` : context.method);
          onTry(context, connection);
        });
        connection.on('session', (accept) => {
          accept().on('exec', (acceptExec, _reject, { command }) => {
            const channel = acceptExec();
            channel.write(command);
            channel.exit(0);
            channel.end();
          });
        });
      },
    );
    t.after(() => {
      server.close();
      for (const connection of connections) connection.end();
    });
    server.listen(0, '127.0.0.1');
    const { port } = await until('the server listens', () => server.address() as { port: number } | null);
    const home = join(dir, 'home');
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(join(home, '.ssh'), { recursive: true });
    const known = join(home, '.ssh', 'known_hosts');
    writeFileSync(known, `[127.0.0.1]:${port} ${hostKey.split(' ').slice(0, 2).join(' ')}\n`);
    writeFileSync(
      join(home, '.ssh', 'config'),
      `Host box\n  HostName 127.0.0.1\n  Port ${port}\n  User anna\n  UserKnownHostsFile ${known}\n`,
    );
    return new AskingServer(port, home, tries);
  }
}

/** Accepts one password; other methods are refused. */
export function wants(password: string): AskingServerOptions['onTry'] {
  return (context) => {
    if (context.method === 'password' && context.password === password) context.accept();
    else context.reject(['password']);
  };
}

/** Asks rounds of prompts one after the other, and accepts when each round is answered as it wants. */
export function asks(
  rounds: readonly { readonly prompts: readonly Prompt[]; readonly answers: readonly string[] }[],
  options: {
    readonly name?: string;
    readonly instructions?: string;
    readonly onAnswers?: (answers: string[]) => void;
  } = {},
): AskingServerOptions['onTry'] {
  return (context) => {
    if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
    const next = (index: number): void => {
      const round = rounds[index];
      if (round === undefined) return context.accept();
      context.prompt([...round.prompts], options.name ?? '', options.instructions ?? '', (answers) => {
        options.onAnswers?.(answers);
        if (answers.join('\n') === round.answers.join('\n')) next(index + 1);
        else context.reject(['keyboard-interactive']);
      });
    };
    next(0);
  };
}
