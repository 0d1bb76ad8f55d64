// npm start: builds Code Manager and opens it in VS Code with a sample project.
// Only Node's own modules may be loaded here: on a fresh clone nothing else is installed yet.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './lib/dependencies.mjs';
import { findDesktopCode, hasDisplay } from './lib/desktopCode.mjs';
import { cacheDir, repoRoot } from './lib/paths.mjs';
import { editorEnvironment, run, runOrThrow, which } from './lib/processes.mjs';
import { ensurePrograms } from './lib/systemPackages.mjs';
import { isVsCodeInstalled, startVsCodeServer, vsCodeDir, vsCodeSize } from './lib/vscodeServer.mjs';
import { createWorkspace, linkExtension, writeSettings } from './lib/workspace.mjs';

const usage = `npm start -- [--browser] [--yes] [--port N] [--no-open]

Builds Code Manager and opens it in VS Code with a sample project.

  --browser   VS Code in the browser, even if there is a desktop VS Code
  --yes       ask nothing, download what is needed
  --port N    port of VS Code in the browser (default 8080; another one when it is taken)
  --no-open   print the address, do not open the browser
  --help      this text`;

const defaultPort = 8080;

/** Of the editor in the browser, when it is started for the first time: the sample and our views, nothing else. */
const calmSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
};

/** A failure that a person can mend: shown without a stack. */
class StartError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @param {string} line */
const say = (line) => console.log(line);

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? describe(error) : error);
  process.exit(error instanceof StartError ? error.exitCode : 1);
}

async function main() {
  const options = readOptions();
  if (options.help) return say(usage);

  checkNode();
  await ensureDependencies({ log: say });
  // Windows has no tmux; what the extension says about that is worth seeing.
  await ensurePrograms(process.platform === 'win32' ? ['git'] : ['git', 'tmux'], { log: say });
  say('Building');
  await runOrThrow(process.execPath, ['esbuild.mjs'], { cwd: repoRoot });
  const sample = await prepareSample();

  const desktop = options.browser ? undefined : findDesktopCode();
  if (desktop !== undefined) return await openDesktop(desktop, sample);
  if (!options.browser) say('No desktop VS Code found here; using VS Code in the browser');
  await allowDownload(options.yes);
  await openInBrowser(sample, options);
}

/** @returns {{browser: boolean, yes: boolean, port: number, open: boolean, help: boolean}} */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        browser: { type: 'boolean', default: false },
        yes: { type: 'boolean', short: 'y', default: false },
        port: { type: 'string', default: String(defaultPort) },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`"${values.port}" is not a port`);
    return { ...values, port, open: !values['no-open'] };
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, 2);
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new StartError(`Node 20 or newer is needed, this is ${process.version}. See https://nodejs.org`);
}

/** @returns {Promise<string>} a git repository that is a context */
async function prepareSample() {
  const sample = join(cacheDir(), 'sample');
  if (!existsSync(join(sample, '.git'))) {
    say(`Creating a sample project in ${sample}`);
    await createWorkspace(sample);
  }
  const cm = join(repoRoot, 'dist', 'cm.js');
  const { code, output } = await run(process.execPath, [cm, 'ctx', 'add', 'sample', sample], {
    env: editorEnvironment(),
  });
  // 6: the name is taken, which is what a second start finds.
  if (code !== 0 && code !== 6) throw new StartError(`The context "sample" could not be added:\n${output.trim()}`);
  return sample;
}

/**
 * @param {import('./lib/desktopCode.mjs').DesktopCode} desktop
 * @param {string} sample
 */
async function openDesktop({ name, command }, sample) {
  say(`Opening ${name}`);
  const args = ['--new-window', `--extensionDevelopmentPath=${repoRoot}`, sample];
  // A .cmd file cannot be started without a shell; none of these arguments comes from a person.
  const isScript = /\.(cmd|bat)$/i.test(command);
  const child = isScript
    ? spawn(
        `"${command}"`,
        args.map((arg) => `"${arg}"`),
        { env: startEnvironment(), stdio: 'ignore', shell: true },
      )
    : spawn(command, args, { env: startEnvironment(), stdio: 'ignore' });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new StartError(`${command} ended with ${code}. Try: npm start -- --browser`);
  nextSteps();
}

/**
 * Says what will be downloaded, and asks.
 * @param {boolean} yes
 */
async function allowDownload(yes) {
  if (isVsCodeInstalled()) return;
  say(`VS Code will be installed from npm into ${vsCodeDir()}: ${vsCodeSize}, once`);
  if (yes) return;
  if (!process.stdin.isTTY) throw new StartError('Nobody can be asked here. To go on: npm start -- --browser --yes', 2);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question('Go on? [Y/n] ');
  prompt.close();
  if (!/^(y|yes|)$/i.test(answer.trim())) throw new StartError('Nothing was downloaded.', 130);
}

/**
 * @param {string} sample
 * @param {{port: number, open: boolean}} options
 */
async function openInBrowser(sample, { port, open }) {
  const dataDir = join(cacheDir(), 'editor');
  const extensionsDir = join(dataDir, 'extensions');
  await linkExtension(extensionsDir, repoRoot);
  if (!existsSync(join(dataDir, 'data', 'User', 'settings.json'))) {
    await writeSettings(dataDir, calmSettings);
  }
  const token = randomBytes(24).toString('base64url');
  const server = await startVsCodeServer({ dataDir, extensionsDir, port, token, env: startEnvironment() });
  const url = server.url(sample);
  if (server.port !== port) say(`Port ${port} is taken, using ${server.port}`);
  say(`VS Code is ready: ${url}`);
  if (process.env['SSH_CONNECTION'] && !hasDisplay()) {
    say(`From your own machine: ssh -L ${server.port}:127.0.0.1:${server.port} HOST, then open that address there`);
  }
  nextSteps();
  say('Ctrl-C ends VS Code. Agents keep running; the next npm start finds them again.');
  if (open && hasDisplay()) await openUrl(url);

  const isInterrupted = await Promise.race([
    server.exited.then(() => false),
    new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(true));
    }),
  ]);
  await server.stop();
  if (!isInterrupted) throw new StartError(`VS Code ended by itself:\n${server.log().slice(-2_000)}`);
  say('VS Code has ended');
}

/**
 * @returns {NodeJS.ProcessEnv} of an editor in which the extension shows a newcomer where to begin, and takes the agent
 *   server that was just built
 */
function startEnvironment() {
  return { ...editorEnvironment(), CM_WELCOME: '1', CM_DEV: '1' };
}

function nextSteps() {
  say('Code Manager is open in the side bar: Try the demo agent there, it needs no account.');
}

/** @param {string} url */
async function openUrl(url) {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  if (command === undefined || which(command) === undefined) return;
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

/**
 * @param {Error} error
 * @returns {string} what went wrong and what caused it, without stacks
 */
function describe(error) {
  return error.cause instanceof Error ? `${error.message}\n${describe(error.cause)}` : error.message;
}
