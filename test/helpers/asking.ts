import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { askingScript, askingTool } from './askingAgent.js';
import { Terminal } from './terminal.js';
import { distDir, TestHome } from './testHome.js';
import { until } from './until.js';

/** A home with a session that asks for these commands. */
export class Asking {
  readonly home: TestHome;
  id = '';

  private constructor(home: TestHome) {
    this.home = home;
  }

  static start(t: TestContext, ...steps: readonly string[]): Promise<Asking> {
    return Asking.startIn(new TestHome(t), ...steps);
  }

  static async startIn(home: TestHome, ...steps: readonly string[]): Promise<Asking> {
    const asking = new Asking(home);
    const program = join(home.work, 'asking');
    writeFileSync(program, askingScript(steps));
    chmodSync(program, 0o755);
    mkdirSync(join(home.cm, 'tools'), { recursive: true });
    writeFileSync(join(home.cm, 'tools', 'asking.json'), JSON.stringify({ id: 'asking', ...askingTool(program) }));
    asking.id = await home.ok('start', 'asking', '--name', 'agent');
    await until('it runs', async () => (await asking.session()).status === 'running');
    await home.ok('key', asking.id, 'Enter');
    return asking;
  }

  session(): Promise<Session> {
    return this.home.json<Session>('status', this.id);
  }

  async pending(command: string): Promise<PendingRequest> {
    return until(`it asks for ${command}`, async () => {
      const { request } = await this.session();
      return request?.command === command ? request : undefined;
    });
  }

  file(name: string): string {
    const path = join(this.home.work, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  terminal(t: TestContext, ...args: readonly string[]): Promise<Terminal> {
    const command = [process.execPath, join(distDir, 'cm.js'), ...args];
    return Terminal.open(t, { dir: this.home.root, command, env: this.home.env, cwd: this.home.work });
  }
}
