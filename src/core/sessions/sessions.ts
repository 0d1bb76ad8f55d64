import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/async.js';
import { crashPoint } from '../../common/crashPoint.js';
import { KeyedMutex } from '../../common/async.js';
import type { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { isVersionSince } from '../../common/versions.js';
import type { Context } from '../../protocol/context.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionRecord, toSession } from '../../protocol/files.js';
import type { Params, Result } from '../../protocol/requests.js';
import type { AttachCommand } from '../../protocol/sessionRequests.js';
import { hasEnded, type CreateSession, type Session } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Contexts } from '../contexts/contexts.js';
import { LinkCut } from '../machine/linkCut.js';
import { shownCommand } from '../../common/shownCommand.js';
import { plain, resolveRef, slug, uniqueName } from '../store/names.js';
import type { RecordStore } from '../store/recordStore.js';
import type { Machine, MachinePlace } from '../machine/machine.js';
import { isSlow } from '../tmux/tmuxErrors.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import { conversationHome } from '../conversations/home.js';
import { changesIn } from '../git/changes.js';
import type { GitTrust } from '../git/gitTrust.js';
import { Repository, type GitOptions } from '../git/repository.js';
import { callsVariable } from '../conversations/callFile.js';
import { hookLaunch } from '../hooks/hookFormats.js';
import { launchArguments, takesConversationId } from '../tools/launch.js';
import { findProgram } from '../tools/program.js';
import type { Placeholders } from '../tools/resolve.js';
import { checkVariables } from '../tools/variables.js';
import type { Tools } from '../tools/tools.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionStart } from './sessionStart.js';
import type { SessionTable } from '../records/sessionTable.js';
import type { Supervisor } from './supervisor.js';
import { createWorktree } from '../git/worktree.js';

/** What is known of contexts. */
export type ContextDirectory = Pick<Contexts, 'get' | 'touch' | 'all'>;

export interface SessionsOptions {
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly store: RecordStore;
  readonly contexts: ContextDirectory;
  /** Names of the sessions of other machines. */
  readonly otherNames: () => Iterable<string>;
  readonly supervisor: Pick<Supervisor, 'act' | 'adopted' | 'isHere' | 'left'>;
  readonly starts: SessionStart;
  readonly ends: SessionEnd;
  readonly states: Pick<SessionStates, 'onGiven'>;
  readonly tool: (id: string) => Tool;
  /** Names by which tools are called. */
  readonly words: () => readonly string[];
  /** What the tool says its version is; never rejects. */
  readonly toolVersion: Tools['version'];
  readonly placeholders: Placeholders | null;
  readonly worktreesDirectory: string;
  readonly gitTrust: GitTrust;
  /** The folder of our data, and the mask with which sessions make files. */
  readonly place: Pick<MachinePlace, 'home' | 'umask'>;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Linux takes 128 KiB for one argument, and every client gets them with the record. */
const MAX_ARGS_BYTES = 96 * 1024;
/** What clients can do with sessions of one machine. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #creating = new KeyedMutex();
  readonly #names = new Set<string>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  /** @throws CodeManagerError `notFound`, or `conflict` when the reference is ambiguous */
  find(ref: string): SessionRecord {
    const { table, store } = this.#options;
    const byId = table.get(ref);
    if (byId) return byId;
    try {
      return resolveRef(table.all(), ref, 'session');
    } catch (error) {
      // Whoever asks by a name asks with the id of what that led to.
      const archived = store.get(ref);
      throw archived?.archived === true ? isArchived(archived) : error;
    }
  }

  /** Active ones first, then archived ones: an id is good for both. */
  async findAnywhere(ref: string): Promise<SessionRecord> {
    const { table } = this.#options;
    const byId = table.get(ref);
    if (byId) return byId;
    try {
      return resolveRef(table.all(), ref, 'session');
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'notFound') throw error;
      const archived = await this.#options.store.loadArchived();
      try {
        return resolveRef(archived, ref, 'session');
      } catch (inner) {
        // The nearest active name is the better hint.
        throw inner instanceof CodeManagerError && inner.code === 'notFound' ? error : inner;
      }
    }
  }

  /** Newest first. @param archived also those that are archived */
  async list(archived: boolean): Promise<Session[]> {
    const { table, store } = this.#options;
    return [...table.all(), ...(archived ? await store.loadArchived() : [])].map(toSession);
  }

  /** Records of all that have ended, archived ones too. */
  async endedAnywhere(): Promise<SessionRecord[]> {
    const { table, store } = this.#options;
    return [...table.all(), ...(await store.loadArchived())].filter(hasEnded);
  }

  /** Starts a tool. The same request id always gives the same session. */
  async create(request: CreateSession): Promise<Session> {
    return this.#creating.run(request.requestId, async () => {
      const known = this.#options.table.all().find(({ requestId }) => requestId === request.requestId);
      return toSession(known ?? (await this.#create(request)));
    });
  }

  async #create(request: CreateSession): Promise<SessionRecord> {
    const { machine, tmux, contexts, starts, table, ids, log } = this.#options;
    const tool = this.#options.tool(request.tool);
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
    const found = findProgram(
      {
        machine,
        placeholders: this.#options.placeholders,
        tool,
        host,
        home: this.#options.place.home,
        folder: place,
        words: this.#options.words(),
        seat: request.seat,
      },
      request.env,
    );
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
    const version = (): Promise<string | null> => this.#options.toolVersion(tool, versionProgram, env);
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

    const name = this.#takeName(request, tool);
    try {
      const branch = request.worktree;
      const worktree =
        branch === false
          ? null
          : await createWorktree(this.#git, {
              repository: place,
              branch: branch === true ? null : branch,
              name,
              directory: this.#options.worktreesDirectory,
              id,
              trustGit: request.trustGit,
            });
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
      const mask = umask ?? this.#options.place.umask;
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
          await this.#options.store.purge(id).catch(() => undefined);
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
          await this.#options.store.purge(id).catch(() => undefined);
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
      this.#names.delete(name);
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
    const version = await this.#options.toolVersion(tool, program, env);
    return version !== null && isVersionSince(version, since) ? randomUUID() : null;
  }

  /** Rejects when no session can be started. */
  async #ready(): Promise<void> {
    const { machine, tmux, supervisor } = this.#options;
    await tmux.program();
    await Promise.all([supervisor.act(), machine.capabilities.isFar ? tmux.prepare() : undefined]);
  }

  /** A name that no other session has; held until the record has it. */
  #takeName(request: CreateSession, tool: Tool): string {
    const taken = this.#takenNames();
    if (request.name !== undefined && taken.has(request.name)) throw nameTaken(request.name);
    const name = request.name ?? uniqueName(request.task === '' ? tool.id : slug(request.task, tool.id), taken);
    this.#names.add(name);
    return name;
  }

  #takenNames(except?: string): Set<string> {
    const { table, otherNames } = this.#options;
    const own = table.all().filter(({ id }) => id !== except);
    return new Set([...own.map(({ name }) => name), ...this.#names, ...otherNames()]);
  }

  /**
   * A session that runs here, once it can be acted upon.
   *
   * @throws CodeManagerError `unavailable` when it runs elsewhere, `conflict` when it has ended
   */
  async running(ref: string): Promise<SessionRecord> {
    await this.#options.supervisor.adopted;
    const record = this.find(ref);
    if (!hasEnded(record) && !this.#options.supervisor.isHere(record)) {
      throw new CodeManagerError('unavailable', `Session ${record.name} runs on ${record.machine.host}`, {
        hint: `Use cm there; cm rm --force forgets it.`,
      });
    }
    if (!hasEnded(record)) await this.#options.supervisor.act(record.id);
    if (!hasEnded(this.find(record.id))) return record;
    throw new CodeManagerError('conflict', `Session ${record.name} has ended (${record.status})`, {
      hint: 'Its log is still there: cm logs.',
    });
  }

  /** The tool's data, or what holds for any program when its file has gone since. */
  #tool(record: SessionRecord): Pick<Tool, 'stopSignal'> {
    try {
      return this.#options.tool(record.tool);
    } catch {
      return { stopSignal: 'SIGTERM' };
    }
  }

  /** One that has ended and left something running. Undefined for any other. */
  async #leaver(ref: string): Promise<SessionRecord | undefined> {
    const { supervisor } = this.#options;
    await supervisor.adopted;
    const record = await this.findAnywhere(ref);
    if (!hasEnded(record) || !supervisor.isHere(record)) return undefined;
    const [left = []] = await supervisor.left.of([record]);
    return left.length > 0 ? record : undefined;
  }

  /** Ends what a session that has ended left running. */
  async #endLeft(record: SessionRecord, signal?: NodeJS.Signals, timeoutMs = 0): Promise<Session> {
    const { supervisor, table } = this.#options;
    await supervisor.act();
    await supervisor.left.end(record, signal, timeoutMs);
    return toSession(table.get(record.id) ?? record);
  }

  async stop({ session, timeoutMs }: Params<'session/stop'>): Promise<Session> {
    const leaver = await this.#leaver(session);
    if (leaver) return this.#endLeft(leaver, this.#tool(leaver).stopSignal, timeoutMs);
    const record = await this.running(session);
    await this.#options.ends.asked(record.id, 'stop');
    await this.#options.ends.stop(record.id, this.#tool(record).stopSignal, timeoutMs);
    return this.#ended(record.id);
  }

  async kill(ref: string): Promise<Session> {
    const leaver = await this.#leaver(ref);
    if (leaver) return this.#endLeft(leaver);
    const record = await this.running(ref);
    await this.#options.ends.asked(record.id, 'kill');
    await this.#options.ends.kill(record.id);
    return this.#ended(record.id);
  }

  #ended(id: string): Session {
    const record = this.#options.table.get(id);
    if (record && hasEnded(record)) return toSession(record);
    throw new CodeManagerError('internal', 'The session did not end', { hint: 'See the server log, and try cm kill.' });
  }

  async rename({ session, name }: Params<'session/rename'>): Promise<Session> {
    const { table } = this.#options;
    const { id } = this.find(session);
    if (this.#takenNames(id).has(name)) throw nameTaken(name);
    await table.patch(id, { name });
    return toSession(this.find(id));
  }

  async update({ session, pinned, unread }: Params<'session/update'>): Promise<Session> {
    const record = this.find(session);
    const changes = { ...(pinned === undefined ? {} : { pinned }), ...(unread === undefined ? {} : { unread }) };
    const changed =
      (pinned !== undefined && pinned !== record.pinned) || (unread !== undefined && unread !== record.unread);
    if (changed) await this.#options.table.patch(record.id, changes);
    return toSession(this.find(record.id));
  }

  async archive({ session, force }: Params<'session/archive'>): Promise<Session> {
    const { table, store } = this.#options;
    const record = this.find(session);
    await this.#endedOrForced(record, force);
    const archived = { ...(table.get(record.id) ?? record), archived: true, unread: false };
    await store.save(archived);
    await store.archive(record.id);
    table.remove(record.id);
    return toSession(archived);
  }

  async purge({ session, force }: Params<'session/purge'>): Promise<Session> {
    const { table, store } = this.#options;
    const record = await this.findAnywhere(session);
    await this.#endedOrForced(record, force);
    await this.#nothingLeftOrForced(record, force);
    await store.purge(record.id);
    table.remove(record.id);
    return toSession(record);
  }

  async #endedOrForced(record: SessionRecord, force: boolean): Promise<void> {
    if (hasEnded(record)) return;
    // Of another host that may be gone for ever: its record can go, nothing of it can be reached from here.
    if (force && !this.#options.supervisor.isHere(record)) return;
    if (!force) {
      throw new CodeManagerError('conflict', `Session ${record.name} is running`, {
        hint: 'Stop it first.',
        anyway: 'kills it',
      });
    }
    await this.kill(record.id);
  }

  /** Without its record nobody could name what it left running. */
  async #nothingLeftOrForced({ id, name }: SessionRecord, force: boolean): Promise<void> {
    const leaver = await this.#leaver(id).catch(() => undefined);
    if (leaver === undefined) return;
    if (!force) {
      throw new CodeManagerError('conflict', `Processes that session ${name} has left running go on`, {
        hint: 'Stop it first.',
        anyway: 'kills them',
      });
    }
    await this.#endLeft(leaver);
  }

  async attach({ session, readOnly, nesting }: Params<'session/attach'>): Promise<AttachCommand> {
    const record = await this.running(session);
    const command = await this.#options.tmux.attachCommand(record.id, readOnly, { name: record.name, nesting });
    if (record.unread) await this.#options.table.patch(record.id, { unread: false });
    // What a person types there nobody else sees.
    if (!readOnly) this.#options.states.onGiven(record.id);
    return { command: [...command], env: { LANG: 'C.UTF-8' } };
  }

  /** What git says about the folder of a session. */
  async changes(ref: string): Promise<Result<'session/changes'>> {
    const { path } = await this.findAnywhere(ref);
    return await changesIn(this.#git, path);
  }

  /** Lets what the person was shown of the repository's own git configuration count, or leaves it out for good. */
  async trustGit({ session, digest, use }: Params<'session/trustGit'>): Promise<void> {
    const { path } = await this.findAnywhere(session);
    await Repository.find(this.#git, path, { decision: { digest, use } });
  }

  get #git(): GitOptions {
    const { machine, gitTrust } = this.#options;
    return { machine, trust: gitTrust };
  }

  /** Archives ended sessions that nobody needs to see any more. */
  async archiveOld(retentionMs: number): Promise<void> {
    const before = this.#options.clock.now() - retentionMs;
    for (const record of this.#options.table.all()) {
      if (
        hasEnded(record) &&
        !record.pinned &&
        record.left.length === 0 &&
        !record.unread &&
        Date.parse(record.completed ?? record.changed) < before
      ) {
        await this.archive({ session: record.id, force: false });
      }
    }
  }
}

/** What a start in a context says whose folder went away since it was made. */
export function folderGone({ name, path }: Pick<Context, 'name' | 'path'>): CodeManagerError {
  return new CodeManagerError('notFound', `The folder of context ${name} is not there: ${path}`, {
    hint: `Make it, or name another folder: ${shownCommand('cm', 'ctx', 'edit', name, '--path')} PATH`,
  });
}

function isArchived({ name }: SessionRecord): CodeManagerError {
  return new CodeManagerError('conflict', `Session ${plain(name)} is archived`, {
    hint: 'What is archived can be read, resumed and deleted (cm rm --purge).',
  });
}

function nameTaken(name: string): CodeManagerError {
  return new CodeManagerError('conflict', `Another session is named ${name}`, { hint: 'Choose another name.' });
}
