import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import type { Client } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { COMMANDS } from '../../src/cli/commands.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

// Every example that people are shown is typed into a shell, where it does what it says.

const PROMPT = /<(\d+)> *$/m;

/** What only a real agent asks; the tests of its menus answer it. */
const CHOICES_OF_SEVERAL = ['cm answer login Blue Green', 'cm answer refactor-auth Apple 3'];

/** What goes on until a person ends it: what it shows by then, and how a person ends it. */
const ENDLESS: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^cm logs .*-f$/, /Demo agent/, 'C-c'],
  [/^cm status -w\b/, /DETAIL/, 'C-c'],
  [/^cm events /, /"type"/, 'C-c'],
  [/^cm attach /, /Demo agent/, 'C-b d'],
  [/^cm server run /, /clients with a token are let in/, 'C-c'],
];

/** The lines of a document that a person is to type, without what is said about them. */
function readmeExamples(): string[] {
  const readme = readFileSync(join(repoRoot, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gmsu)].map(([, text = '']) => text);
  return blocks
    .flatMap((text) => text.split('\n'))
    .map((line) => line.replace(/(?:^| +)#.*/u, ''))
    .filter((line) => line.startsWith('cm '));
}

function helpExamples(): string[] {
  return COMMANDS.flatMap(({ examples = [] }) => examples);
}

/** Stands for an agent: our demo, which keeps a record of its conversation as Claude Code does. */
const AGENT = `#!/bin/sh
folder=$HOME/.claude/projects/work
id= task=
while [ $# -gt 0 ]; do
  case $1 in
    --session-id | --resume) id=$2; shift ;;
    --settings | --permission-mode | --model) shift ;;
    -*) ;;
    *) task=$1 ;;
  esac
  shift
done
mkdir -p "$folder"
printf '{"type":"user","message":{"content":"the task"}}\\n' >>"$folder/$id.jsonl"
[ -z "$task" ] || exec node '${join(repoRoot, 'media/demo/agent.mjs')}' -- "$task"
exec node '${join(repoRoot, 'media/demo/agent.mjs')}'
`;

/** What names a place that is not in this test: it is understood, and said to be out of reach. */
const ELSEWHERE = / --url wss:| --agent-port | --port 2222 /u;

class Desk {
  private constructor(
    readonly home: TestHome,
    private readonly terminal: Terminal,
    private readonly port: number,
    private readonly client: Client,
  ) {}

  static async setUp(t: TestContext): Promise<Desk> {
    const home = new TestHome(t);
    const host = await RemoteHost.start(t);
    for (const name of ['build-box', 'cluster']) host.introduce(home.user, name);
    host.program('module', '#!/bin/sh\n');
    const bin = join(home.user, 'bin');
    const project = join(home.user, 'src/api');
    for (const folder of [bin, project, join(home.cm, 'tools'), join(host.user, 'src/api'), join(host.user, 'sim')])
      mkdirSync(folder, { recursive: true });
    const program = (name: string, text: string): void => writeFileSync(join(bin, name), text, { mode: 0o755 });
    program('cm', `#!/bin/sh\nexec node '${join(distDir, 'cm.js')}' "$@"\n`);
    program('agent', AGENT);
    program('codex', '#!/bin/sh\necho "codex is done"\n');
    program('say', '#!/bin/sh\necho "said $*"\n');
    const demo = JSON.parse(readFileSync(join(repoRoot, 'src/core/tools/demo.json'), 'utf8')) as object;
    const claude = { ...demo, id: 'claude', name: 'Claude Code', command: [join(bin, 'agent')], task: undefined };
    writeFileSync(join(home.cm, 'tools/claude.json'), JSON.stringify(claude));
    writeFileSync(join(home.cm, 'tools/codex.json'), JSON.stringify({ id: 'codex', command: [join(bin, 'codex')] }));
    const git = (...args: string[]): Buffer =>
      execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { cwd: project });
    git('init', '-q');
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'api', scripts: { test: 'echo tested' } }));
    git('add', '-A');
    git('commit', '-qm', 'first');
    writeFileSync(join(project, 'screen.txt'), 'demo> \n');
    writeFileSync(join(project, 'task.md'), 'write permission notes\n');
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'api2', scripts: { test: 'echo tested' } }));
    mkdirSync(join(home.user, '.ssh'), { recursive: true });
    writeFileSync(join(home.user, '.ssh/work'), execFileSync('cat', [host.sshd.keyFile]), { mode: 0o600 });
    const token = randomBytes(32).toString('base64url');
    for (const file of ['build-box.token', '.cm-token']) writeFileSync(join(home.user, file), token, { mode: 0o600 });
    const terminal = await Terminal.open(t, {
      dir: home.root,
      command: ['bash', '--norc', '--noprofile', '-i'],
      env: { ...home.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, PS1: '<$?> ', CM_DEMO_PACE: '20' },
      cwd: project,
      columns: 200,
      rows: 60,
    });
    await terminal.shows(PROMPT);
    // Its server is started by `cm`, in the environment of the person.
    await home.ok('status');
    const client = createClient({ name: 'test', home: home.cm });
    t.after(() => client.dispose());
    return new Desk(home, terminal, await freePort(), client);
  }

  /** Types a line, does what a person does next, and gives its exit code with what stands on the screen. */
  async type(example: string): Promise<readonly [number, string]> {
    const place = example.replace('9876', String(this.port));
    const asked = / --request /u.test(place) ? (await this.#session('refactor-auth'))?.request?.id : undefined;
    const line = place.replace(/(?<=--request )\S+/u, asked ?? '');
    await this.terminal.type('clear');
    await this.terminal.keys('Enter');
    await until('an empty screen', async () => /^<0>$/.test((await this.terminal.screen()).trim()));
    await this.terminal.type(line);
    await this.terminal.keys('Enter');
    const [, ready, keys] = ENDLESS.find(([which]) => which.test(line)) ?? [];
    if (ready !== undefined && keys !== undefined) {
      await until(`${line} shows ${String(ready)}`, async () => {
        // Something is to happen while all that happens is followed.
        if (line.startsWith('cm events')) await this.#change();
        return ready.test(await this.terminal.screen());
      });
      await this.terminal.keys(...keys.split(' '));
    }
    let isConfirmed = false;
    const ended = await until(line, async () => {
      const screen = await this.terminal.screen();
      if (!isConfirmed && /\[y\/N\]|\(y\/n\)|[Tt]ype yes/u.test(screen)) {
        isConfirmed = true;
        await this.terminal.type(/[Tt]ype yes/u.test(screen) ? 'yes' : 'y');
        await this.terminal.keys('Enter');
      }
      const code = PROMPT.exec(screen.slice(screen.indexOf('\n')))?.[1];
      return code !== undefined && ([Number(code), screen] as const);
    });
    return ended;
  }

  /** What the line exits with: 130 where Ctrl+C ends it, 4 where nobody is, 2 where a demo asks for no choice of several. */
  expected(line: string): number {
    const [, , keys] = ENDLESS.find(([which]) => which.test(line)) ?? [];
    if (ELSEWHERE.test(line)) return 4;
    // A server by hand is ended so, as it is meant to be.
    if (line.startsWith('cm server run')) return 0;
    return keys === 'C-c' ? 130 : CHOICES_OF_SEVERAL.includes(line) ? 2 : 0;
  }

  /** Brings about what the line speaks of. */
  async prepare(line: string): Promise<void> {
    const { client } = this;
    if (/^cm server (?:run|token)/u.test(line)) {
      // Without --force it stays while one of the agents of other lines goes on.
      await this.home.ok('server', 'stop', '--force');
      return;
    }
    if (client.state.kind !== 'connected') await this.home.ok('status');
    const api = join(this.home.user, 'src/api');
    const contexts = await client.request('context/list', {});
    const isTaken = (name: string): boolean => contexts.some((context) => context.name === name);
    const added = /^cm ctx add (\S+)/u.exec(line)?.[1];
    if (added !== undefined) {
      if (isTaken(added)) await client.request('context/edit', { context: added, name: unique(added) });
    } else if (/ (?:--ctx|ctx test) api\b/u.test(line) && !isTaken('api')) {
      await client.request('context/add', { name: 'api', path: api });
    }
    if (/ --agent$/u.test(line)) await this.home.ok('machine', 'install', 'build-box', '--yes');
    const tag = / --tag (\S+)/u.exec(line)?.[1];
    if (tag !== undefined) {
      for (const { id, status } of await client.request('session/list', {}))
        if (status === 'running') await client.request('session/kill', { session: id });
      await client.request('context/edit', { context: 'api', tags: [tag] });
      return this.#start('tagged', line, api);
    }
    const given = /--name (\S+)/u.exec(line)?.[1];
    if (given !== undefined) return this.#free(given);
    const name = /\b(?:login|refactor-auth|fix-auth)\b(?! test)/u.exec(line)?.[0];
    if (name !== undefined && !line.startsWith('cm start')) await this.#start(name, line, api);
  }

  /** A session of that name in which the line can do what it says. */
  async #start(name: string, line: string, path: string): Promise<void> {
    await this.#free(name);
    const { client } = this;
    const asksLeave = /^cm (?:approve|deny)/u.test(line);
    const asks = asksLeave || /^cm answer|--for input/u.test(line);
    const task = asks ? 'write notes with permission' : undefined;
    const env = { CM_DEMO_PACE: '20' };
    const place = { path, machineId: 'local' };
    await client.request('session/create', { requestId: unique(name), tool: 'claude', name, task, env, ...place });
    if (!asks) await until(`${name} is ready`, async () => (await this.#session(name))?.state === 'idle');
    else {
      const { id } = await this.#pending(name, 'question');
      if (asksLeave) {
        await client.request('session/answer', {
          session: name,
          request: id,
          answer: { type: 'option', label: 'Blue' },
        });
        await this.#pending(name, 'permission');
      }
    }
    if (line.startsWith('cm resume')) await client.request('session/kill', { session: name });
  }

  /** No folder of another machine is one that the shell here has put in place of `~`. */
  async isThere(line: string): Promise<void> {
    if (ELSEWHERE.test(line)) return;
    const added = /^cm ctx add (\S+) .*(?:--host|--url|build-box:)/u.exec(line)?.[1];
    if (added === undefined) return;
    const { path } = await this.client.request('context/get', { context: added });
    assert.ok(!path.startsWith(this.home.user), `${added} is in ${path}`);
  }

  async #change(): Promise<void> {
    const [session] = await this.client.request('session/list', {});
    if (session !== undefined)
      await this.client.request('session/update', { session: session.id, pinned: !session.pinned });
  }

  async #session(name: string): Promise<Session | undefined> {
    return (await this.client.request('session/list', {})).find((session) => session.name === name);
  }

  async #pending(name: string, kind: PendingRequest['kind']): Promise<PendingRequest> {
    return until(`${name} asks`, async () => {
      const request = (await this.#session(name))?.request ?? undefined;
      return request?.kind === kind && request;
    });
  }

  /** Lets another session have the name. */
  async #free(name: string): Promise<void> {
    const session = await this.#session(name);
    if (session !== undefined) await this.client.request('session/rename', { session: session.id, name: unique(name) });
  }
}

let count = 0;
const unique = (name: string): string => `${name}-${++count}-former`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

for (const [where, examples] of [
  ['README', readmeExamples()],
  ['the help of commands', helpExamples()],
] as const) {
  test(`each example of ${where} does what it says`, { timeout: 400_000 }, async (t) => {
    assert.ok(examples.length > 20);
    const desk = await Desk.setUp(t);
    for (const example of examples) {
      await t.test(example, async () => {
        await desk.prepare(example);
        const [code, screen] = await desk.type(example);
        assert.equal(code, desk.expected(example), screen);
        await desk.isThere(example);
      });
    }
  });
}
