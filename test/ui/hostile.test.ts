import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import type { Params } from '../../src/protocol/requests.js';
import { FIXTURE_TOOLS, FixtureServer, machinesOfAllKinds, minutesAgo } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { EVIL, STEPS } from './hostileSteps.js';
import { withWorkbench, type Workbench } from './workbench.js';

function evilPicture(): Snapshot {
  const picture = machinesOfAllKinds();
  const request = pendingRecord({ id: 'evil', command: EVIL, question: EVIL, text: EVIL });
  return {
    ...picture,
    policy: { ...picture.policy, inForce: 1 },
    machines: picture.machines.map((machine) => {
      if (machine.host === 'gpu-1') return { ...machine, problem: { message: EVIL, command: EVIL } };
      return machine.host === 'lab-3' ? { ...machine, host: EVIL, node: EVIL } : machine;
    }),
    contexts: picture.contexts.map((context) =>
      context.id === 'notes' ? { ...context, name: EVIL, path: `/tmp/${EVIL}`, tags: [EVIL] } : context,
    ),
    sessions: picture.sessions.map((session) =>
      session.name === 'write-notes'
        ? {
            ...session,
            name: EVIL,
            contextName: EVIL,
            task: EVIL,
            path: `/tmp/${EVIL}`,
            toolVersion: EVIL,
            state: 'waiting' as const,
            phase: null,
            waiting: { kind: 'permission' as const, text: EVIL },
            request,
          }
        : session,
    ),
  };
}

const check = { name: EVIL, status: 'failed', detail: `${EVIL}\n${EVIL}`, fix: EVIL, ms: 1, code: null };

/** Everything that the editor asks is answered with hostile text. */
function answerEvil(server: FixtureServer): void {
  const { scripted } = server;
  const fail = (code: 'internal' | 'conflict') => () => {
    throw new CodeManagerError(code, EVIL, { hint: EVIL, ...(code === 'conflict' && { anyway: EVIL }) });
  };
  scripted.on('session/answer', fail('internal'));
  scripted.on('session/send', fail('conflict'));
  scripted.on('session/create', fail('internal'));
  scripted.on('doctor/run', () => [check]);
  scripted.on('context/test', () => [check]);
  scripted.on('machine/connect', () => ({}));
  scripted.on('tool/list', () =>
    FIXTURE_TOOLS.map((tool) => (tool.id === 'claude' ? { ...tool, name: EVIL, version: EVIL, models: [EVIL] } : tool)),
  );
  const entry = { key: EVIL, value: EVIL };
  scripted.on('session/changes', () => ({
    root: '/src/api',
    branch: EVIL,
    files: [{ path: EVIL, status: 'M' }],
    own: { digest: 'd', entries: [entry], never: [entry] },
  }));
  scripted.on('session/explain', ({ session }: Params<'session/explain'>) => ({
    session,
    state: 'waiting',
    phase: null,
    waiting: { kind: 'permission', text: EVIL },
    since: minutesAgo(1),
    source: 'screen',
    why: null,
    background: 0,
    evidence: [
      {
        source: 'screen',
        state: 'waiting',
        phase: null,
        detail: EVIL,
        since: minutesAgo(1),
        seen: minutesAgo(0),
        holds: true,
        wins: true,
      },
    ],
    held: EVIL,
    lines: [EVIL],
  }));
  scripted.on('policy/propose', () => ({ effect: 'allow', actions: ['shell'], command: ['a', EVIL] }));
  scripted.on('audit/list', () => [
    {
      id: 'a',
      time: minutesAgo(1),
      session: 's',
      sessionName: EVIL,
      contextName: EVIL,
      machine: EVIL,
      tool: EVIL,
      request: { id: 'r', kind: 'permission', action: 'shell', command: EVIL, path: EVIL, text: EVIL },
      asked: minutesAgo(2),
      decision: 'allow',
      answer: EVIL,
      by: { type: 'person', client: EVIL },
      via: 'keys',
      keys: [EVIL],
      outcome: 'answered',
    },
  ]);
  const bytes = new TextEncoder().encode(`${EVIL}\r\n\u001b]8;;command:x\u001b\\${EVIL}\u001b]8;;\u001b\\\r\n`);
  let subscriptions = 100;
  scripted.on('log/subscribe', (_params: Params<'log/subscribe'>, peer: Peer) => {
    const subscription = ++subscriptions;
    setImmediate(() => {
      peer.sendLog(subscription, 0, bytes);
      peer.notify('log/end', { subscription, offset: bytes.length });
    });
    return { subscription, base: 0, offset: 0, size: bytes.length, path: '/tmp/log' };
  });
}

/** Links, icons and images that a text could have become, wherever the window shows texts. */
async function acting(workbench: Workbench): Promise<readonly string[]> {
  const selectors = [
    '.notification-list-item-message a',
    '.notification-list-item-message .codicon',
    '.dialog-message-container a',
    '.dialog-message-container .codicon-alert',
    '.quick-input-message a',
    '.quick-input-message .codicon',
    '.quick-input-title a',
    '.quick-input-list a[href]',
    '.quick-input-list .codicon-alert',
    '.monaco-icon-label a[href]',
    '.monaco-icon-label .codicon-alert',
    '.monaco-icon-label img',
    '.monaco-icon-label b',
    '.monaco-hover a',
    '.monaco-hover img',
    '.monaco-hover .codicon-alert',
    '.tree-explorer-viewlet-tree-view .message a',
    '.statusbar .codicon-alert',
    '.part.panel .codicon-alert',
    '.part.panel .view-lines a',
    'a[href^="command:"]',
  ];
  const found: string[] = [];
  for (const selector of selectors) if ((await workbench.page.locator(selector).count()) > 0) found.push(selector);
  return found;
}

test('hostile names, requests, errors, paths and answers are text on every surface, and a click on them does nothing', async (t) => {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, evilPicture());
  answerEvil(server);
  await withWorkbench(t, { env: { CM_HOME: home }, size: { width: 1280, height: 900 } }, async (workbench) => {
    await workbench.showSideBar();
    await workbench.tree('Sessions').waitForRow('the rows', ({ level }) => level === 2);
    for (const [name, step] of Object.entries(STEPS)) {
      await test(name, async () => {
        await step({ workbench, server });
        assert.deepEqual(await acting(workbench), [], name);
      });
    }
  });
});
