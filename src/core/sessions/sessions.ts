import { CodeManagerError } from '../../protocol/errors.js';
import { toSession, type SessionRecord } from '../../protocol/files.js';
import type { Params, Result } from '../../protocol/requests.js';
import type { AttachCommand } from '../../protocol/sessionRequests.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import { changesIn } from '../git/changes.js';
import type { GitTrust } from '../git/gitTrust.js';
import { Repository, type GitOptions } from '../git/repository.js';
import type { SessionScope } from '../live/sessionScope.js';
import type { SessionStates } from '../live/sessionStates.js';
import { plain, resolveRef } from '../store/names.js';
import type { RecordStore } from '../store/recordStore.js';
import type { Leftovers } from './leftovers.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionNames } from './sessionNames.js';
import type { Supervisor } from './supervisor.js';

export interface SessionsOptions {
  readonly store: RecordStore;
  readonly names: SessionNames;
  readonly supervisor: Pick<Supervisor, 'act' | 'adopted' | 'isHere'>;
  readonly left: Pick<Leftovers, 'of' | 'end'>;
  readonly ends: SessionEnd;
  readonly states: Pick<SessionStates, 'onGiven'>;
  readonly gitTrust: GitTrust;
}

/** What clients can do with sessions of one machine. */
export class Sessions {
  readonly #scope: SessionScope;
  readonly #options: SessionsOptions;

  constructor(scope: SessionScope, options: SessionsOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /** @throws CodeManagerError `notFound`, or `conflict` when the reference is ambiguous */
  find(ref: string): SessionRecord {
    const { table } = this.#scope;
    const { store } = this.#options;
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
    const { table } = this.#scope;
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
    const { table } = this.#scope;
    const { store } = this.#options;
    return [...table.all(), ...(archived ? await store.loadArchived() : [])].map(toSession);
  }

  /** Records of all that have ended, archived ones too. */
  async endedAnywhere(): Promise<SessionRecord[]> {
    const { table } = this.#scope;
    const { store } = this.#options;
    return [...table.all(), ...(await store.loadArchived())].filter(hasEnded);
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
    return this.#scope.tool(record.tool) ?? { stopSignal: 'SIGTERM' };
  }

  /** One that has ended and left something running. Undefined for any other. */
  async #leaver(ref: string): Promise<SessionRecord | undefined> {
    const { supervisor, left } = this.#options;
    await supervisor.adopted;
    const record = await this.findAnywhere(ref);
    if (!hasEnded(record) || !supervisor.isHere(record)) return undefined;
    const [found = []] = await left.of([record]);
    return found.length > 0 ? record : undefined;
  }

  /** Ends what a session that has ended left running. */
  async #endLeft(record: SessionRecord, signal?: NodeJS.Signals, timeoutMs = 0): Promise<Session> {
    const { supervisor, left } = this.#options;
    await supervisor.act();
    await left.end(record, signal, timeoutMs);
    return toSession(this.#scope.table.get(record.id) ?? record);
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
    const record = this.#scope.table.get(id);
    if (record && hasEnded(record)) return toSession(record);
    throw new CodeManagerError('internal', 'The session did not end', { hint: 'See the server log, and try cm kill.' });
  }

  async rename({ session, name }: Params<'session/rename'>): Promise<Session> {
    const { id } = this.find(session);
    this.#options.names.mustBeFree(name, id);
    await this.#scope.table.patch(id, { name });
    return toSession(this.find(id));
  }

  async update({ session, pinned, unread }: Params<'session/update'>): Promise<Session> {
    const record = this.find(session);
    const changes = { ...(pinned === undefined ? {} : { pinned }), ...(unread === undefined ? {} : { unread }) };
    const changed =
      (pinned !== undefined && pinned !== record.pinned) || (unread !== undefined && unread !== record.unread);
    if (changed) await this.#scope.table.patch(record.id, changes);
    return toSession(this.find(record.id));
  }

  async archive({ session, force }: Params<'session/archive'>): Promise<Session> {
    const { table } = this.#scope;
    const { store } = this.#options;
    const record = this.find(session);
    await this.#endedOrForced(record, force);
    const archived = { ...(table.get(record.id) ?? record), archived: true, unread: false };
    await store.save(archived);
    await store.archive(record.id);
    table.remove(record.id);
    return toSession(archived);
  }

  async purge({ session, force }: Params<'session/purge'>): Promise<Session> {
    const { table } = this.#scope;
    const { store } = this.#options;
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
    const command = await this.#scope.tmux.attachCommand(record.id, readOnly, { name: record.name, nesting });
    if (record.unread) await this.#scope.table.patch(record.id, { unread: false });
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
    return { machine: this.#scope.machine, trust: this.#options.gitTrust };
  }

  /** Archives ended sessions that nobody needs to see any more. */
  async archiveOld(retentionMs: number): Promise<void> {
    const before = this.#scope.clock.now() - retentionMs;
    for (const record of this.#scope.table.all()) {
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

function isArchived({ name }: SessionRecord): CodeManagerError {
  return new CodeManagerError('conflict', `Session ${plain(name)} is archived`, {
    hint: 'What is archived can be read, resumed and deleted (cm rm --purge).',
  });
}
