import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findDesktopCode, hasDisplay } from '../../scripts/lib/desktopCode.mjs';

describe('Looking for a desktop editor', () => {
  let home = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cm-desktop-'));
  });
  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  /** The machine of the test may have editors of its own. */
  const isThere = (path: string): boolean => path.startsWith(home) && existsSync(path);

  async function createProgram(path: string): Promise<string> {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '#!/bin/sh\n');
    await chmod(file, 0o755);
    return file;
  }

  it('prefers VS Code to its relatives on PATH', async () => {
    await createProgram('bin/codium');
    const code = await createProgram('bin/code');
    const env = { PATH: join(home, 'bin'), DISPLAY: ':0' };
    assert.deepEqual(findDesktopCode({ env, platform: 'linux', home, isThere }), {
      name: 'Visual Studio Code',
      command: code,
    });
  });

  it('finds one in the Applications folder of a person', async () => {
    const cursor = await createProgram('Applications/Cursor.app/Contents/Resources/app/bin/cursor');
    const found = findDesktopCode({ env: { PATH: '' }, platform: 'darwin', home, isThere });
    assert.deepEqual(found, { name: 'Cursor', command: cursor });
  });

  it('ignores the program of a remote terminal', async () => {
    await createProgram('remote-cli/code');
    const env = { PATH: join(home, 'remote-cli'), DISPLAY: ':0' };
    assert.equal(findDesktopCode({ env, platform: 'linux', home, isThere }), undefined);
  });

  it('finds nothing where no screen would show it', async () => {
    await createProgram('bin/code');
    const env = { PATH: join(home, 'bin') };
    assert.equal(findDesktopCode({ env, platform: 'linux', home, isThere }), undefined);
    assert.equal(hasDisplay({ SSH_CONNECTION: '1.2.3.4 5 6.7.8.9 22' }, 'darwin'), false);
    assert.equal(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), true);
  });
});
