import * as z from 'zod';
import { delay, Limiter } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool, ToolInfo } from '../../protocol/tool.js';
import type { LoginEnvironment, Machine } from '../machine/machine.js';
import type { ToolCatalog } from './catalog.js';
import { resolveProgram, toolEnvironment, type Placeholders } from './resolve.js';
import { findProgram, type FindProgramOptions, type FoundProgram } from './program.js';

type Env = Readonly<Record<string, string>>;

export interface ToolsOptions {
  readonly catalog: ToolCatalog;
  readonly machine: Machine;
  readonly placeholders: Placeholders | null;
  readonly log: Logger;
}

const VERSION_TIMEOUT_MS = 10_000;
const VERSION = /\d+\.\d+[^\s),]*/;
const Package = z.object({ version: z.string() });
/** Prints the `package.json` of the package that a program belongs to. */
const PRINT_PACKAGE = `f=$(readlink -f -- "$0") && rest=\${f##*/node_modules/} && [ "$rest" != "$f" ] || exit 0
case $rest in
  @*/*) inner=\${rest#*/} name=\${rest%%/*}/\${inner%%/*} ;;
  *) name=\${rest%%/*} ;;
esac
exec cat "\${f%/node_modules/*}/node_modules/$name/package.json"`;
/** A list does not wait longer for a tool that is slow to say its version; the next one has it. */
const LIST_WAIT_MS = 1_500;

/** Which agents a machine has. */
export class Tools {
  readonly #options: ToolsOptions;
  /** Asking a version starts the tool, so each program is asked once. */
  readonly #versions = new Map<string, Promise<string | null>>();
  readonly #limiter = new Limiter(2);

  constructor(options: ToolsOptions) {
    this.#options = options;
  }

  /**
   * @param refresh read the login shell, the folder of tools and the versions again
   * @param versions ask the tools for theirs, which starts each of them
   */
  async list({ refresh, versions }: { refresh: boolean; versions: boolean }): Promise<ToolInfo[]> {
    const { catalog, machine } = this.#options;
    if (refresh) {
      await catalog.reload();
      this.#versions.clear();
    }
    const login = await machine.loginEnvironment({
      ...(refresh ? { refresh: 'always' as const } : {}),
      words: commandWords(catalog),
    });
    const { host } = await machine.identity();
    return Promise.all(catalog.all().map((tool) => this.#info(tool, login, host, versions)));
  }

  async #info(tool: Tool, login: LoginEnvironment, host: string, versions: boolean): Promise<ToolInfo> {
    const { machine, placeholders } = this.#options;
    const info: ToolInfo = {
      id: tool.id,
      name: tool.name,
      installed: false,
      path: null,
      runs: null,
      version: null,
      installCommand: tool.install?.command ?? null,
      installUrl: tool.install?.url ?? null,
      takesTask: true,
      modes: tool.modes.map(({ id, label }) => ({ id, label })),
      models: tool.model?.known ?? null,
    };
    try {
      const { words, file, what, isThrough } = await resolveProgram(
        tool,
        login,
        (name, path) => machine.findProgram(name, path),
        {
          placeholders,
          host,
        },
      );
      return {
        ...info,
        installed: true,
        path: file ?? null,
        runs: what ?? null,
        version: versions && file !== undefined ? await this.#soon(tool, isThrough ? [file] : words, login.env) : null,
      };
    } catch (error) {
      if (error instanceof CodeManagerError && error.code === 'toolMissing') return info;
      throw error;
    }
  }

  #soon(tool: Tool, program: readonly string[], env: Readonly<Record<string, string>>): Promise<string | null> {
    return Promise.race([this.version(tool, program, env), delay(LIST_WAIT_MS).then(() => null)]);
  }

  /** @throws CodeManagerError `notFound` */
  get(id: string): Tool {
    return this.#options.catalog.get(id);
  }

  /** What would be run for a tool, as {@link findProgram} says. */
  find(where: Omit<FindProgramOptions, 'machine' | 'placeholders' | 'words'>, given: Env): Promise<FoundProgram> {
    const { machine, placeholders, catalog } = this.#options;
    return findProgram({ ...where, machine, placeholders, words: commandWords(catalog) }, given);
  }

  /** What a tool says its version is; null when it says none. Asked once. */
  version(tool: Tool, program: readonly string[], env: Readonly<Record<string, string>>): Promise<string | null> {
    const { versionArgs } = tool;
    if (versionArgs === null || program.length === 0) return Promise.resolve(null);
    const key = program.join('\0');
    const known = this.#versions.get(key);
    if (known) return known;
    const version = this.#limiter
      .run(async () => {
        const packaged = await this.#packagedVersion(program);
        if (packaged !== undefined) return packaged;
        const fullEnv = { ...env, ...toolEnvironment(tool, process.versions['electron'] !== undefined) };
        const { stdout } = await this.#options.machine.run([...program, ...versionArgs], {
          env: fullEnv,
          timeoutMs: VERSION_TIMEOUT_MS,
          cwd: '/',
        });
        const line = stripTerminal(stdout.split('\n')[0] ?? '');
        return VERSION.exec(line)?.[0] ?? (truncate(line.trim(), 40) || null);
      })
      .catch((error: unknown) => {
        this.#options.log.debug(`version of ${tool.id}: ${String(error)}`);
        return null;
      });
    this.#versions.set(key, version);
    return version;
  }

  /** Of a program that npm has installed, which says it without being started: that can take seconds. */
  async #packagedVersion([program = '', ...args]: readonly string[]): Promise<string | undefined> {
    // With a script behind it, it is the interpreter of one, whose version says nothing.
    if (args.some((arg) => arg.includes('/'))) return undefined;
    const { stdout } = await this.#options.machine.run(['/bin/sh', '-c', PRINT_PACKAGE, program], { cwd: '/' });
    try {
      return VERSION.exec(Package.parse(JSON.parse(stdout)).version)?.[0];
    } catch {
      return undefined;
    }
  }
}

/** A tool with its version, and what the person's shell runs for it. */
export function installedText({ name, version, runs }: Pick<ToolInfo, 'name' | 'version' | 'runs'>): string {
  const what = runs === null ? [] : [`(${stripTerminal(runs)})`];
  return [name, ...(version === null ? [] : [version]), ...what].join(' ');
}

/** The names by which tools are called: functions of a shell may have them. */
export function commandWords(catalog: Pick<ToolCatalog, 'all'>): readonly string[] {
  return [...new Set(catalog.all().flatMap(({ command, alternatives }) => [...command.slice(0, 1), ...alternatives]))];
}
