import { existsSync } from 'node:fs';
import { chooseAlgorithms } from './algorithms.js';
import { closedFailure } from './closedFailure.js';
import { HostKeyCheck } from './hostKeyCheck.js';
import { readKnownHosts, type KnownHostLine } from './knownHosts.js';
import { loadSsh2, onMethodRefused, type Ssh2 } from './loadSsh2.js';
import { PausableTimeout } from './pausableTimeout.js';
import { SignIn, type Ask } from './signIn.js';
import { Ssh2Connection } from './ssh2Connection.js';
import { keyPath, readSshConfig, type EffectiveConfig } from './sshConfig.js';
import type { SshConnection, SshConnectOptions, SshReach } from './sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';
import { openProxy, openTcp, openThrough, recordHead, resolveHost, timedOut, type Wire } from './wire.js';

const TIMEOUT_MS = 15_000;
const QUESTION_TIMEOUT_MS = 120_000;
const MAX_JUMPS = 8;
/** What a host or a proxy still says when something went wrong. */
const LAST_WORDS_MS = 100;

/**
 * Connects and signs in as `ssh` would: by the person's own configuration, through the hosts that it names, with the
 * keys of the agent and of files, and by asking. The key of every host on the way is checked.
 * @throws ConnectionFailure
 */
export async function connectSsh(reach: SshReach, options: SshConnectOptions): Promise<SshConnection> {
  const ssh2 = await loadSsh2();
  return await new Connecting(ssh2, options).connect(reach, options.jump, 0);
}

interface Handshake {
  readonly config: EffectiveConfig;
  readonly reach: SshReach;
  readonly knownHosts: readonly KnownHostLine[];
  readonly wire: Wire;
  readonly patience: PausableTimeout;
  readonly report: SshConnectOptions['onStep'];
  /** Called when the connection has ended. */
  readonly onEnd: () => void;
}

class Connecting {
  readonly #ssh2: Ssh2;
  readonly #options: SshConnectOptions;
  readonly #env: NodeJS.ProcessEnv;

  constructor(ssh2: Ssh2, options: SshConnectOptions) {
    this.#ssh2 = ssh2;
    this.#options = options;
    this.#env = options.env ?? process.env;
  }

  /** @param ownsJump the jump is left when the connection has ended */
  async connect(
    reach: SshReach,
    jump: SshConnection | undefined,
    depth: number,
    ownsJump = false,
  ): Promise<SshConnection> {
    const { configFile, signal } = this.#options;
    let through = jump;
    let patience: PausableTimeout | undefined;
    let wire: Wire | undefined;
    try {
      if (depth > MAX_JUMPS) {
        throw new ConnectionFailure('configuration', `ssh's configuration leads to ${reach.host} through itself`, {
          hint: 'Look at its ProxyJump lines.',
        });
      }
      this.#needKeyFile(reach);
      const read = await readSshConfig(reach, { env: this.#env, configFile, signal });
      const more = depth === 0 ? (this.#options.identityFiles ?? []) : [];
      const config = { ...read, identityFiles: [...new Set([...read.identityFiles, ...more])] };
      if (through === undefined && config.jumps.length > 0) through = await this.#jumpTo(config, depth);
      patience = new PausableTimeout(this.#options.timeoutMs ?? config.connectTimeoutMs ?? TIMEOUT_MS, signal, () =>
        timedOut(config.hostName, config.port),
      );
      const report = depth === 0 ? this.#options.onStep : undefined;
      const knownHosts = await readKnownHosts([...config.userKnownHosts, ...config.globalKnownHosts]);
      // Nothing may be waited for between the wire and its use: it may end at any time.
      wire = await this.#wire(config, through, patience, report);
      const owned = through === jump && !ownsJump ? undefined : through;
      return await this.#handshake({
        config,
        reach,
        knownHosts,
        wire,
        patience,
        report,
        onEnd: () => owned?.dispose(),
      });
    } catch (error) {
      wire?.stream.destroy();
      if (ownsJump || through !== jump) through?.dispose();
      throw error;
    } finally {
      patience?.dispose();
    }
  }

  #needKeyFile({ keyFile }: SshReach): void {
    if (keyFile == null) return;
    const path = keyPath(keyFile, this.#env);
    if (existsSync(path) || existsSync(`${path}.pub`)) return;
    throw new ConnectionFailure('configuration', `There is no key file ${path}`, {
      hint: 'Name the file of the private key.',
    });
  }

  /** Connects to the last hop through those before it. */
  async #jumpTo(config: EffectiveConfig, depth: number): Promise<SshConnection> {
    let through: SshConnection | undefined;
    for (const hop of config.jumps) through = await this.connect(hop, through, depth + 1, true);
    if (through === undefined) throw new ConnectionFailure('configuration', 'ProxyJump names no host');
    return through;
  }

  async #wire(
    config: EffectiveConfig,
    through: SshConnection | undefined,
    patience: PausableTimeout,
    report: SshConnectOptions['onStep'],
  ): Promise<Wire> {
    const { hostName, port, family, bindAddress, proxyCommand } = config;
    if (through !== undefined) {
      report?.('resolve', `by ${through.target}`);
      return await patience.race(openThrough(through, hostName, port));
    }
    if (proxyCommand !== undefined) {
      report?.('resolve', 'by its ProxyCommand');
      return openProxy(proxyCommand, this.#env);
    }
    const addresses = await patience.race(resolveHost(hostName, family));
    report?.('resolve', addresses.map(({ address }) => address).join(', '));
    patience.touch();
    this.#options.onAddress?.({ addresses, port, bindAddress });
    return await openTcp(addresses, { host: hostName, port, bindAddress, signal: patience.signal });
  }

  #handshake(start: Handshake): Promise<SshConnection> {
    const { config, reach, wire, patience, report, onEnd } = start;
    const { asker, log, machine, memory } = this.#options;
    const target = `${config.user}@${config.alias}`;
    const client = new this.#ssh2.Client();
    let asking = false;
    const ask: Ask | undefined =
      asker === undefined || config.batchMode
        ? undefined
        : async (question) => {
            patience.hold();
            asking = true;
            try {
              const name = machine ?? reach.host;
              return await asker.ask({ ...question, machine: name, timeoutMs: QUESTION_TIMEOUT_MS }, patience.signal);
            } finally {
              asking = false;
              patience.release();
            }
          };
    const hostKey = new HostKeyCheck(config, ask, start.knownHosts);
    return new Promise<SshConnection>((resolve, reject) => {
      let problem: Error | undefined;
      let hadHandshake = false;
      const fail = (error: ConnectionFailure): void => {
        patience.signal.removeEventListener('abort', onAbort);
        reject(error);
        client.destroy();
        wire.stream.destroy();
      };
      const onAbort = (): void => fail(patience.reason);
      const onEnded = (): void => {
        const context = { config, target, wire, signIn, head: head(), asking, hadHandshake };
        fail(signIn.failure ?? closedFailure(problem, context));
      };
      const signIn = new SignIn({
        ssh2: this.#ssh2,
        config,
        target,
        keyFile: reach.keyFile == null ? undefined : keyPath(reach.keyFile, this.#env),
        ask,
        memory,
        note: (sentence) => log.warn(sentence),
        abort: fail,
      });
      const onError = (error: Error & { level?: string }): void => {
        // A key of the agent that cannot sign is no reason to stop.
        if (error.level === 'agent') return;
        problem ??= error;
        // The other side may never hang up.
        setTimeout(onEnded, LAST_WORDS_MS);
      };
      client.on('error', onError);
      client.on('change password', (prompt) => fail(signIn.passwordExpired(prompt)));
      client.on('banner', (text) => signIn.heard(text));
      client.on('handshake', () => {
        patience.touch();
        if (hadHandshake) return;
        hadHandshake = true;
        hostKey.remember().then(
          (file) => file !== undefined && log.info(`The key of ${config.alias} was added to ${file}`),
          (error: unknown) => log.warn(`The key of ${config.alias} could not be kept: ${String(error)}`),
        );
      });
      client.once('ready', () => {
        patience.signal.removeEventListener('abort', onAbort);
        client.off('close', onEnded);
        const connection = new Ssh2Connection(client, wire, `${config.user}@${config.hostName}:${config.port}`, onEnd);
        client.off('error', onError);
        signIn.accepted();
        report?.('sign in', signIn.method);
        resolve(connection);
      });
      client.once('close', onEnded);
      client.connect({
        sock: wire.stream,
        username: config.user,
        readyTimeout: 0,
        authHandler: signIn.handler,
        algorithms: chooseAlgorithms(config, hostKey),
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
          patience.touch();
          hostKey.check(key).then(
            (detail) => {
              if (!hadHandshake) report?.('host key', detail);
              verify(true);
            },
            (error: unknown) =>
              fail(error instanceof ConnectionFailure ? error : new ConnectionFailure('hostKeyUnknown', String(error))),
          );
        },
      });
      // The library holds the stream back until it listens itself.
      const head = recordHead(wire.stream, () => report?.('connect', `${config.hostName} port ${config.port}`));
      onMethodRefused(client, (methods, partial) => {
        patience.touch();
        signIn.refused(methods, partial);
      });
      patience.signal.addEventListener('abort', onAbort, { once: true });
      if (patience.signal.aborted) onAbort();
    });
  }
}
