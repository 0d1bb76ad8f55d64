import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Client } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { VERSION } from '../../src/common/build.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { until } from '../helpers/until.js';

const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`codeManager.${command}`, ...args);

/** The text of the output channel of a session, undefined while it is not in sight. */
function outputOf(name: string): string | undefined {
  return vscode.window.visibleTextEditors
    .find(({ document }) => document.uri.scheme === 'output' && document.uri.path.endsWith(`Code Manager: ${name}`))
    ?.document.getText();
}

describe('Sessions', function () {
  this.timeout(90_000);
  let client: Client;
  let folder: string;
  let sessionCount = 0;

  const start = async (command: string): Promise<Session> => {
    const name = `suite-${++sessionCount}`;
    const request = { requestId: `suite-${Date.now()}-${name}`, tool: 'shell', task: command, path: folder, name };
    return await client.request('session/create', request);
  };
  const current = (id: string): Session | undefined => client.snapshot.sessions.find((session) => session.id === id);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cm-suite-'));
    // Shows the views, which starts the agent server.
    await vscode.commands.executeCommand('codeManager.sessions.focus');
    client = createClient({ name: 'suite', subscribe: true });
    await client.request('ping', {}, { timeoutMs: 30_000 });
  });

  after(async () => {
    for (const { id } of client.snapshot.sessions) await client.request('session/purge', { session: id, force: true });
    client.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('show their log in an output channel that follows it to its end', async () => {
    const { id, name } = await start('for i in 1 2 3; do echo line $i; sleep 0.3; done; exit 3');
    await run('session.showLog', id);
    const text = await until('the last line', () => {
      const shown = outputOf(name);
      return shown?.includes('— failed, exit 3') === true ? shown : undefined;
    });
    const lines = text.trimEnd().split('\n');
    assert.match(lines[0] ?? '', new RegExp(`^— ${name} · .* —$`));
    assert.deepEqual(lines.slice(1, 4), ['line 1', 'line 2', 'line 3']);
    await until('that it wants to be reviewed', () => current(id)?.unread);
    await run('session.showLog', id);
    await until('that it counts as looked at', () => current(id)?.unread === false);

    await client.request('session/rename', { session: id, name: 'called-otherwise' });
    const renamed = await until('the channel with its other name', () => {
      const shown = outputOf('called-otherwise');
      return shown?.includes('— failed, exit 3') === true ? shown : undefined;
    });
    assert.match(renamed, /^— called-otherwise · .*\nline 1\nline 2\nline 3\n/);
    assert.equal(outputOf(name), undefined);
  });

  it('show a flood of output without holding up anything else', async () => {
    const { id, name } = await start('seq 1 300000; echo the end; sleep 100');
    const quiet = await start('sleep 100');
    await run('session.showLog', id);
    await client.request('session/rename', { session: quiet.id, name: 'renamed-meanwhile' });
    await until('the end of the flood', () => outputOf(name)?.includes('the end'), 60_000);
    const length = outputOf(name)?.length ?? 0;
    assert.ok(length < 9 * 1024 * 1024, `${length} characters are kept`);
  });

  it('open their whole log as a document', async () => {
    const { id, name } = await start('seq 1 5000');
    await until('its end', () => current(id)?.status === 'completed');
    await run('session.openLog', id);
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.path, `/${name}.log`);
    const text = document.getText();
    assert.match(text, /\n1\n2\n3\n/);
    assert.match(text, /\n5000\n— completed/);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('have one terminal each, whose end leaves the session alone', async () => {
    const { id, name } = await start('echo ready; exec cat');
    const terminals = () => vscode.window.terminals.filter((terminal) => terminal.name === name);
    await run('session.attach', id);
    await run('session.attach', id);
    const [terminal] = terminals();
    assert.equal(terminals().length, 1);
    assert.ok(terminal);
    await terminal.processId;
    terminal.dispose();
    await until('the end of the terminal', () => terminals().length === 0);
    assert.equal((await client.request('session/get', { session: id })).status, 'running');
    await run('session.attachReadOnly', id);
    await until('the read-only terminal', () =>
      vscode.window.terminals.some((one) => one.name === `${name} (read-only)`),
    );
  });

  it('end when a person stops them, and can be archived and put away', async () => {
    const { id } = await start('exec sleep 1000');
    await until('its row', () => current(id)?.status === 'running');
    await run('session.stop', id);
    await until('its end', () => current(id)?.status === 'stopped');
    await run('session.pin', id);
    await until('the pin', () => current(id)?.pinned);
    await run('session.unpin', id);
    await run('session.archive', id);
    await until('that it is gone from the list', () => current(id) === undefined);
    assert.equal((await client.request('session/get', { session: id })).archived, true);
  });

  it('take all selected rows where a command means several', async () => {
    const task = 'echo ready; sleep 100';
    const [first, second, third] = await Promise.all([start(task), start(task), start(task)]);
    // Before its program runs there is nobody who could be interrupted.
    await until('that all have said something', () =>
      [first, second, third].every(({ id }) => (current(id)?.lastOutput ?? null) !== null),
    );
    const nodes = [first, second].map(({ id }) => ({ kind: 'session', id: `session:${id}`, sessionId: id }));
    await run('session.interrupt', nodes[0], nodes);
    await until('that both have ended', () =>
      [first, second].every(({ id }) => {
        const session = current(id);
        return session !== undefined && hasEnded(session);
      }),
    );
    assert.equal(current(third.id)?.status, 'running');
  });

  it('copy what names them', async () => {
    const { id, name } = await start('true');
    await run('session.copyName', id);
    assert.equal(await vscode.env.clipboard.readText(), name);
    await run('session.copyAttachCommand', id);
    assert.equal(await vscode.env.clipboard.readText(), `cm attach ${id}`);
  });

  it('are known to `cm` in integrated terminals, without an installation', async () => {
    const file = join(folder, 'version');
    const terminal = vscode.window.createTerminal({ name: 'cm', shellPath: '/bin/sh', cwd: folder });
    terminal.sendText(`cm version > '${file}.part' && mv '${file}.part' '${file}'`);
    const text = await until('what cm prints', () => readFile(file, 'utf8').catch(() => undefined), 60_000);
    terminal.dispose();
    assert.match(text, /\d+\.\d+\.\d+/);
    assert.equal(VERSION === '0.0.0' || text.includes(VERSION), true);
  });
});

describe('Contexts', function () {
  this.timeout(60_000);

  it('are made of the folder of the window, once', async () => {
    const client = createClient({ name: 'suite', subscribe: true });
    try {
      await run('context.addThisFolder');
      await run('context.addThisFolder');
      const path = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      const contexts = await client.request('context/list', {});
      assert.equal(contexts.filter((context) => context.path === path).length, 1);
    } finally {
      client.dispose();
    }
  });
});

describe('The doctor', function () {
  this.timeout(60_000);

  it('shows its findings as a document', async () => {
    await run('doctor.run');
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(text, /tmux/);
    assert.match(text, /^[✓!✗] /m);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });
});
