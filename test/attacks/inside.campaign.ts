import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { delay } from '../../src/common/async.js';
import type { Client } from '../../src/client/api.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import { hasEnded } from '../../src/protocol/session.js';
import { campaign } from '../helpers/campaign.js';
import { CM, InsideProgram } from '../helpers/insideProgram.js';
import { HELLO } from '../helpers/rawWire.js';
import { distDir } from '../helpers/testHome.js';
import { quote, TestServer } from '../helpers/testServer.js';
import { insideCases, type InsideInput } from './inside.js';

/** Sends all of its arguments at once; `typed:ID` is a frame for a terminal, `wait` a second. */
const RAW = `
import { WebSocket } from ${JSON.stringify(join(repoRoot, 'node_modules/ws/wrapper.mjs'))};
const [url, ...messages] = process.argv.slice(2);
const socket = new WebSocket(url);
let open = messages.filter((message) => message !== 'wait').length + 1;
socket.on('message', (data, isBinary) => {
  if (isBinary) return;
  console.log(String(data).slice(0, 300));
  if (--open === 0) process.exit(0);
});
socket.on('open', async () => {
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: ${JSON.stringify(HELLO)} }));
  for (const message of messages) {
    if (message === 'wait') await new Promise((go) => setTimeout(go, 1000));
    else if (message.startsWith('typed:')) {
      const frame = Buffer.alloc(12);
      frame.writeUInt32BE(Number(message.slice(6)));
      socket.send(Buffer.concat([frame, Buffer.from('x1\\r')]));
    } else socket.send(message);
  }
  // A frame for a terminal has no answer.
  setTimeout(() => process.exit(0), 8000);
});
socket.on('error', (error) => { console.log(String(error)); process.exit(1); });
`;

interface Desk {
  readonly server: TestServer;
  readonly client: Client;
  readonly inside: InsideProgram;
  readonly names: string;
}

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});
let desk: Promise<Desk> | undefined;

/** One agent server for all cases: nothing may have changed after any of them. */
async function openDesk(): Promise<Desk> {
  const t = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext;
  const server = new TestServer(t);
  const client = server.client();
  const inside = await InsideProgram.start(t, server, client, 'agent');
  const raw = join(server.home.root, 'raw.mjs');
  writeFileSync(raw, RAW);
  const { socket } = await client.request('server/status', {});
  const node = quote(process.execPath);
  const names =
    `export NODE=${node} DIST=${quote(distDir)} OWN=${inside.id} SOCK=${quote(socket)} CM=${quote(CM.replaceAll("'", ''))} ` +
    `RAW=${quote(`${process.execPath} ${raw} ws+unix:${socket}:/`)}; cd ${quote(server.work)}`;
  return { server, client, inside, names };
}

/** Everything that a person would notice. */
async function picture({ client }: Desk, other: string): Promise<string> {
  const session = await client.request('session/get', { session: other });
  const { rules, off } = await client.request('policy/list', {});
  const contexts = await client.request('context/list', {});
  return JSON.stringify([
    (await client.request('session/list', { archived: true })).map(({ id }) => id).sort(),
    [session.id, session.name, hasEnded(session)],
    [rules.map(({ id }) => id), off],
    contexts.map(({ name }) => name),
    (await client.request('token/list', {})).length,
    (await client.request('machine/list', {})).map(({ connection }) => connection),
    (await client.request('server/status', {})).server.pid,
  ]);
}

campaign('inside', insideCases, async ({ line, rule }: InsideInput) => {
  desk ??= openDesk();
  const open = await desk;
  const { server, client, inside, names } = open;
  const { id: other } = await server.shell(client, 'exec cat', { name: 'other' });
  const words = rule?.replace('$OTHER', other).replace('$OWN', inside.id);
  const added = words === undefined ? undefined : await server.home.ok('policy', 'add', ...commandWords(words));
  try {
    const before = await picture(open, other);
    await inside.run(`${names}; export OTHER=${other}; ${line}`, 60_000);
    // What was typed has to come out of the terminal.
    await delay(400);
    return {
      isChanged: (await picture(open, other)) !== before,
      // The terminal shows what is typed, and `cat` says it again.
      typed: Math.ceil((server.logText(other).match(/x1/g)?.length ?? 0) / 2),
    };
  } finally {
    if (added !== undefined) await server.home.run(['policy', 'remove', added]);
    await client.request('session/purge', { session: other, force: true });
  }
});
