import { afterMarker } from '../../../client/dialStream.js';
import type { Transport } from '../../../client/transport.js';
import type { Logger } from '../../../common/logger.js';
import type { Operation } from '../../../core/machine/operation.js';
import { patiently } from '../../../machines/install/hostScript.js';
import { ChannelStream, dialCommand } from '../../../machines/install/agentDial.js';
import type { ConnectStep } from '../../../machines/link/linkSteps.js';
import type { SshConnection, SshReach } from '../../../machines/ssh/sshConnection.js';
import { ConnectionFailure } from '../../../machines/connectionFailure.js';
import type { AgentMachineSpec } from '../../../protocol/machineKinds.js';
import { CodeManagerError } from '../../../protocol/errors.js';
import { withTimeout } from '../../../common/async.js';

const PING_MS = 5_000;

/** Signs in to a host. Whoever is asked belongs to the operation; without one nobody is. */
export type SshConnect = (
  reach: SshReach,
  options: {
    readonly operation: Operation | undefined;
    readonly signal: AbortSignal;
    readonly onStep: (step: ConnectStep, detail: string) => void;
  },
) => Promise<SshConnection>;

export interface AgentRouteOptions {
  readonly spec: AgentMachineSpec;
  readonly connectSsh: SshConnect;
  readonly token: () => Promise<string | undefined>;
  readonly log: Logger;
}

/** The way to one agent server: any number of streams, over a single connection of ssh where there is one. */
export class AgentRoute {
  readonly #options: AgentRouteOptions;
  readonly #reach: SshReach | undefined;
  #ssh: SshConnection | undefined;
  #signingIn: Promise<SshConnection> | undefined;
  /** Who may be asked while a connection is made. */
  operation: Operation | undefined;
  /** Told of every step of a sign-in. */
  onStep: (step: ConnectStep, detail: string) => void = () => undefined;

  constructor(options: AgentRouteOptions) {
    this.#options = options;
    this.#reach = reachOf(options.spec);
  }

  /** Reaches the host first where that is needed. */
  get first(): Transport {
    return this.#transport((signal) => this.#signedIn(signal), { isFirst: true });
  }

  /** Only where the host is reached already: never signs in, so it can be tried as often as one likes. */
  further(isReached: () => boolean): Transport {
    const refuse = (): never => {
      throw new CodeManagerError('unavailable', 'The machine cannot be reached');
    };
    return this.#transport(() => Promise.resolve(this.#ssh !== undefined && isReached() ? this.#ssh : refuse()), {
      token: async () => (isReached() ? this.#options.token() : refuse()),
    });
  }

  /** Ends the connection of ssh. */
  close(): void {
    this.#ssh?.dispose();
    this.#ssh = undefined;
  }

  #transport(
    ssh: (signal: AbortSignal) => Promise<SshConnection>,
    { token = this.#options.token, isFirst = false }: { token?: AgentRouteOptions['token']; isFirst?: boolean },
  ): Transport {
    const { spec } = this.#options;
    if ('url' in spec && typeof spec.url === 'string') return { kind: 'url', url: spec.url, token };
    const port = 'agentPort' in spec && typeof spec.agentPort === 'number' ? spec.agentPort : undefined;
    if (port === undefined) {
      return { kind: 'stream', open: async (signal) => this.#dial(await ssh(signal), signal, isFirst) };
    }
    return {
      kind: 'stream',
      token: async () => {
        const known = await token();
        if (known !== undefined) return known;
        throw new CodeManagerError('unauthorized', 'There is no token for its agent server', {
          hint: 'Make one there with `cm server token new NAME`, and give it with --token-file.',
        });
      },
      open: async (signal) => (await ssh(signal)).forwardTcp('127.0.0.1', port),
    };
  }

  async #dial(ssh: SshConnection, signal: AbortSignal, isFirst: boolean): ReturnType<typeof afterMarker> {
    const open = () => ssh.exec(dialCommand());
    const stream = new ChannelStream(await (isFirst ? patiently(open) : open()));
    try {
      return await afterMarker(stream, signal, () => stream.stderr);
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'dependencyMissing' || error.hint !== undefined)
        throw error;
      const command = `cm machine install ${this.#reach?.host ?? ''}`;
      const hint = `Run \`${command}\`, or reach it without --agent.`;
      throw new CodeManagerError('dependencyMissing', error.message, { hint, command, cause: error });
    }
  }

  /** The connection that is open, when it answers; else a new one. Asked by several at once it signs in once. */
  async #signedIn(signal: AbortSignal): Promise<SshConnection> {
    const known = this.#ssh;
    if (known !== undefined && !known.isClosed) {
      try {
        await withTimeout(known.ping(), PING_MS, () => new ConnectionFailure('timedOut', 'The host does not answer'));
        return known;
      } catch {
        this.close();
      }
    }
    this.#signingIn ??= this.#signIn(signal).finally(() => (this.#signingIn = undefined));
    return this.#signingIn;
  }

  async #signIn(signal: AbortSignal): Promise<SshConnection> {
    if (this.#reach === undefined) throw new CodeManagerError('internal', 'This machine is not reached by ssh');
    const { operation } = this;
    const signals = operation === undefined ? [signal] : [signal, operation.signal];
    const connection = await this.#options.connectSsh(this.#reach, {
      operation,
      signal: AbortSignal.any(signals),
      onStep: (step, detail) => this.onStep(step, detail),
    });
    this.#ssh = connection;
    connection.onClose(() => {
      if (this.#ssh === connection) this.#ssh = undefined;
    });
    return connection;
  }
}

function reachOf(spec: AgentMachineSpec): SshReach | undefined {
  if (!('host' in spec) || typeof spec.host !== 'string') return undefined;
  const { host, user, port, keyFile } = spec as SshReach;
  return { host, user, port, keyFile };
}
