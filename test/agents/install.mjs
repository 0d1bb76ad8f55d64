// Installs real agent CLIs for the tests: node test/agents/install.mjs [NAME | NAME@newest]...
// Prints one line for each, `name<TAB>absolute path of its program<TAB>version`. They are large and not ours, so they go
// into the cache and are no dependency of the project.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../scripts/lib/lock.mjs';
import { cacheDir } from '../../scripts/lib/paths.mjs';
import { runOrThrow } from '../../scripts/lib/processes.mjs';

/** Pinned: what a CLI shows and takes changes from version to version. `NAME@newest` is what npm has today. */
const AGENTS = {
  // Its package asks for Node 22, yet its program is a binary that needs none; without --force npm takes an old one.
  claude: { package: '@anthropic-ai/claude-code', version: '2.1.332', program: 'claude', npmArgs: ['--force'] },
  // An older one that many still have: other screens, other defaults.
  'claude-old': { package: '@anthropic-ai/claude-code', version: '2.1.197', program: 'claude', npmArgs: ['--force'] },
  codex: { package: '@openai/codex', version: '0.171.0', program: 'codex', npmArgs: [] },
  opencode: { package: 'opencode-ai', version: '1.18.33', program: 'opencode', npmArgs: [] },
  gemini: { package: '@google/gemini-cli', version: '0.61.0', program: 'gemini', npmArgs: [] },
  copilot: { package: '@github/copilot', version: '1.0.102', program: 'copilot', npmArgs: [] },
};

const root = join(cacheDir(), 'agents');

/** @typedef {keyof typeof AGENTS} Name */

/**
 * @param {Name} name
 * @returns {Promise<string>} the newest version that npm has
 */
async function newest(name) {
  const words = ['view', AGENTS[name].package, 'version'];
  return (await runOrThrow('npm', words, { timeoutMs: 60_000 })).trim();
}

/**
 * @param {Name} name
 * @param {string} version
 * @returns {Promise<string>} absolute path of the program
 */
async function install(name, version) {
  const agent = AGENTS[name];
  const target = join(root, `${name}-${version}`);
  const program = join(target, 'node_modules', '.bin', agent.program);
  if (existsSync(program)) return program;
  const report = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
  await withLock(
    join(root, `${name}.lock`),
    async () => {
      if (existsSync(program)) return;
      for (const left of await readdir(root)) {
        if (left.startsWith(`.${name}-`)) await rm(join(root, left), { recursive: true, force: true });
      }
      report(`Installing ${agent.package}@${version} into ${target} …`);
      const work = await mkdtemp(join(root, `.${name}-`));
      await writeFile(join(work, 'package.json'), '{"private":true}\n');
      const args = ['install', '--no-audit', '--no-fund', '--no-save', ...agent.npmArgs];
      await runOrThrow('npm', [...args, `${agent.package}@${version}`], { cwd: work, timeoutMs: 600_000 });
      const home = join(work, 'home');
      await mkdir(home);
      await runOrThrow(join(work, 'node_modules', '.bin', agent.program), ['--version'], {
        cwd: home,
        timeoutMs: 60_000,
        env: { PATH: process.env['PATH'], HOME: home },
      });
      await rm(home, { recursive: true, force: true });
      await rm(target, { recursive: true, force: true });
      await rename(work, target);
    },
    { onWait: (pid) => report(`Waiting for process ${pid}, which installs ${name} …`) },
  );
  return program;
}

const wanted = process.argv.slice(2).map((word) => {
  const name = word.replace(/@newest$/u, '');
  return { word, name: /** @type {Name} */ (name), isNewest: name !== word };
});
const unknown = wanted.filter(({ name }) => !Object.hasOwn(AGENTS, name)).map(({ word }) => word);
if (unknown.length > 0) {
  process.stderr.write(`Unknown agent ${unknown.join(', ')}; known are ${Object.keys(AGENTS).join(', ')}.\n`);
  process.exit(2);
}
await mkdir(root, { recursive: true });
const all = /** @type {Name[]} */ (Object.keys(AGENTS)).map((name) => ({ word: name, name, isNewest: false }));
for (const { word, name, isNewest } of wanted.length > 0 ? wanted : all) {
  const version = isNewest ? await newest(name) : AGENTS[name].version;
  process.stdout.write(`${word}\t${await install(name, version)}\t${version}\n`);
}
