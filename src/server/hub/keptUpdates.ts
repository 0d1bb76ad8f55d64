import { join } from 'node:path';
import type { Logger } from '../../common/logger.js';
import type { MachineService } from '../../core/machine/machineService.js';
import { writeFileAtomic } from '../../core/store/atomicFile.js';
import { formatJson, readJsonObject } from '../../core/store/jsonFile.js';
import { machinesFolder } from '../../core/store/machineCache.js';
import { makeFolder } from '../../core/store/makeFolder.js';
import { errorText, toCodeManagerError } from '../../protocol/errors.js';
import { KeptUpdatesFile, type KeptUpdate } from '../../protocol/files.js';
import type { Params } from '../../protocol/requests.js';
import type { Session } from '../../protocol/session.js';

type Update = Omit<Params<'session/update'>, 'session'>;

/** What nobody could carry out for so long is about a session that is gone. */
const KEEP_MS = 90 * 86_400_000;

/**
 * What a person marked on sessions of machines that could not be reached: shown at once and carried out when they are
 * there again, also by the next server. Kept in `machines/updates.json`.
 */
export class KeptUpdates {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #kept = new Map<string, KeptUpdate>();
  readonly #busy = new Set<string>();
  #written: Promise<void> = Promise.resolve();

  /** @param home the folder of all data. Never rejects: a file that cannot be read is as none. */
  static async open(home: string, log: Logger): Promise<KeptUpdates> {
    const updates = new KeptUpdates(machinesFolder(home), log);
    const read = await readJsonObject(updates.#path);
    const file = read.kind === 'object' ? KeptUpdatesFile.safeParse(read.value).data : undefined;
    for (const [id, update] of Object.entries(file?.sessions ?? {})) {
      if (Date.now() - Date.parse(update.kept) < KEEP_MS) updates.#kept.set(id, update);
    }
    return updates;
  }

  private constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  get #path(): string {
    return join(this.#folder, 'updates.json');
  }

  /** @returns the session as it is shown from now on. @throws CodeManagerError `unavailable` when it cannot be kept */
  async keep(session: Session, { pinned, unread }: Update): Promise<Session> {
    const { id, changed } = session;
    const before = this.#kept.get(id);
    this.#kept.set(id, {
      ...before,
      ...(pinned === undefined ? {} : { pinned }),
      ...(unread === undefined ? {} : { unread }),
      changed,
      kept: new Date().toISOString(),
    });
    await this.#write();
    return this.shown(session);
  }

  /** A session with what was marked on it. What it did since has not been looked at. */
  shown(session: Session): Session {
    const update = this.#kept.get(session.id);
    if (update === undefined) return session;
    const { pinned = session.pinned, unread = session.unread, changed } = update;
    return { ...session, pinned, unread: changed === session.changed ? unread : session.unread };
  }

  /** A session was marked where it is. */
  async drop(id: string): Promise<void> {
    if (this.#kept.delete(id)) await this.#write();
  }

  /** Does on a machine that is there again what was kept for its sessions. */
  async carryOut(service: MachineService): Promise<void> {
    const ids = service.sessions().flatMap(({ id }) => (this.#kept.has(id) && !this.#busy.has(id) ? [id] : []));
    for (const id of ids) {
      const update = this.#kept.get(id);
      if (update === undefined) continue;
      this.#busy.add(id);
      try {
        await this.#carryOut(service, id, update);
        // Unless something else was marked meanwhile.
        if (this.#kept.get(id) === update) await this.drop(id);
      } catch (error) {
        this.#log.info(`what was marked on ${id} waits: ${errorText(error)}`);
      } finally {
        this.#busy.delete(id);
      }
    }
  }

  async #carryOut(service: MachineService, id: string, { pinned, unread, changed }: KeptUpdate): Promise<void> {
    try {
      const now = await service.call('session/get', { session: id });
      const isNews = now.changed !== changed;
      if (pinned === undefined && (unread === undefined || isNews)) return;
      await service.call('session/update', {
        session: id,
        ...(pinned === undefined ? {} : { pinned }),
        ...(unread === undefined || isNews ? {} : { unread }),
      });
    } catch (error) {
      if (toCodeManagerError(error).code !== 'notFound') throw error;
    }
  }

  #write(): Promise<void> {
    const file: KeptUpdatesFile = { version: 1, sessions: Object.fromEntries(this.#kept) };
    const writing = this.#written
      .then(() => makeFolder(this.#folder))
      .then(async () => {
        await writeFileAtomic(this.#path, formatJson(file));
      });
    this.#written = writing.catch(() => undefined);
    return writing;
  }
}
