import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import { killTree } from '../../src/machines/local/processTree.js';
import { Sshd, type SshdOptions } from '../ssh/sshd.js';
import { LinkProxy } from './linkProxy.js';
import { privateTmux, socketFolder } from './privateTmux.js';
import type { Owner } from './tempDir.js';
import { distDir } from './testHome.js';
import { until } from './until.js';

export interface RemoteHostOptions extends SshdOptions {
  /** A home that exists already, as one that several hosts share; default: one of its own. */
  readonly sharedHome?: string;
}

/** A host that runs sessions, behind a link that can be broken. */
export class RemoteHost {
  readonly sshd: Sshd;
  /** Between whoever knows the host and its sshd. */
  readonly link: LinkProxy;
  /** A folder to work in. */
  readonly work: string;

  /** HOME there. */
  readonly user: string;

  private constructor(sshd: Sshd, link: LinkProxy, user: string) {
    this.sshd = sshd;
    this.link = link;
    this.user = user;
    this.work = join(sshd.dir, 'work');
    mkdirSync(this.work);
  }

  /** Everything that was started on it ends with the test. */
  static async start(t: Owner, options: RemoteHostOptions = {}): Promise<RemoteHost> {
    const started: RemoteHost[] = [];
    // Before the folder goes, which is the first thing that the helpers below do.
    t.after(() => started[0]?.end());
    const { sharedHome } = options;
    const env = { ...(sharedHome === undefined ? {} : { HOME: sharedHome }), ...options.env };
    const sshd = await Sshd.start(t, { ...options, env });
    const link = await LinkProxy.open(t, { port: sshd.port });
    const host = new RemoteHost(sshd, link, sharedHome ?? sshd.home);
    started.push(host);
    return host;
  }

  /** CM_HOME there. */
  get cm(): string {
    return join(this.user, '.cm');
  }

  get active(): string {
    return join(this.cm, 'sessions', 'active');
  }

  /** Lets the person with this home find and enter the host by a name, through the link. */
  introduce(home: string, alias: string, config: readonly string[] = []): void {
    this.sshd.client({ home, alias, config: [`HostKeyAlias ${alias}`, ...config] });
    const folder = join(home, '.ssh');
    // The port of the link in place of that of sshd, and the key by the name.
    replaceIn(join(folder, 'config'), `Port ${this.sshd.port}`, `Port ${this.link.port}`);
    replaceIn(join(folder, 'known_hosts'), `[127.0.0.1]:${this.sshd.port} `, `${alias} `);
  }

  get runtimeDirectory(): string {
    return socketFolder(this.cm);
  }

  /** The environment in which whoever sits at the host starts things. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.user, CM_HOME: this.cm, CM_TEST_HOST: this.sshd.dir, SHELL: '/bin/sh' };
  }

  /** Runs `cm` at the keyboard of the host, which starts its agent server; gives what it prints. */
  async runCm(...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [join(distDir, 'cm.js'), ...args], { env: this.env, cwd: this.work });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    await until(`cm ${args.join(' ')}`, () => child.exitCode !== null);
    assert.equal(child.exitCode, 0, stderr);
    return stdout.trim();
  }

  /** Runs a command of the private tmux there. */
  async tmux(...args: readonly string[]): Promise<string> {
    return privateTmux(this.cm, args);
  }

  /** Puts a program before all others in the PATH of everybody who signs in. */
  program(name: string, script: string): string {
    const bin = join(this.user, 'bin-first');
    mkdirSync(bin, { recursive: true });
    for (const file of ['.bashrc', '.bash_profile', '.profile']) {
      const path = join(this.user, file);
      const line = `export PATH='${bin}':"$PATH"\n`;
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      if (!text.includes(line)) writeFileSync(path, line + text);
    }
    const path = join(bin, name);
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    return path;
  }

  /** Process of the agent server there; undefined when there is none. */
  get serverPid(): number | undefined {
    const folder = join(this.cm, 'servers');
    const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.json')) : undefined;
    if (file === undefined) return undefined;
    try {
      return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid;
    } catch {
      // It is being written.
      return undefined;
    }
  }

  log(id: string): string {
    const path = join(this.active, `${id}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  read(name: string): string {
    const path = join(this.work, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** What a reboot leaves: no process, and the files. */
  async switchOff(): Promise<void> {
    // All at once: nobody is left to see how the others end.
    await this.sshd.kill();
    await this.tmux('kill-server').catch(() => undefined);
    for (const id of this.#sessionIds()) await killTree(null, id);
    await this.sshd.kill();
  }

  async end(): Promise<void> {
    await endHome(this.cm).catch(() => undefined);
    const runtime = this.runtimeDirectory;
    await this.switchOff();
    if (!runtime.startsWith(this.cm)) rmSync(runtime, { recursive: true, force: true });
  }

  #sessionIds(): Set<string> {
    const folders = ['active', 'archive'].map((name) => join(this.cm, 'sessions', name)).filter(existsSync);
    const names = folders.flatMap((folder) => readdirSync(folder));
    return new Set(names.flatMap((name) => /^([0-9a-z]{12})\./.exec(name)?.[1] ?? []));
  }
}

function replaceIn(file: string, text: string, by: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(text, by));
}
