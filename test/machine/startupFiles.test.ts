import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { shellKind } from '../../src/core/shell/shellKind.js';
import { startupFiles } from '../../src/machines/local/shells.js';

/** Files of a home, the shell, and which of them it reads. */
const CASES: readonly (readonly [shell: string, files: Readonly<Record<string, string>>, read: readonly string[]])[] = [
  ['/bin/bash', { '.bash_profile': 'x=1', '.profile': '. ~/.bashrc', '.bashrc': 'exit' }, ['.bash_profile']],
  ['/bin/bash', { '.profile': '[ -f ~/.bashrc ] && . ~/.bashrc', '.bashrc': 'x=1' }, ['.profile', '.bashrc']],
  [
    '/bin/bash',
    { '.profile': '. ~/.bashrc', '.bashrc': '. ~/.bash_aliases', '.bash_aliases': 'x=1', '.zshrc': 'exit' },
    ['.profile', '.bashrc', '.bash_aliases'],
  ],
  ['/bin/bash', { '.profile': '. ~/.bashrc', '.bashrc': 'x=1', '.bash_aliases': 'exit' }, ['.profile', '.bashrc']],
  ['/bin/sh', { '.profile': 'x=1', '.kshrc': 'exit', '.mkshrc': 'exit', '.bashrc': 'exit' }, ['.profile']],
  ['/bin/dash', { '.profile': 'x=1', '.shrc': 'exit' }, ['.profile']],
  ['/bin/ksh', { '.profile': 'x=1', '.kshrc': 'x=1', '.mkshrc': 'exit' }, ['.profile', '.kshrc']],
  ['/bin/mksh', { '.profile': 'x=1', '.kshrc': 'exit', '.mkshrc': 'x=1' }, ['.profile', '.mkshrc']],
  ['/bin/zsh', { '.zshrc': 'x=1', '.profile': 'exit', '.bashrc': 'exit' }, ['.zshrc']],
];

for (const [path, files, read] of CASES) {
  test(`of ${Object.keys(files).join(', ')} ${basename(path)} reads ${read.join(', ')}, and no other is blamed`, (t) => {
    const home = mkdtempSync(join(tmpdir(), 'cm-'));
    t.after(() => rmSync(home, { recursive: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), `${text}\n`);
    const found = startupFiles({ path, kind: shellKind(path) }, home, {}, { interactive: true });
    assert.deepEqual(
      found.filter((file) => file.startsWith(`${home}/`)).map((file) => basename(file)),
      read,
    );
  });
}
