import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { literalExpressions } from '../helpers/expressions.js';
import { notLinear } from '../helpers/linear.js';

/** Files with expressions that take more than linear time, and why that cannot be much: by what begins their path. */
const BOUNDED: Readonly<Record<string, string>> = {
  'cli/': 'words and files that the person who runs cm gives',
  'client/render/': 'runs where the log is read, on rows no longer than a terminal is wide',
  'common/redact.ts': 'lines of our own log',
  'common/spelled.ts': 'begins only where a run of blanks begins',
  'common/versions.ts': 'a version',
  'core/machine/agentServerThere.ts': 'a version',
  'core/approvals/policy/':
    'a name in a path, or a word of a command, of no more than 4,096 letters where the system runs it',
  'core/doctor/logoutCheck.ts': 'a file of the system',
  'core/git/worktree.ts': 'a name that was cut',
  'core/state/commandPhase.ts': 'the first 300 letters of a command',
  'core/state/readExactly.ts': 'a row of no more than 1,000 letters',
  'core/state/sameRequest.ts': 'a label of no more than 200 letters',
  'core/tmux/': 'a line of tmux, whose titles and names are cut',
  'core/tools/tools.ts': 'a line in which a program that the person installed says its version',
  'extension/': 'what the person types',
  'view/sessionFilter.ts': 'what the person types',
  'machines/': 'a line of a program or a file of a machine that the person connects to',
  'server/tcp/': 'the address of a socket',
};

const SRC = 'src';

test('no expression in the code takes exponential time, and more than linear time only where little can be read', () => {
  const wrong: string[] = [];
  const used = new Set<string>();
  let count = 0;
  for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const { place, source, flags } of literalExpressions(file, readFileSync(join(SRC, file), 'utf8'))) {
      count++;
      if (/\\[1-9]/u.test(source)) continue;
      const why = notLinear(source, flags);
      if (why === undefined) continue;
      const reason = Object.keys(BOUNDED).find((path) => file.startsWith(path));
      if (reason !== undefined) used.add(reason);
      if (reason === undefined || why === 'exponential') wrong.push(`${place}: /${source}/${flags} is ${why}`);
    }
  }
  assert.ok(count > 400);
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    Object.keys(BOUNDED).filter((path) => !used.has(path)),
    [],
    'no longer needed',
  );
});
