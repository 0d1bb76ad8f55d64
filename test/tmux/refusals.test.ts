import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { TmuxRefusedError } from '../../src/core/tmux/tmuxErrors.js';
import { errorText } from '../../src/protocol/errors.js';

/** What tmux 2.7 to 3.6 says to commands of ours, and when it does not start. */
const SAID = [
  ["can't find pane: %7", 'gone'],
  ["can't find window: @3", 'gone'],
  ["can't find session: _cm", 'gone'],
  ['target pane has exited', 'gone'],
  ['no current target', 'gone'],
  ['duplicate session: 01abc', 'taken'],
  ['create window failed: fork failed: Resource temporarily unavailable', 'system'],
  ['create window failed: fork failed: Cannot allocate memory', 'system'],
  ['create window failed: fork failed: No such file or directory', 'system'],
  ['fork error: Resource temporarily unavailable', 'system'],
  ['/run/cm1.paste: No such file or directory', 'system'],
  ['/run/cm1.paste: Too many open files', 'system'],
  ["couldn't create directory /tmp/tmux-0 (No space left on device)", 'system'],
  ['error creating /home/x/tmux.sock (Permission denied)', 'system'],
  ['error creating /home/x/tmux.sock (File name too long)', 'system'],
  ['tmux: error while loading shared libraries: libevent.so: cannot open', 'system'],
  ['unknown command: copy-modes', 'other'],
  ['command link-window: unknown flag -N', 'other'],
  ['no space for new pane', 'other'],
  ['', 'other'],
] as const;

test('what tmux refuses is said in words of ours, and its own stand in the log alone', () => {
  for (const [said, kind] of SAID) {
    const error = new TmuxRefusedError(said);
    assert.equal(error.kind, kind, said);
    assert.match(error.stack ?? '', /tmux said: /);
    assert.match(errorText(error), /^tmux did not do what it was asked: [^.]+\. [A-Z][^.]*(?:\.log[^.]*)?\.$/, said);
  }
  fc.assert(
    fc.property(fc.oneof(fc.string({ minLength: 6 }), fc.constantFrom(...SAID.map(([said]) => said))), (said) => {
      const told = JSON.stringify(new TmuxRefusedError(said).toWire());
      return said.length < 6 || !told.includes(said);
    }),
  );
});

test('no message is made of what tmux printed', () => {
  for (const file of readdirSync('src/core/tmux')) {
    // What is no tmux is told by what it printed.
    if (file === 'tmuxProgram.ts') continue;
    const text = readFileSync(join('src/core/tmux', file), 'utf8');
    for (const [made] of text.matchAll(/new (?:CodeManagerError|Error)\([^;]*;/gs)) {
      assert.doesNotMatch(made, /\$\{[^}]*(?:stderr|stdout|said|lines|refusal)/i, `${file}: ${made}`);
    }
  }
});
