import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import { killTree } from '../../src/machines/local/processTree.js';
import { chooseRuntimeDirectory } from '../../src/machines/local/runtimeDirectory.js';
import { Sshd, type SshdOptions } from '../ssh/sshd.js';
import { LinkProxy } from './linkProxy.js';
import { privateTmux } from './privateTmux.js';

/** A host that runs sessions, behind a link that can be broken. */
export class RemoteHost {
  readonly sshd: Sshd;
  /** Between whoever knows the host and its sshd. */
  readonly link: LinkProxy;
  /** A folder to work in. */
  readonly work: string;

  private constructor(sshd: Sshd, link: LinkProxy) {
    this.sshd = sshd;
    this.link = link;
    this.work = join(sshd.dir, 'work');
    mkdirSync(this.work);
  }

  /** Everything that was started on it ends with the test. */
  static async start(t: TestContext, options: SshdOptions = {}): Promise<RemoteHost> {
    const started: RemoteHost[] = [];
    // Before the folder goes, which is the first thing that the helpers below do.
    t.after(() => started[0]?.end());
    const sshd = await Sshd.start(t, options);
    const host = new RemoteHost(sshd, await LinkProxy.open(t, { port: sshd.port }));
    started.push(host);
    return host;
  }

  /** HOME there. */
  get user(): string {
    return this.sshd.home;
  }

  /** CM_HOME there. */
  get cm(): string {
    return this.sshd.cmHome;
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

  get runtimeDirectory(): Promise<string> {
    return chooseRuntimeDirectory(this.cm);
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
    await this.sshd.stop();
    await this.tmux('kill-server').catch(() => undefined);
    for (const id of this.#sessionIds()) await killTree(null, id);
    await this.sshd.kill();
  }

  async end(): Promise<void> {
    await endHome(this.cm).catch(() => undefined);
    const runtime = await this.runtimeDirectory.catch(() => undefined);
    await this.switchOff();
    if (runtime !== undefined && !runtime.startsWith(this.cm)) rmSync(runtime, { recursive: true, force: true });
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
