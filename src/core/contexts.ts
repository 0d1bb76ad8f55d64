import { basename } from 'node:path';
import type { Context } from '../protocol/context.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../protocol/errors.js';
import type { Change } from '../protocol/events.js';
import type { Check, Params } from '../protocol/requests.js';
import { hasEnded } from '../protocol/session.js';
import { KeyedMutex, withTimeout } from '../common/async.js';
import type { Machine } from './machine.js';
import type { SessionTable } from './sessions/sessionTable.js';
import type { ContextStore } from './store/contextStore.js';
import { uniqueName } from './store/names.js';
import type { TmuxServer } from './tmux/tmuxServer.js';
import type { Tools } from './tools/tools.js';

export interface ContextsOptions {
  readonly store: ContextStore;
  readonly table: SessionTable;
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly tools: Tools;
  readonly onChange: (change: Change) => void;
}

/** Folders in which agents work. */
export class Contexts {
  readonly #options: ContextsOptions;
  readonly #making = new KeyedMutex();

  constructor(options: ContextsOptions) {
    this.#options = options;
  }

  all(): readonly Context[] {
    return this.#options.store.all();
  }

  get(ref: string): Context {
    return this.#options.store.get(ref);
  }

  /** People may edit the file by hand: tells clients what they changed. */
  async refresh(): Promise<void> {
    const { store, onChange } = this.#options;
    const before = new Map(store.all().map((context) => [context.id, context]));
    if (!(await store.refresh())) return;
    for (const context of store.all()) {
      const known = before.get(context.id);
      before.delete(context.id);
      if (JSON.stringify(known) !== JSON.stringify(context)) onChange({ type: 'context/changed', context });
    }
    for (const { id, name } of before.values()) onChange({ type: 'context/removed', id, name });
  }

  /** The context whose folder holds the path; the deepest one wins. */
  async forPath(path: string): Promise<Context | undefined> {
    return this.#options.store.forPath(this.#options.machine.resolvePath(path));
  }

  /** Asked by several at once it makes one. */
  async forPathOrNew(path: string): Promise<Context> {
    return this.#making.run('', async () => {
      const known = await this.forPath(path);
      if (known) return known;
      const taken = new Set(this.all().map(({ name }) => name));
      const folder = this.#options.machine.resolvePath(path);
      return this.add({ name: uniqueName(contextName(folder), taken), path, machine: 'local', tags: [] });
    });
  }

  async add({ name, path, machine, tags }: Params<'context/add'>): Promise<Context> {
    if (machine !== 'local') {
      throw new CodeManagerError('invalid', 'Only contexts on this host can be added by this version', {
        hint: 'Leave the host out.',
      });
    }
    const context = await this.#options.store.add({ name, path: await this.#folder(path), machine, tags });
    this.#options.onChange({ type: 'context/changed', context });
    return context;
  }

  async edit({ context: ref, name, path, tags }: Params<'context/edit'>): Promise<Context> {
    const { id } = this.get(ref);
    const context = await this.#options.store.edit(id, {
      ...(name === undefined ? {} : { name }),
      ...(path === undefined ? {} : { path: await this.#folder(path) }),
      ...(tags === undefined ? {} : { tags }),
    });
    this.#options.onChange({ type: 'context/changed', context });
    return context;
  }

  /** Its sessions go on and keep their records. */
  async remove({ context: ref, force }: Params<'context/remove'>): Promise<Context> {
    const context = this.get(ref);
    const running = this.#options.table
      .all()
      .filter((record) => record.contextId === context.id && !hasEnded(record)).length;
    if (running > 0 && !force) {
      throw new CodeManagerError(
        'conflict',
        `${running} ${running === 1 ? 'session is' : 'sessions are'} running in ${context.name}`,
        {
          hint: 'Stop them first, or use --force: they go on, and their records stay.',
        },
      );
    }
    await this.#options.store.remove(context.id);
    this.#options.onChange({ type: 'context/removed', id: context.id, name: context.name });
    return context;
  }

  /** Used just now; to the minute, so that many starts at once are not as many writes. */
  async touch(ref: string): Promise<void> {
    const { lastUsed } = this.get(ref);
    if (lastUsed !== null && Date.now() - Date.parse(lastUsed) < 60_000) return;
    await this.#options.store.touch(ref);
    this.#options.onChange({ type: 'context/changed', context: this.get(ref) });
  }

  async #folder(path: string): Promise<string> {
    const { machine } = this.#options;
    if (path.includes('\0')) throw new CodeManagerError('invalid', 'A path cannot contain NUL characters');
    const folder = machine.resolvePath(path);
    const known = await machine.stat(folder);
    if (!known)
      throw new CodeManagerError('invalid', `${folder} does not exist`, { hint: 'Name a folder that is there.' });
    if (!known.isDirectory) throw new CodeManagerError('invalid', `${folder} is no folder`, { hint: 'Name a folder.' });
    return folder;
  }

  /** Walks the real path to a session in this context. Stops at the first step that fails. */
  async test({ context: ref, timeoutMs }: Params<'context/test'>): Promise<Check[]> {
    const { machine, tmux, tools } = this.#options;
    const context = this.get(ref);
    const checks: Check[] = [];
    const deadline = Date.now() + timeoutMs;
    const step = async (name: string, run: () => Promise<string>): Promise<boolean> => {
      const started = performance.now();
      try {
        const left = deadline - Date.now();
        const detail = await withTimeout(
          run(),
          Math.max(1, left),
          () => new CodeManagerError('timeout', `no answer within ${timeoutMs / 1000} s`),
        );
        checks.push({ name, status: 'ok', detail, fix: null, ms: performance.now() - started, code: null });
        return true;
      } catch (error) {
        const { code, hint } = toCodeManagerError(error);
        checks.push({
          name,
          status: 'failed',
          detail: errorText(error),
          fix: hint ?? null,
          ms: performance.now() - started,
          code,
        });
        return false;
      }
    };
    const steps: readonly (readonly [string, () => Promise<string>])[] = [
      [
        'machine',
        async () => {
          if (context.machine !== 'local')
            throw new CodeManagerError('unavailable', 'machines of this kind are not supported by this version');
          return (await machine.identity()).host;
        },
      ],
      ['folder', async () => this.#folder(context.path)],
      [
        'shell',
        async () => {
          const { warnings, env } = await machine.loginEnvironment();
          return warnings.length > 0 ? warnings.join(' ') : (env['SHELL'] ?? '/bin/sh');
        },
      ],
      [
        'tmux',
        async () => {
          const { program, version } = await tmux.program();
          return `${version.text} (${program})`;
        },
      ],
      [
        'agents',
        async () => {
          const installed = (await tools.list({ refresh: false, versions: false }))
            .filter((tool) => tool.installed && tool.installCommand !== null)
            .map(({ name }) => name);
          return installed.length > 0 ? installed.join(', ') : 'none found; any command can be run';
        },
      ],
    ];
    for (const [name, run] of steps) {
      if (!(await step(name, run))) break;
    }
    return checks;
  }
}

/** Name of a new context: that of its folder, without what a name cannot hold. */
function contextName(folder: string): string {
  return (
    basename(folder)
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
      .trim()
      .slice(0, 100) || 'root'
  );
}
