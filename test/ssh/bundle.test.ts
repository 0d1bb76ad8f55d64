import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import type { Client as ClientType } from 'ssh2';
import { tempDir } from '../helpers/tempDir.js';
import { distDir } from '../helpers/testHome.js';
import { Sshd } from './sshd.js';

test('the library for ssh is a file of its own, which works without its native parts', async (t) => {
  const host = await Sshd.start(t);
  // Far away from every node_modules.
  const alone = join(tempDir(t), 'ssh2.js');
  cpSync(join(distDir, 'ssh2.js'), alone);
  const { Client } = createRequire(alone)(alone) as { readonly Client: new () => ClientType };
  const client = new Client();
  t.after(() => client.end());
  const printed = await new Promise<string>((resolve, reject) => {
    client.on('error', reject);
    client.on('ready', () => {
      client.exec('printf hello', (error, channel) => {
        if (error) return reject(error);
        channel.on('data', (data: Buffer) => resolve(data.toString()));
      });
    });
    const privateKey = readFileSync(host.keyFile);
    client.connect({ host: '127.0.0.1', port: host.port, username: host.user, privateKey, hostVerifier: () => true });
  });
  assert.equal(printed, 'hello');
});

test('no other bundle carries the library for ssh', () => {
  const marker = 'Timed out while waiting for handshake';
  assert.ok(readFileSync(join(distDir, 'ssh2.js'), 'utf8').includes(marker));
  for (const name of ['extension.js', 'cm.js', 'server.js']) {
    assert.equal(readFileSync(join(distDir, name), 'utf8').includes(marker), false, name);
  }
});
