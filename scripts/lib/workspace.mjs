import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrThrow } from './processes.mjs';

/** A small program, so that an agent has something to read and to change. */
const sampleFiles = {
  'README.md': '# Sample\n\nA small project for trying Code Manager. Do with it what you like.\n',
  'greet.js': [
    '// Prints a greeting: node greet.js [NAME]',
    "const name = process.argv[2] ?? 'world';",
    'console.log(`Hello, ${name}!`);',
    '',
  ].join('\n'),
};

/**
 * Makes a small git repository with one commit.
 * @param {string} dir
 * @returns {Promise<string>} `dir`
 */
export async function createWorkspace(dir) {
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(sampleFiles)) await writeFile(join(dir, name), text);
  const author = ['-c', 'user.name=Code Manager', '-c', 'user.email=code-manager@localhost'];
  await runOrThrow('git', ['init', '--quiet', '--initial-branch=main'], { cwd: dir });
  await runOrThrow('git', ['add', '.'], { cwd: dir });
  // A person's hooks and signing key have no part in a sample.
  const commit = ['commit', '--quiet', '--no-gpg-sign', '--no-verify', '-m', 'Add a greeting'];
  await runOrThrow('git', [...author, ...commit], { cwd: dir });
  return dir;
}

/**
 * Writes a person's settings of a VS Code server; an open workbench takes them over at once.
 * @param {string} dataDir
 * @param {Readonly<Record<string, unknown>>} settings
 */
export async function writeSettings(dataDir, settings) {
  const dir = join(dataDir, 'data', 'User');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'settings.json'), JSON.stringify(settings, undefined, 2));
}

/** Settings under which nothing moves, asks or phones home, and terminals can be read from the page. */
export const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.reduceMotion': 'on',
  'editor.cursorBlinking': 'solid',
  'terminal.integrated.gpuAcceleration': 'off',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'chat.disableAIFeatures': true,
  'git.openRepositoryInParentFolders': 'never',
};

/**
 * Makes a checkout count as an installed extension where it lies. Other extensions of the folder stay; removing
 * it in the editor removes the entry and leaves the checkout alone, since it is not inside the folder.
 * @param {string} extensionsDir
 * @param {string} extensionDir
 */
export async function linkExtension(extensionsDir, extensionDir) {
  const { publisher, name, version } = JSON.parse(await readFile(join(extensionDir, 'package.json'), 'utf8'));
  const id = `${publisher}.${name}`;
  const file = join(extensionsDir, 'extensions.json');
  const others = (await readEntries(file)).filter((entry) => entry.identifier.id !== id);
  const location = { $mid: 1, scheme: 'file', path: extensionDir };
  await mkdir(extensionsDir, { recursive: true });
  await writeFile(file, JSON.stringify([...others, { identifier: { id }, version, location, metadata: {} }]));
}

/**
 * @param {string} file
 * @returns {Promise<{identifier: {id: string}}[]>}
 */
async function readEntries(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return [];
  }
}
