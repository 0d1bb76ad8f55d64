import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { launchArguments } from '../../src/core/tools/launch.js';
import { readStartupScreen } from '../../src/core/state/startupScreen.js';
import type { Tool } from '../../src/protocol/tool.js';
import { ScriptedModel } from '../model/server.js';
import { writtenText } from '../model/script.js';
import { drawnRows } from '../helpers/campaign.js';
import { agentHome, type AgentName } from './home.js';
import { Pane } from './pane.js';

// What the descriptions of the tools say, held against the real programs, without anything of ours in between.

const catalog = new ToolCatalog('/nonexistent');

interface Started {
  readonly tool: Tool;
  readonly pane: Pane;
  readonly model: ScriptedModel;
  readonly folder: string;
}

interface StartOptions {
  readonly task: string;
  readonly mode: string | null;
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

async function start(t: TestContext, name: AgentName, options: StartOptions): Promise<Started> {
  const model = await ScriptedModel.start();
  t.after(() => model.stop());
  // Not below /tmp, which Codex takes for a place where it may write.
  const dir = mkdtempSync('/var/tmp/cm-agent-');
  const folder = join(dir, 'project');
  mkdirSync(folder);
  execFileSync('git', ['init', '-q', folder]);
  const { program, env } = await agentHome(name, model.url, dir);
  const tool = catalog.get(name);
  const { task, mode, columns = 80, rows = 24 } = options;
  const { argv, typedTask } = launchArguments(tool, {
    ...{ program: [program, ...tool.command.slice(1)], task, mode, model: null, args: [] },
  });
  const pane = await Pane.start(t, { argv, cwd: folder, env: { ...env, ...options.env }, columns, rows });
  // Behind the end of the program, which writes there.
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  assert.equal(typedTask, null);
  return { tool, pane, model, folder };
}

/** The id of the dialog, `ready` or `unknown`. */
function read(tool: Tool, screen: string): string {
  const seen = readStartupScreen(tool, screen);
  return seen.kind === 'dialog' ? seen.dialog.id : seen.kind;
}

async function waitUntil({ tool, pane }: Started, wanted: string): Promise<void> {
  let seen = '';
  await waitFor(
    `${tool.id} to show ${wanted}`,
    async () => {
      assert.equal(pane.exit(), undefined, `it ended; it showed\n${await pane.screen()}`);
      const now = read(tool, await pane.screen());
      const holds = now === wanted && seen === wanted;
      seen = now;
      return holds;
    },
    { timeoutMs: 90_000, intervalMs: 200 },
  );
}

/** Chooses by the text of the option, since numbers and defaults differ, and again when a key was not heard. */
async function choose({ tool, pane }: Started, dialog: string, cursor: string, option: string): Promise<void> {
  await waitFor(
    `${option} to be chosen`,
    async () => {
      const screen = await pane.screen();
      if (read(tool, screen) !== dialog) return true;
      const line = screen.split('\n').find((text) => text.trimStart().startsWith(cursor));
      if (line !== undefined) await pane.keys(line.includes(option) ? 'Enter' : 'Down');
      return false;
    },
    { intervalMs: 500 },
  );
}

const FILE = 'made by.txt';
/** Everything that a shell, a parser of options or a template would spoil. */
const AWKWARD = `-x --help "quoted" 'single' $(touch wrong) \`touch wrong\` {task} $& %s \\n \u{1f600}\nsecond line\n`;
const LONG = `${AWKWARD}${'0123456789 '.repeat(4600)}\ndo:write(${FILE})`;

const AGENTS: readonly {
  readonly name: AgentName;
  /** Edits files without asking. */
  readonly mode: string;
  readonly trust: { readonly cursor: string; readonly option: string } | undefined;
}[] = [
  { name: 'claude', mode: 'acceptEdits', trust: { cursor: '❯', option: 'Yes, I trust this folder' } },
  { name: 'codex', mode: 'never-ask', trust: { cursor: '›', option: 'Trust and continue' } },
  { name: 'opencode', mode: 'auto', trust: undefined },
];

for (const { name, mode, trust } of drawnRows('launch', AGENTS, 2, ({ name }) => name)) {
  test(`${name} gets a long, awkward task as it is, and does it`, { timeout: 240_000 }, async (t) => {
    const started = await start(t, name, { task: LONG, mode });
    const { pane, model, folder } = started;
    if (trust !== undefined) {
      await waitUntil(started, 'trust');
      assert.equal(model.requests.length, 0, 'nothing was sent before the folder was trusted');
      await choose(started, 'trust', trust.cursor, trust.option);
    }
    const path = join(folder, FILE);
    const isWritten = (): boolean => existsSync(path) && readFileSync(path, 'utf8') === writtenText(FILE);
    await waitFor('the file', isWritten, { timeoutMs: 90_000 });
    await pane.waitForScreen('All done (1 steps)');
    await waitUntil(started, 'ready');
    assert.equal(existsSync(join(folder, 'wrong')), false);
    const bodies = model.requests.map(({ body }) => JSON.stringify(body));
    const sent = JSON.stringify(LONG).slice(1, -1);
    assert.ok(
      bodies.some((body) => body.includes(sent)),
      'the model got the task as it was',
    );
  });
}

test('claude asks before it takes an API key it does not know', { timeout: 120_000 }, async (t) => {
  const env = { ANTHROPIC_API_KEY: 'sk-ant-dummy-key-of-another-person-0000' };
  const started = await start(t, 'claude', { task: 'do:say(hello)', mode: null, env });
  await waitUntil(started, 'trust');
  await choose(started, 'trust', '❯', 'Yes, I trust this folder');
  await waitUntil(started, 'api-key');
});

test('claude warns before it runs without any checks', { timeout: 120_000 }, async (t) => {
  const started = await start(t, 'claude', { task: '', mode: 'bypassPermissions', env: { IS_SANDBOX: '1' } });
  await waitUntil(started, 'trust');
  await choose(started, 'trust', '❯', 'Yes, I trust this folder');
  await waitUntil(started, 'bypass');
});
