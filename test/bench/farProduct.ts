import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { LinkProxy } from '../helpers/linkProxy.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import type { Owner } from '../helpers/tempDir.js';
import type { Bench } from './figure.js';
import { waitFor } from './numbers.js';
import { openProduct, shellWords, type Product, type ProductOptions } from './product.js';

const ALIAS = 'bench-box';
const MACHINE = `ssh:${ALIAS}`;

/** Code Manager with its sessions on another host, and `ssh` to the same host by a way of its own. */
export class FarProduct {
  readonly product: Product;
  readonly host: RemoteHost;
  /** What `ssh` alone goes through: as long a way as that of the product. */
  readonly rawLink: LinkProxy;
  readonly #bench: Bench;
  readonly #config: string;

  private constructor(bench: Bench, product: Product, host: RemoteHost, rawLink: LinkProxy, config: string) {
    this.#bench = bench;
    this.product = product;
    this.host = host;
    this.rawLink = rawLink;
    this.#config = config;
  }

  /**
   * A real sshd on loopback and one session's worth of everything, so that nothing is done for the first time.
   *
   * @param folder that its sessions work in; default: one of the host's
   */
  static async open(
    bench: Bench,
    {
      name = 'ssh',
      folder,
      ...more
    }: Partial<Pick<ProductOptions, 'name' | 'prepare'>> & { readonly folder?: string } = {},
  ): Promise<FarProduct> {
    const hooks: (() => unknown)[] = [];
    const owner: Owner = { after: (hook) => void hooks.push(hook) };
    bench.scratch.defer(async () => {
      for (const hook of hooks) await hook();
    });
    const host = await RemoteHost.start(owner);
    const rawLink = await LinkProxy.open(owner, { port: host.sshd.port });
    const person = bench.scratch.folder();
    mkdirSync(person, { mode: 0o700 });
    host.introduce(person, ALIAS);
    // The agent server is started with the environment of this process.
    const { HOME, SSH_AUTH_SOCK } = process.env;
    bench.scratch.defer(() => {
      Object.assign(process.env, { HOME }, SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK });
    });
    process.env['HOME'] = person;
    delete process.env['SSH_AUTH_SOCK'];
    const on = { machine: { type: 'ssh', host: ALIAS } as const, folder: folder ?? host.work };
    const product = await openProduct(bench, { name, on, ...more });
    const far = new FarProduct(bench, product, host, rawLink, join(person, '.ssh', 'config'));
    await far.connected();
    const { id } = await product.start({ tool: 'shell', task: 'exit 0' });
    await far.ended(id);
    return far;
  }

  /** Runs `ssh host COMMAND` and gives its bytes. The result ends it. */
  ssh(options: readonly string[], command: string, onData: (data: Buffer) => void): () => Promise<void> {
    const child = spawn('ssh', this.#words(options, command), { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdout.on('data', onData);
    return this.#bench.scratch.defer(() => {
      child.kill('SIGKILL');
      return ended;
    });
  }

  /** Runs `ssh host COMMAND` until it has ended. */
  async runSsh(options: readonly string[], command: string): Promise<string> {
    return runOrThrow('ssh', this.#words(options, command));
  }

  #words(options: readonly string[], command: string): string[] {
    return ['-F', this.#config, '-p', String(this.rawLink.port), '-o', 'BatchMode=yes', ...options, ALIAS, command];
  }

  /** Prints a file from its begin and then what it gets. */
  tail(path: string, onData: (data: Buffer) => void): () => Promise<void> {
    return this.ssh([], `exec tail -c +1 -f ${shellWords(path)}`, onData);
  }

  logFile(id: string): string {
    return join(this.host.active, `${id}.log`);
  }

  /** Whether clients are told that everything is current. */
  get isConnected(): boolean {
    return this.product.client.snapshot.machines.some(
      ({ id, connection }) => id === MACHINE && connection === 'connected',
    );
  }

  async connected(): Promise<void> {
    await waitFor('the host to be connected', () => this.isConnected);
  }

  /** Waits until a client is told of the end of a session. */
  async ended(id: string): Promise<void> {
    const { client } = this.product;
    await waitFor(
      'the end of a session',
      () => client.snapshot.sessions.some((session) => session.id === id && session.completed !== null),
      { intervalMs: 1 },
    );
  }

  /** Deletes a session with its log, also while it runs. */
  async purge(id: string): Promise<void> {
    await this.product.client.request('session/purge', { session: id, force: true }, { timeoutMs: 60_000 });
  }
}
