import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { quotePosix } from '../../src/common/quote.js';
import { chooseRuntimeDirectory } from '../../src/machines/runtimeDirectory.js';
import { CommandShell } from '../../src/machines/shell/commandShell.js';
import { makePlace } from '../../src/machines/shell/hostPlace.js';
import { tempDir } from '../helpers/tempDir.js';
import { localChannel } from './localChannel.js';

const SHELLS = [
  ['/usr/bin/dash'],
  ['/usr/bin/bash', '--posix'],
  ['/usr/bin/busybox', 'sh'],
  ['/usr/bin/mksh'],
  ['/usr/bin/ksh93'],
].filter(([program = '']) => existsSync(program));

for (const words of SHELLS) {
  test(`${words.join(' ')}: the folder of sockets is the one that an agent server there would take, whoever comes first`, async (t) => {
    const shell = await CommandShell.start(async (command) =>
      Promise.resolve(localChannel(['/bin/sh'], command.replace('/bin/sh', words.map(quotePosix).join(' ')))),
    );
    t.after(() => shell.dispose());
    const root = tempDir(t);
    const uid = process.getuid?.() ?? 0;
    const made: string[] = [];
    t.after(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
    const far = async (home: string, host: string, bootId: string): Promise<string> => {
      const { runtimeDirectory } = await makePlace((script) => shell.run(script), {
        ...{ dataDirectory: home, homeDirectory: root, uid, isNetworkHome: false, umask: 0o022 },
        ...{ host, bootId },
      });
      if (!runtimeDirectory.startsWith(root)) made.push(runtimeDirectory);
      return runtimeDirectory;
    };
    const near = async (home: string, host: string, bootId: string): Promise<string> => {
      const node = { host, bootId };
      const folder = await chooseRuntimeDirectory(home, { node, isNetworkDisk: () => Promise.resolve(false) });
      if (!folder.startsWith(root)) made.push(folder);
      return folder;
    };
    for (const [first, second, name] of [
      [far, near, 'far'],
      [near, far, 'near'],
    ] as const) {
      const home = join(root, name);
      const run = join(home, 'run');
      assert.equal(await first(home, 'login1', 'one'), run);
      assert.equal(await second(home, 'login1', 'one'), run);
      const other = await second(home, 'login3', 'three');
      assert.notEqual(other, run);
      assert.equal(await first(home, 'login3', 'three'), other);
      assert.ok(existsSync(other));
      assert.equal(await first(home, 'login1', 'booted'), run);
      assert.equal(await second(home, 'renamed', 'booted'), run);
      assert.equal(readFileSync(join(run, 'node'), 'utf8'), 'renamed\nbooted\n');
      assert.deepEqual(readdirSync(run), ['node']);
    }
    const damaged = join(root, 'damaged');
    mkdirSync(join(damaged, 'run'), { recursive: true, mode: 0o700 });
    writeFileSync(join(damaged, 'run', 'node'), 'half');
    assert.equal(await far(damaged, 'login1', 'one'), join(damaged, 'run'));
    assert.notEqual(await near(damaged, 'login3', 'three'), join(damaged, 'run'));
  });
}
