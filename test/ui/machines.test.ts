import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import { FixtureServer, FIXTURE_TOOLS, machinesOfAllKinds } from '../helpers/fixtureServer.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { withWorkbench, type Workbench } from './workbench.js';

async function withMachines(
  t: TestContext,
  body: (workbench: Workbench, server: FixtureServer) => Promise<void>,
): Promise<void> {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, machinesOfAllKinds());
  await withWorkbench(t, { env: { CM_HOME: home }, size: { width: 1280, height: 900 } }, async (workbench) => {
    await workbench.showSideBar();
    await workbench.tree('Contexts').waitForRow('the machines', ({ label }) => label === 'lab-3');
    await body(workbench, server);
  });
}

const FOLDERS: Readonly<Record<string, { path: string; folders: string[] }>> = {
  '~': { path: '/home/anna', folders: ['.config', 'src', 'notes'] },
  '/home/anna/src': { path: '/home/anna/src', folders: ['api', 'web'] },
  '/home/anna/src/api': { path: '/home/anna/src/api', folders: [] },
};

test('machines are told by their words, and each offers what its state asks for', async (t) => {
  await withMachines(t, async (workbench, server) => {
    const contexts = workbench.tree('Contexts');
    const rows = await contexts.rows();
    const machines = rows
      .filter(({ level }) => level === 1)
      .map(({ label, description }) => `${label}: ${description}`);
    assert.deepEqual(
      machines.map((text) => text.replace(/next try (\d+s|now)$/, 'next try')),
      [
        'laptop: this host',
        'build-box: ssh',
        'cluster: ssh',
        'gpu-1: ssh · sign-in needed',
        'lab-3: ssh · offline 3m, next try',
        'old-server: ssh · host key changed',
        'render-farm: agent server 1.4',
        'tiny: ssh · tmux missing',
      ],
    );
    await workbench.statusBarItem('codeManager.machines').getByText('lab-3').waitFor();
    for (const theme of ['dark', 'light', 'highContrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.resizeSideBar(300);
      await workbench.screenshot(`machines-${theme}-300`, workbench.sideBar);
    }
    await workbench.resizeSideBar(460);
    await workbench.setTheme('dark');
    await workbench.tree('Sessions').row('Offline').click();
    await workbench
      .tree('Sessions')
      .waitForRow('the offline row', ({ description }) => description.includes('was working, seen 3m ago'));
    await workbench.screenshot('machines-dark-460');

    assert.deepEqual(await contexts.menu('build-box'), ['New Context…', 'Test', 'Disconnect', 'Install Agent Server…']);
    server.scripted.on('machine/connect', ({ machine }: Params<'machine/connect'>) => {
      server.changeMachine(machine, { connection: 'connected', nextTry: null });
      return server.scripted.snapshot.machines.find(({ id }) => id === machine);
    });
    await contexts.clickInline('lab-3', 'Reconnect');
    await contexts.waitForRow(
      'the machine, back',
      ({ label, description }) => label === 'lab-3' && description === 'ssh',
    );
    await workbench.statusBarItem('codeManager.machines').waitFor({ state: 'hidden' });
    await workbench
      .tree('Sessions')
      .waitForRow(
        'its session, back',
        ({ label, description }) => label === 'rotate-keys' && description.includes('infra @lab-3'),
      );

    server.changeMachine('ssh:build-box', {
      connection: 'hostKeyChanged',
      problem: { message: 'The key of build-box is another one.', command: 'ssh-keygen -R build-box' },
    });
    const toast = workbench.notification('build-box has a new host key. Not connected.');
    await toast.getByRole('button', { name: 'Show Details' }).click();
    await workbench.dialog.getByText('ssh-keygen -R build-box').waitFor();
    await workbench.screenshot('host-key-changed');
    await workbench.dialog.getByRole('button', { name: 'Copy Command' }).click();
  });
});

test('a host is added from nothing: typed, asked for its key and a password, walked through, named', async (t) => {
  await withMachines(t, async (workbench, server) => {
    const { quickInput } = workbench;
    server.scripted.on('machine/hosts', () => [
      { alias: 'build-box', hostName: 'build-box.example.org', user: 'anna' },
      { alias: 'lab-3', hostName: '10.0.0.3', user: null },
    ]);
    let isSignedIn = false;
    server.scripted.on('machine/folders', async ({ path }: Params<'machine/folders'>, peer: Peer) => {
      if (!isSignedIn) {
        const about = { machine: 'new-box', timeoutMs: 60_000 };
        const key = await server.ask(peer, {
          ...about,
          kind: 'hostKey',
          title: 'new-box is not known yet',
          text: 'Its ED25519 key has the fingerprint\nSHA256:uNiVztksCsDhcc0u9e8BrFLxVhJ2yHG0yQ6rDkBq9bM',
          secret: false,
        });
        const password = await server.ask(peer, {
          ...about,
          kind: 'password',
          title: 'Password of anna@new-box',
          text: '',
          secret: true,
        });
        assert.deepEqual([key, password], ['yes', 'hunter2']);
        isSignedIn = true;
      }
      const found = FOLDERS[path];
      if (found === undefined) throw new CodeManagerError('notFound', `There is no folder ${path} on new-box`);
      return found;
    });
    server.scripted.on('context/add', ({ name, path, machine }: Params<'context/add'>) => ({
      id: 'new',
      name,
      path,
      machine,
      tags: [],
      created: new Date().toISOString(),
      lastUsed: null,
    }));

    await workbench.runCommand('Code Manager: Add SSH Host…');
    await quickInput.waitForTitle('Add SSH Host (1/3)');
    await waitFor('the hosts', async () => (await quickInput.items()).some(({ label }) => label === 'lab-3'));
    await workbench.screenshot('add-host-1');
    await quickInput.input.fill('anna@new-box:2222');
    await quickInput.pick('Connect to anna@new-box:2222');
    await workbench.dialog.getByText('SHA256:uNiVztksCsDhcc0u9e8BrFLxVhJ2yHG0yQ6rDkBq9bM').waitFor();
    await workbench.screenshot('add-host-2-key');
    await workbench.dialog.getByRole('button', { name: 'Connect' }).click();
    await quickInput.waitForTitle('Password of anna@new-box');
    assert.equal(await quickInput.input.getAttribute('type'), 'password');
    await workbench.screenshot('add-host-3-password');
    await quickInput.accept('hunter2');

    await quickInput.waitForTitle('Add SSH Host (2/3)');
    const labels = async () => (await quickInput.items()).map(({ label }) => label);
    await waitFor('the folders', async () => (await labels()).join() === 'Use This Folder,..,notes,src,.config');
    await workbench.screenshot('add-host-4-folder');
    await quickInput.input.fill('/nowhere');
    await quickInput.pick('Go to /nowhere');
    await waitFor('what is wrong', async () => (await labels()).join() === 'Try Again');
    await workbench.screenshot('add-host-5-no-folder');
    await quickInput.input.fill('~');
    await quickInput.pick('Go to ~');
    await quickInput.pick('src');
    await quickInput.pick('api');
    await waitFor('the empty folder', async () => (await labels()).join() === 'Use This Folder,..');
    await quickInput.accept();
    await quickInput.waitForTitle('Add SSH Host (3/3)');
    // There is another context of that name.
    assert.equal(await quickInput.input.inputValue(), 'api-new-box');
    await workbench.screenshot('add-host-6-name');
    await quickInput.widget.getByRole('button', { name: 'Back' }).click();
    await quickInput.waitForTitle('Add SSH Host (2/3)');
    await waitFor('the folder again', async () => (await labels()).join() === 'Use This Folder,..');
    await quickInput.accept();
    await quickInput.waitForTitle('Add SSH Host (3/3)');
    await quickInput.accept('api-there');
    await waitFor('the request', () => server.scripted.requestsOf('context/add').length > 0);
    assert.deepEqual(server.scripted.requestsOf('context/add'), [
      {
        name: 'api-there',
        path: '/home/anna/src/api',
        machine: { type: 'ssh', host: 'new-box', user: 'anna', port: 2222 },
      },
    ]);
    assert.equal(await workbench.notification('').count(), 0);
  });
});

test('a session is started on another machine after its questions, and attached to without a second sign-in', async (t) => {
  await withMachines(t, async (workbench, server) => {
    const { quickInput } = workbench;
    const machinesAsked: string[] = [];
    server.scripted.on('tool/list', ({ machine }: Params<'tool/list'>) => {
      machinesAsked.push(machine);
      return FIXTURE_TOOLS;
    });
    let answer: string | null = 'not asked';
    server.scripted.on('machine/connect', async (_params: Params<'machine/connect'>, peer: Peer) => {
      answer = await server.ask(peer, {
        machine: 'gpu-1',
        kind: 'code',
        title: 'Code for anna@gpu-1',
        text: 'Verification code:',
        secret: false,
        timeoutMs: 60_000,
      });
      throw new CodeManagerError('unauthorized', 'gpu-1 refused the code');
    });
    await workbench.runCommand('Code Manager: New Session…');
    await quickInput.waitForTitle('New Session (1/3)');
    await workbench.screenshot('new-session-machines');
    await quickInput.pick('train');
    await quickInput.waitForTitle('Code for anna@gpu-1');
    assert.match(await quickInput.message(), /Verification code:/);
    await quickInput.cancel();
    await waitFor('no answer', () => answer === null);
    assert.equal(await workbench.notification('refused').count(), 0);

    await workbench.runCommand('Code Manager: New Session…');
    await quickInput.pick('web');
    await quickInput.waitForTitle('New Session (2/3)');
    await waitFor('its agents', () => machinesAsked.includes('ssh:build-box'));
    await quickInput.cancel();

    const typed: Buffer[] = [];
    server.scripted.on('session/attach', () => null);
    server.scripted.on('terminal/open', (_params: Params<'terminal/open'>, peer: Peer) => {
      peer.socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) typed.push(data);
      });
      setImmediate(() => peer.sendLog(77, 0, new TextEncoder().encode('hello from build-box\r\n')));
      return { terminal: 77 };
    });
    server.scripted.on('terminal/resize', () => ({}));
    server.scripted.on('terminal/close', () => ({}));
    await workbench.tree('Sessions').clickInline('refactor-auth', 'Attach');
    await workbench.waitForTerminal('hello from build-box');
    await workbench.page.keyboard.type('yes');
    await waitFor('what was typed', () => Buffer.concat(typed.map((frame) => frame.subarray(12))).toString() === 'yes');
    await workbench.tree('Sessions').clickInline('refactor-auth', 'Attach');
    assert.equal(server.scripted.requestsOf('terminal/open').length, 1);
    for (const peer of server.scripted.peers) peer.notify('terminal/exit', { terminal: 77, code: null });
    await workbench.waitForTerminal('Press Enter to attach again');
    await workbench.screenshot('attach-cut');
    await workbench.page.keyboard.press('Enter');
    await waitFor('a second attach', () => server.scripted.requestsOf('terminal/open').length === 2);
  });
});

test('a machine is tested step by step, and an agent server is put there after asking', async (t) => {
  await withMachines(t, async (workbench, server) => {
    const contexts = workbench.tree('Contexts');
    server.scripted.on('machine/test', ({ operation }: Params<'machine/test'>, peer: Peer) => {
      peer.notify('progress', { operation, message: 'tmux', percent: null });
      const step = (name: string, detail: string, ms: number) => ({ name, status: 'ok', detail, fix: null, ms });
      return [
        step('Resolve', 'build-box is anna@10.0.0.7:22', 4),
        step('Sign in', 'by the key id_ed25519', 182),
        {
          ...step('tmux', '\u001b[31m2.1 is too old', 9),
          status: 'failed',
          fix: 'conda install -c conda-forge tmux',
          code: 'dependencyMissing',
        },
      ];
    });
    await contexts.pickFromMenu('build-box', 'Test');
    await workbench.page.getByText('conda install -c conda-forge tmux').first().waitFor();
    await workbench.page.getByText('✗ tmux     2.1 is too old (9 ms)').first().waitFor();
    await workbench.screenshot('machine-test');

    let cancelled = '';
    let progress: (() => void) | undefined;
    server.scripted.on('machine/install', async ({ operation = '' }: Params<'machine/install'>, peer: Peer) => {
      peer.notify('progress', { operation, message: 'Uploading, 3.1 of 4.8 MB', percent: 64 });
      await new Promise<void>((resolve) => (progress = resolve));
      throw new CodeManagerError('cancelled', 'Cancelled');
    });
    server.scripted.on('operation/cancel', ({ operation }: Params<'operation/cancel'>) => {
      cancelled = operation;
      progress?.();
      return {};
    });
    await contexts.pickFromMenu('build-box', 'Install Agent Server…');
    await workbench.dialog.getByText('~/.cm/server on build-box').waitFor();
    await workbench.screenshot('install-1');
    await workbench.dialog.getByRole('button', { name: 'Install', exact: true }).click();
    const toast = workbench.notification('Uploading, 3.1 of 4.8 MB');
    await toast.waitFor();
    await workbench.screenshot('install-2');
    await toast.getByRole('button', { name: 'Cancel' }).click();
    await waitFor('the cancellation', () => cancelled !== '');
    await toast.waitFor({ state: 'detached' });
    assert.equal(await workbench.notification('').count(), 0);
  });
});
