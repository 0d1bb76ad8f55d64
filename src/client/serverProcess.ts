import { spawn, type ChildProcess } from 'node:child_process';
import { inTheirWords } from '../common/whyFailed.js';
import { homeDirectory } from '../common/home.js';
import { reasonOf } from '../common/systemError.js';
import { CodeManagerError, WireError } from '../protocol/errors.js';

/** What must not reach a process that outlives whoever started it. */
const FOREIGN = /^(?:VSCODE_|ELECTRON_|CLAUDE|TMUX|CM_SESSION$)/;
const STDERR_LIMIT = 16 * 1024;

/** The environment of a server: the caller's, without what belongs to an editor, another agent or another tmux. */
export function serverEnvironment(
  home: string,
  env: NodeJS.ProcessEnv = process.env,
  isElectron: boolean = process.versions['electron'] !== undefined,
): NodeJS.ProcessEnv {
  const { CM_HOME: _home, CM_SESSION: session, ...rest } = env;
  const clean: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(rest).filter(([name]) => !FOREIGN.test(name)));
  // The editor's debugger puts itself here; in a server it would find nobody to talk to.
  if (/vscode|js-debug|--inspect/i.test(clean['NODE_OPTIONS'] ?? '')) delete clean['NODE_OPTIONS'];
  if (home !== homeDirectory(rest)) clean['CM_HOME'] = home;
  if (session !== undefined) clean['CM_OUTER_SESSION'] = session;
  if (isElectron) clean['ELECTRON_RUN_AS_NODE'] = '1';
  return clean;
}

/** `CM_INSPECT=9229`: the server takes a debugger at that port of loopback. */
function inspection(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const port = Number(env['CM_INSPECT']);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? [`--inspect=127.0.0.1:${port}`] : [];
}

/** An agent server on its way up. It lives on when its starter ends. */
export class ServerProcess {
  readonly #child: ChildProcess;
  #stderr = '';
  #failure: CodeManagerError | undefined;
  #ended = false;

  constructor(serverPath: string, home: string) {
    this.#child = spawn(process.execPath, [...inspection(), serverPath], {
      // Not the caller's folder: it must be possible to remove that one.
      cwd: '/',
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: serverEnvironment(home),
    });
    this.#child.unref();
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_LIMIT);
    });
    this.#child.once('error', (error) => {
      this.#ended = true;
      this.#failure = new CodeManagerError('unavailable', `The agent server did not start: ${reasonOf(error)}`, {
        cause: error,
      });
    });
    this.#child.once('close', (code, signal) => {
      this.#ended = true;
      if (code !== 0) this.#failure ??= startFailure(this.#stderr, code, signal);
    });
  }

  /** Why it did not start, once that is known. */
  get failure(): CodeManagerError | undefined {
    return this.#failure;
  }

  /** The process has ended; without a failure this means that another server was there already. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** What it has printed, for the message of a start that takes too long. */
  get output(): string {
    return this.#stderr.trim();
  }

  /** Stops listening to it. */
  release(): void {
    this.#child.stderr?.destroy();
  }
}

/** The error that a server printed as JSON before it left, or the best that can be said without one. */
export function startFailure(stderr: string, code: number | null, signal: string | null): CodeManagerError {
  const lines = stderr.trim().split('\n');
  for (const line of [...lines].reverse()) {
    try {
      const error = WireError.parse(JSON.parse(line));
      return new CodeManagerError(error.code, error.message, { hint: error.hint });
    } catch {
      // Not the line with the error.
    }
  }
  const reason = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? '';
  const how = signal === null ? `exit ${code ?? 'unknown'}` : signal;
  return new CodeManagerError(
    'unavailable',
    `The agent server did not start (${how})${reason === '' ? '' : `: ${inTheirWords(reason)}`}`,
    { hint: 'Run `cm server run` to see what it says.' },
  );
}
