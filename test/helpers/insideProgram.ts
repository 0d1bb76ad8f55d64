import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { distDir } from './testHome.js';
import { quote, type TestServer } from './testServer.js';
import { until } from './until.js';

/** What came of one command. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `cm` as a program of a shell script: an agent knows no other way. */
export const CM = `${quote(process.execPath)} ${quote(join(distDir, 'cm.js'))}`;

/**
 * A session whose program waits for scripts and runs them, as an agent runs commands: what they start is inside it.
 */
export class InsideProgram {
  readonly id: string;
  readonly name: string;
  readonly #folder: string;
  #count = 0;

  private constructor(id: string, name: string, folder: string) {
    this.id = id;
    this.name = name;
    this.#folder = folder;
  }

  static async start(t: TestContext, server: TestServer, client: Client, name: string): Promise<InsideProgram> {
    const folder = server.home.root;
    const loop =
      `n=1; while :; do [ -f ${folder}/${name}.$n.sh ] && { sh ${folder}/${name}.$n.sh; n=$((n + 1)); }; ` +
      `sleep 0.02; done`;
    const { id } = await server.shell(client, loop, {
      name,
      env: { CM_HOME: server.cm, NODE_OPTIONS: '' },
    });
    t.after(() => client.request('session/kill', { session: id }).catch(() => undefined));
    return new InsideProgram(id, name, folder);
  }

  /** Runs a line of a shell inside, and gives what came of it. */
  async run(line: string, deadlineMs?: number): Promise<Ran> {
    const base = join(this.#folder, `${this.name}.${++this.#count}`);
    const script = `${line}\n`;
    writeFileSync(`${base}.line`, script);
    const run = `sh ${base}.line >${base}.out 2>${base}.err </dev/null; echo $? >${base}.new; mv ${base}.new ${base}.code\n`;
    writeFileSync(`${base}.tmp`, run);
    // Whole at once: the program must not read half of it.
    const { renameSync } = await import('node:fs');
    renameSync(`${base}.tmp`, `${base}.sh`);
    await until(`${line} has ended`, () => existsSync(`${base}.code`), deadlineMs);
    const read = (name: string): string => readFileSync(`${base}.${name}`, 'utf8');
    return { code: Number(read('code')), stdout: read('out'), stderr: read('err') };
  }

  /** Runs `cm` inside. */
  cm(...args: readonly string[]): Promise<Ran> {
    return this.run([CM, ...args.map(quote)].join(' '));
  }
}
