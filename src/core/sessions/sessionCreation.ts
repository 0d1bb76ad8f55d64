import { randomUUID } from 'node:crypto';
import { KeyedMutex } from '../../common/async.js';
import { crashPoint } from '../../common/crashPoint.js';
import { shownCommand } from '../../common/shownCommand.js';
import { isVersionSince } from '../../common/versions.js';
import type { Context } from '../../protocol/context.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionRecord, toSession } from '../../protocol/files.js';
import type { CreateSession, Session } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Contexts } from '../contexts/contexts.js';
import { callsVariable } from '../conversations/callFile.js';
import { conversationHome } from '../conversations/home.js';
import type { GitTrust } from '../git/gitTrust.js';
import { createWorktree } from '../git/worktree.js';
import { hookLaunch } from '../hooks/hookFormats.js';
import type { SessionScope } from '../live/sessionScope.js';
import { LinkCut } from '../machine/linkCut.js';
import { homePaths } from '../store/home.js';
import type { RecordStore } from '../store/recordStore.js';
import { isSlow } from '../tmux/tmuxErrors.js';
import { launchArguments, takesConversationId } from '../tools/launch.js';
import type { Tools } from '../tools/tools.js';
import { checkVariables } from '../tools/variables.js';
import type { SessionNames } from './sessionNames.js';
import type { SessionStart } from './sessionStart.js';
import type { Supervisor } from './supervisor.js';

/** What is known of contexts. */
export type ContextDirectory = Pick<Contexts, 'get' | 'touch' | 'all'>;

export interface SessionCreationOptions {
  readonly store: Pick<RecordStore, 'purge'>;
  readonly contexts: ContextDirectory;
  readonly names: SessionNames;
  readonly supervisor: Pick<Supervisor, 'act'>;
  readonly starts: SessionStart;
  readonly tools: Tools;
  readonly gitTrust: GitTrust;
}

/** Linux takes 128 KiB for one argument, and every client gets them with the record. */
const MAX_ARGS_BYTES = 96 * 1024;

/** Starts tools as sessions: finds what to run and where, makes the worktree, the record and the window. */
export class SessionCreation {
  readonly #scope: SessionScope;
  readonly #options: SessionCreationOptions;
  readonly #creating = new KeyedMutex();

  constructor(scope: SessionScope, options: SessionCreationOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  #now(): string {
    return new Date(this.#scope.clock.now()).toISOString();
  }

  /** Starts a tool. The same request id always gives the same session. */
  async create(request: CreateSession): Promise<Session> {
    return this.#creating.run(request.requestId, async () => {
      const known = this.#scope.table.all().find(({ requestId }) => requestId === request.requestId);
      return toSession(known ?? (await this.#create(request)));
    });
  }

  async #create(request: CreateSession): Promise<SessionRecord> {
    const { machine, tmux, table, ids, log, place: home } = this.#scope;
    const { contexts, starts, store, tools, names } = this.#options;
    const tool = tools.get(request.tool);
    checkVariables(request.env);
    if (request.context === undefined) {
      throw new CodeManagerError('invalid', 'No context and no folder was given', {
        hint: 'Name a context with --ctx, or start in its folder.',
      });
    }
    const context = contexts.get(request.context);
    const place = request.path ?? context.path;
    // Asked together: on another host that is one round trip.
    const ready = this.#ready();
    ready.catch(() => undefined);
    const { host } = await machine.identity();
    const found = tools.find({ tool, host, home: home.home, folder: place, seat: request.seat }, request.env);
    found.catch(() => undefined);
    const folder = await machine.stat(place);
    if (!folder?.isDirectory) {
      if (place === context.path) throw folderGone(context);
      throw new CodeManagerError('notFound', `${place} is no folder`, { hint: 'Start in a folder that is there.' });
    }
    if (request.args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0) > MAX_ARGS_BYTES) {
      throw new CodeManagerError('invalid', `The arguments are longer than ${MAX_ARGS_BYTES / 1024} KB together`);
    }
    await ready;
    const { program, versionProgram, env, through, umask, warning } = await found;
    const conversation =
      tool.conversation === undefined
        ? null
        : {
            home: conversationHome(tool.conversation.home, env),
            given: await this.#newConversationId(tool, request.args, { program: versionProgram, env }),
          };
    const id = ids.next();
    const version = (): Promise<string | null> => tools.version(tool, versionProgram, env);
    const words = [...program, ...request.args];
    const hooks = await hookLaunch(tool, { words, env, version }, tmux.hookFiles, id);
    const { argv, typedTask } = launchArguments(tool, {
      program,
      task: request.task,
      mode: request.mode ?? null,
      model: request.model ?? null,
      args: request.args,
      conversationId: conversation?.given ?? null,
      hookArgs: hooks.args,
    });

    const name = names.take(request.name, request.task, tool.id);
    try {
      const branch = request.worktree;
      const worktree =
        branch === false
          ? null
          : await createWorktree(
              { machine, trust: this.#options.gitTrust },
              {
                repository: place,
                branch: branch === true ? null : branch,
                name,
                directory: homePaths(home.home).worktrees,
                id,
                trustGit: request.trustGit,
              },
            );
      const record = SessionRecord.parse({
        id,
        name,
        contextId: context.id,
        contextName: context.name,
        path: worktree?.folder ?? place,
        machine: await machine.identity(),
        tool: tool.id,
        task: request.task,
        mode: request.mode ?? null,
        model: request.model ?? null,
        args: request.args,
        status: 'starting',
        changed: this.#now(),
        created: this.#now(),
        requestId: request.requestId,
        envNames: Object.keys(request.env),
        delivery: typedTask === null ? 'none' : 'pending',
        conversation,
        worktree: worktree && { path: worktree.path, branch: worktree.branch },
        reason: warning,
      });
      const mask = umask ?? home.umask;
      const launch = { argv, env: { ...env, ...hooks.env }, cwd: record.path, umask: mask, through };
      const prepared = starts.prepare(id, launch, callsVariable(tool, env));
      // Another host does things in the order in which they were sent; here each has to be waited for.
      if (!machine.capabilities.isFar) await prepared;
      const added = table.add(record);
      try {
        await Promise.all([prepared, added]);
      } catch (error) {
        await starts.forget(id).catch(() => undefined);
        const isRecorded = await added.then(
          () => true,
          () => false,
        );
        if (isRecorded) {
          table.remove(id);
          await store.purge(id).catch(() => undefined);
        }
        throw error;
      }
      crashPoint('after-record');
      const cut = new LinkCut(machine);
      try {
        await starts.run(record);
      } catch (error) {
        // Its host has the record and the launch file: whoever reaches it again goes on with the start.
        if (await cut.explains(error)) throw error;
        await starts.forget(id).catch(() => undefined);
        if (isSlow(error)) {
          // Nothing was started, and will be: the launcher finds nothing to launch.
          table.remove(id);
          await store.purge(id).catch(() => undefined);
          throw error;
        }
        await table.apply(id, {
          type: 'startFailed',
          reason: error instanceof Error ? error.message : String(error),
          time: this.#now(),
        });
        throw error;
      } finally {
        cut.dispose();
      }
      await contexts.touch(context.id).catch((error: unknown) => log.warn(`context ${context.id}: ${String(error)}`));
      // Not waited for: asking starts the tool once more.
      void version().then(async (said) => {
        if (said !== null) await table.patch(id, { toolVersion: said });
      });
      return table.get(id) ?? record;
    } finally {
      names.release(name);
    }
  }

  /** An id for a conversation that begins; null when the tool takes none. */
  async #newConversationId(
    tool: Tool,
    args: readonly string[],
    { program, env }: { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> },
  ): Promise<string | null> {
    if (!takesConversationId(tool, args)) return null;
    const since = tool.conversation?.sessionIdSince;
    if (since === undefined) return randomUUID();
    const version = await this.#options.tools.version(tool, program, env);
    return version !== null && isVersionSince(version, since) ? randomUUID() : null;
  }

  /** Rejects when no session can be started. */
  async #ready(): Promise<void> {
    const { machine, tmux } = this.#scope;
    const { supervisor } = this.#options;
    await tmux.program();
    await Promise.all([supervisor.act(), machine.capabilities.isFar ? tmux.prepare() : undefined]);
  }
}

/** What a start in a context says whose folder went away since it was made. */
export function folderGone({ name, path }: Pick<Context, 'name' | 'path'>): CodeManagerError {
  return new CodeManagerError('notFound', `The folder of context ${name} is not there: ${path}`, {
    hint: `Make it, or name another folder: ${shownCommand('cm', 'ctx', 'edit', name, '--path')} PATH`,
  });
}
