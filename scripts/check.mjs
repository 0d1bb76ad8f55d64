// npm run lint, npm run types: what both found out about unchanged files is kept, outside the checkout.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, repoRoot } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';

const usage = `node scripts/check.mjs lint|types [--no-cache]

  --no-cache   look at every file: a rule that asks for types cannot tell that a file it imports has changed`;

const [what, ...flags] = process.argv.slice(2);
const isCached = !flags.includes('--no-cache');
const cache = join(cacheDir(), 'checks', createHash('sha256').update(repoRoot).digest('hex').slice(0, 12));
/** @type {Readonly<Record<'eslint' | 'prettier' | 'tsc', string>>} */
const programs = { eslint: 'eslint/bin/eslint.js', prettier: 'prettier/bin/prettier.cjs', tsc: 'typescript/bin/tsc' };

/** @returns {[keyof typeof programs, ...string[]][]} */
function commands() {
  switch (what) {
    case 'lint': {
      const kept = (/** @type {string} */ name) =>
        isCached ? ['--cache', '--cache-strategy', 'content', '--cache-location', join(cache, name)] : [];
      return [
        ['eslint', '.', '--max-warnings', '0', ...kept('eslint')],
        ['prettier', '--check', '--log-level', 'warn', '.', ...kept('prettier')],
      ];
    }
    case 'types':
      return ['.', 'src/extension', 'scripts'].map((project) => {
        const file = join(cache, `${project.replace(/\W/g, '-')}.tsbuildinfo`);
        const kept = isCached ? ['--incremental', '--tsBuildInfoFile', file] : [];
        return ['tsc', '--noEmit', '-p', project, ...kept];
      });
    default:
      console.error(usage);
      process.exit(2);
  }
}

mkdirSync(cache, { recursive: true });
for (const [program, ...args] of commands()) {
  const words = [join(repoRoot, 'node_modules', programs[program]), ...args];
  const { code } = await run(process.execPath, words, { cwd: repoRoot, inherit: true });
  if (code !== 0) process.exit(code ?? 1);
}
