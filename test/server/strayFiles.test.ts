import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** What may stand in the place of a file, each in a way that it cannot be taken for one. */
const STRAYS: Readonly<Record<string, (path: string) => void>> = {
  pipe: (path) => void execFileSync('mkfifo', [path]),
  folder: (path) => {
    mkdirSync(path);
    writeFileSync(join(path, 'note'), 'mine');
  },
  'endless link': (path) => symlinkSync('/dev/zero', path),
  'link to nothing': (path) => symlinkSync('nowhere', path),
  words: (path) => writeFileSync(path, 'my notes\n'),
};

test('strays in the folders of a home cost nothing: the server starts, takes over, starts sessions and ends them', async (t) => {
  const server = new TestServer(t);
  const first = server.client({ reconnect: false });
  const { id } = await server.shell(first, 'read line; echo "got $line"; exit 6');
  await server.session(first, id, 'runs', ({ status }) => status === 'running');
  await server.kill();
  mkdirSync(join(server.cm, 'machines'), { recursive: true });
  for (const [index, make] of Object.values(STRAYS).entries()) {
    for (const end of ['json', 'log', 'launch', 'launched', 'hooks', 'exit', 'closed', 'sizes']) {
      const path = join(server.active, `f${index}f0f0f0f0f0.${end}`);
      make(path);
      // Older than any start takes.
      if (index === 1) utimesSync(path, 1, 1);
    }
    make(join(server.cm, 'machines', `${String(index).repeat(16)}.json`));
    make(join(server.cm, 'tools', `stray${index}.json`));
    make(join(server.cm, 'sessions', 'archive', `f${index}f0f0f0f0f0.json`));
  }
  const client = server.client();
  await client.request('session/send', { session: id, text: 'a word' });
  const ended = await server.ended(client, id);
  assert.deepEqual([ended.status, ended.exitCode], ['failed', 6]);
  assert.match(server.logText(id), /got a word/);
  assert.equal((await server.ended(client, (await server.shell(client, 'exit 3')).id)).exitCode, 3);
  assert.doesNotMatch(server.serverLog, /cannot be taken over/);
});

for (const [kind, make] of Object.entries(STRAYS)) {
  test(`a ${kind} in the place of the files of a running session neither ends it nor hides its log`, async (t) => {
    const server = new TestServer(t);
    const client = server.client();
    const { id } = await server.shell(client, 'stty -echo; while read line; do echo "heard $line"; done; exit 5');
    await client.request('session/send', { session: id, text: 'one' });
    await until('it prints', () => server.logText(id).includes('heard one'));
    for (const end of ['launch', 'launched', 'hooks', 'exit', 'sizes', 'exit.new'])
      if (end !== 'exit.new' || kind !== 'folder') make(join(server.active, `${id}.${end}`));
    await client.request('session/send', { session: id, text: 'two' });
    let text = '';
    client.followLog(id, { onChunk: ({ bytes }) => void (text += Buffer.from(bytes).toString()) });
    await until('it is followed', () => text.includes('heard two'));
    assert.equal((await client.request('session/get', { session: id })).status, 'running');
    await client.request('session/stop', { session: id });
    const ended = await server.ended(client, id);
    assert.equal(ended.status, 'stopped');
    if (kind === 'words') assert.equal(readFileSync(server.log(id), 'utf8').includes('heard two'), true);
  });
}
