import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import { MachinePlaces } from '../../src/core/approvals/policy/paths.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { campaign } from '../helpers/campaign.js';
import { tempDir } from '../helpers/tempDir.js';
import { cases, type PlacesInput } from './places.js';
import { ruleOf } from './ruleOf.js';
import { makeScene, outsideOf, SECRET } from './scene.js';

campaign('places', cases, async ({ rules, action, command, path }: PlacesInput, { t }) => {
  const top = tempDir(t, 'cm-places-');
  makeScene(top);
  const { effect } = await evaluate(
    {
      session: { id: 's1', contextId: 'c1', tool: 'claude', path: join(top, 'proj') },
      request: {
        kind: 'permission',
        action: action ?? 'shell',
        command: command ?? null,
        path: path ?? null,
        text: command ?? path ?? '',
        exact: 'event',
      },
    },
    { off: false, rules: await Promise.all(rules.map(ruleOf)) },
    new MachinePlaces(new LocalMachine({ umask: 0o022 }), join(top, 'own')),
    0,
  );
  const before = outsideOf(top);
  const printed = effect === 'allow' && command !== undefined ? run(command, top) : '';
  const after = outsideOf(top);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return {
    effect,
    leaked: printed.includes(SECRET),
    changed: names.filter((name) => before.get(name) !== after.get(name)),
  };
});

/** What a shell prints for a line. */
function run(line: string, top: string): string {
  const options = { cwd: join(top, 'proj'), env: { PATH: '/usr/bin:/bin', HOME: join(top, 'home') }, input: '' };
  const { stdout, stderr } = spawnSync('bash', ['-c', line], { ...options, timeout: 20_000, encoding: 'utf8' });
  return stdout + stderr;
}
