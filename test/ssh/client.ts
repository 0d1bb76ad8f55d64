import type { TestContext } from 'node:test';
import type { Asker } from '../../src/core/machine/machineService.js';
import { connectSsh } from '../../src/machines/ssh/connectSsh.js';
import type { Channel, ChannelExit } from '../../src/machines/shell/connection.js';
import type { SshConnection, SshConnectOptions, SshReach } from '../../src/machines/ssh/sshConnection.js';
import { ConnectionFailure, type ConnectionFailureReason } from '../../src/machines/connectionFailure.js';
import type { Question } from '../../src/protocol/question.js';
import { silentLogger } from '../helpers/silentLogger.js';

export interface ConnectTest extends Partial<SshConnectOptions> {
  /** HOME with the ssh configuration, as by {@link Sshd.client}. */
  readonly home: string;
  readonly reach?: SshReach;
  /** Socket of an agent; default: none. */
  readonly agent?: string;
}

/** Connects as the person of a home would, to `box` unless another reach is given. Closed with the test. */
export async function connect(t: TestContext, { home, reach, agent, ...options }: ConnectTest): Promise<SshConnection> {
  const connection = await connectSsh(reach ?? { host: 'box' }, {
    signal: new AbortController().signal,
    log: silentLogger,
    env: { ...process.env, HOME: home, SSH_AUTH_SOCK: agent ?? '' },
    ...options,
  });
  t.after(() => connection.dispose());
  return connection;
}

/** The failure of a connection that must fail for this reason. */
export async function failure(
  t: TestContext,
  reason: ConnectionFailureReason,
  options: ConnectTest,
): Promise<ConnectionFailure> {
  let connection: SshConnection;
  try {
    connection = await connect(t, options);
  } catch (error) {
    if (error instanceof ConnectionFailure && error.reason === reason) return error;
    throw new Error(`It failed otherwise than by ${reason}`, { cause: error });
  }
  throw new Error(`It connected to ${connection.target}, and should have failed by ${reason}`);
}

export type Asked = Omit<Question, 'id'>;

/** Answers questions in order; what is asked beyond that is not answered. */
export class ScriptedAsker implements Asker {
  readonly asked: Asked[] = [];
  readonly #answers: (string | null | ((question: Asked) => string | null | Promise<string | null>))[];

  constructor(...answers: (string | null | ((question: Asked) => string | null | Promise<string | null>))[]) {
    this.#answers = answers;
  }

  get kinds(): string[] {
    return this.asked.map(({ kind }) => kind);
  }

  async ask(question: Asked): Promise<string | null> {
    this.asked.push(question);
    const answer = this.#answers.shift() ?? null;
    return typeof answer === 'function' ? await answer(question) : answer;
  }
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: ChannelExit;
}

/** All that a command prints, and its end. */
export async function output(channel: Channel): Promise<Output> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  channel.onData((data) => stdout.push(Buffer.from(data)));
  channel.onStderr((data) => stderr.push(Buffer.from(data)));
  const exit = await new Promise<ChannelExit>((resolve) => channel.onExit(resolve));
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), exit };
}

/** Runs a command to its end; gives its standard output without the last line break. */
export async function run(connection: SshConnection, command: string): Promise<string> {
  const channel = await connection.exec(command);
  channel.end();
  const { stdout, stderr, exit } = await output(channel);
  if (exit.code !== 0) throw new Error(`${command} ended with ${JSON.stringify(exit)}: ${stderr}`);
  return stdout.replace(/\n$/, '');
}
