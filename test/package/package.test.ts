import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageExtension } from '../../scripts/lib/packageExtension.mjs';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { installExtension } from '../../scripts/lib/vscodeServer.mjs';
import { withWorkbench } from '../ui/workbench';

describe('The packaged extension', () => {
  let work = '';
  let extensionsDir = '';
  let installed = '';

  before(async () => {
    work = await mkdtemp(join(tmpdir(), 'cm-package-'));
    extensionsDir = join(work, 'extensions');
    const vsix = await packageExtension();
    await installExtension(vsix, { extensionsDir, dataDir: join(work, 'data') });
    const name = (await readdir(extensionsDir)).find((entry) => entry.startsWith('code-manager.code-manager-'));
    assert.ok(name, 'the extension was not installed');
    installed = join(extensionsDir, name);
  });

  after(async () => {
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  });

  it('has what a user needs and nothing of the development', async () => {
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(installed.length + 1)
          .split(sep)
          .join('/'),
      );
    for (const needed of [
      'package.json',
      'readme.md',
      'dist/extension.js',
      'dist/server.js',
      'dist/cm.js',
      'dist/headless-terminal.js',
      'dist/ssh2.js',
      'media/demo/agent.mjs',
    ]) {
      assert.ok(files.includes(needed), `${needed} is missing from ${files.join(', ')}`);
    }
    const isUnwanted = (file: string) => /^(src|test|scripts|node_modules|out|\.)|\.(ts|map|mjs|vsix)$/.test(file);
    // The installer adds its own record, and the demo agent is a script that users run.
    assert.deepEqual(
      files.filter((file) => isUnwanted(file) && !['.vsixmanifest', 'media/demo/agent.mjs'].includes(file)),
      [],
    );
  });

  it('brings a command line that runs', async () => {
    const home = join(work, 'cm');
    const output = await runOrThrow(process.execPath, [join(installed, 'dist', 'cm.js'), 'version'], {
      env: { ...process.env, CM_HOME: home },
      timeoutMs: 30_000,
    });
    assert.match(output, /\d+\.\d+\.\d+/);
  });

  it('shows its views in an editor that has nothing else', async (t) => {
    await withWorkbench(t, { extensionsDir, extensionDir: 'none', allExtensions: true }, async (workbench) => {
      await workbench.showSideBar();
      await workbench.tree('Sessions').pane.waitFor();
      await workbench.tree('Contexts').pane.waitFor();
      await workbench.tree('Sessions').welcome.getByRole('button').first().waitFor();
    });
  });
});
