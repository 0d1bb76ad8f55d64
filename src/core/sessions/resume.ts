import { KeyedMutex } from '../../common/async.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import { toSession, type SessionRecord } from '../../protocol/files.js';
import type { Params } from '../../protocol/requests.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Conversations } from '../conversations/conversations.js';
import { homeEnvironment } from '../conversations/home.js';
import { callsVariable } from '../conversations/callFile.js';
import { hookLaunch } from '../hooks/hookFormats.js';
import { LinkCut } from '../machine/linkCut.js';
import type { RecordStore } from '../store/recordStore.js';
import { LIST_PROCESSES } from '../tmux/scripts.js';
import { isSlow } from '../tmux/tmuxErrors.js';
import { calledIn, resumeArguments } from '../tools/launch.js';
import type { Tools } from '../tools/tools.js';
import { checkVariables } from '../tools/variables.js';
import type { SessionStart } from './sessionStart.js';
import type { Supervisor } from './supervisor.js';
import type { Suspensions } from '../live/suspensions.js';
import type { SessionScope } from '../live/sessionScope.js';

export interface SessionResumeOptions {
  readonly store: Pick<RecordStore, 'unarchive'>;
  readonly supervisor: Pick<Supervisor, 'act' | 'isHere'>;
  readonly suspensions: Pick<Suspensions, 'look' | 'resume'>;
  readonly starts: SessionStart;
  readonly conversations: Conversations;
  /** An id, name or prefix, also of an archived session. */
  readonly find: (ref: string) => Promise<SessionRecord>;
  readonly tools: Tools;
}

/** How long the last run may take to let go of its conversation. */
const LET_GO_MS = 5_000;
const LOOK_MS = 200;

/** Takes the conversation of an ended session up again: the same session, in a new window, in the same log. */
export class SessionResume {
  readonly #scope: SessionScope;
  readonly #options: SessionResumeOptions;
  readonly #resuming = new KeyedMutex();

  constructor(scope: SessionScope, options: SessionResumeOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /** @throws CodeManagerError `conflict` when it runs, when there is nothing to resume, or when somebody else is at it */
  async run(params: Params<'session/resume'>): Promise<Session> {
    const { id } = await this.#options.find(params.session);
    return this.#resuming.run(id, async () => {
      const record = await this.#options.find(id);
      if (record.resumeId !== '' && record.resumeId === params.requestId) return toSession(record);
      if (!hasEnded(record) && (await this.#goesOn(record))) return toSession(await this.#options.find(id));
      return toSession(await this.#resume(record, params));
    });
  }

  /** Lets it go on when it is suspended; false when it is not. */
  async #goesOn(record: SessionRecord): Promise<boolean> {
    const { supervisor, suspensions } = this.#options;
    if (!supervisor.isHere(record)) return false;
    await supervisor.act(record.id);
    await suspensions.look(record.id);
    const now = this.#scope.table.get(record.id);
    if (now === undefined || now.suspended === null) return false;
    await suspensions.resume(now);
    return true;
  }

  async #resume(
    record: SessionRecord,
    { requestId, env: given, seat }: Params<'session/resume'>,
  ): Promise<SessionRecord> {
    const { machine, tmux, table, files, place } = this.#scope;
    const { supervisor, starts, tools } = this.#options;
    const { id } = record;
    checkVariables(given);
    if (!hasEnded(record)) {
      throw new CodeManagerError('conflict', `Session ${record.name} is running`, {
        hint: 'There is nothing to resume: use cm send or cm attach.',
      });
    }
    if (!supervisor.isHere(record)) {
      throw new CodeManagerError('unavailable', `Session ${record.name} ran on ${record.machine.host}`, {
        hint: `Its conversation is there. Run on ${record.machine.host}: cm resume ${id}`,
      });
    }
    const tool = tools.get(record.tool);
    const conversationId = await this.#conversation(record, tool);
    if ((await machine.stat(record.path))?.isDirectory !== true) {
      throw new CodeManagerError('notFound', `The folder of session ${record.name} is not there: ${record.path}`, {
        hint: 'Its conversation belongs to that folder: make it again first.',
      });
    }
    await tmux.program();
    await supervisor.act();
    const identity = await machine.identity();
    const { host } = identity;
    const found = await tools.find({ tool, host, home: place.home, folder: record.path, seat }, given);
    const home =
      tool.conversation === undefined || record.conversation === null
        ? {}
        : homeEnvironment(tool.conversation.home, found.env, record.conversation.home);
    const { mode, model, args } = record;
    const start = {
      words: [...found.program, ...args],
      env: found.env,
      version: () => tools.version(tool, found.versionProgram, found.env),
    };
    const hooks = await hookLaunch(tool, start, tmux.hookFiles, id);
    const argv = resumeArguments(tool, {
      program: found.program,
      mode,
      model,
      args,
      conversationId,
      hookArgs: hooks.args,
    });

    await files.clear(id);
    if (record.archived) await table.add(await this.#options.store.unarchive(id));
    const logSize = await files.logSize(id);
    const { through } = found;
    const umask = found.umask ?? place.umask;
    const launch = { argv, env: { ...found.env, ...home, ...hooks.env }, cwd: record.path, umask, through };
    await starts.prepare(id, launch, callsVariable(tool, found.env), logSize);
    const missing = record.envNames.filter((name) => !Object.hasOwn(given, name) && !Object.hasOwn(home, name));
    await table.apply(id, {
      type: 'resumed',
      request: requestId,
      logSize,
      machine: identity,
      note:
        [
          ...(missing.length === 0 ? [] : [`resumed without the given ${missing.join(', ')}: values are not kept`]),
          ...(found.warning === null ? [] : [found.warning]),
        ].join('. ') || null,
      time: this.#now(),
    });
    const cut = new LinkCut(machine);
    try {
      await starts.run(table.get(id) ?? record);
    } catch (error) {
      // Whoever reaches its host again goes on with the start.
      if (await cut.explains(error)) throw error;
      await starts.forget(id).catch(() => undefined);
      if (isSlow(error)) {
        // Nothing was started, and will be: it has ended as it had before.
        await table.patch(id, { ...record, archived: false });
        throw error;
      }
      await table.apply(id, { type: 'startFailed', reason: errorText(error), time: this.#now() });
      throw error;
    } finally {
      cut.dispose();
    }
    return table.get(id) ?? record;
  }

  /** The conversation to go on with, which nobody else writes. */
  async #conversation(record: SessionRecord, tool: Tool): Promise<string> {
    const { table } = this.#scope;
    const { conversations } = this.#options;
    if (tool.conversation === undefined) {
      throw new CodeManagerError('conflict', `A session of ${calledIn(tool)} has no conversation to resume`, {
        hint: 'Start it again instead.',
      });
    }
    const id = record.conversationId ?? (await conversations.look(record.id));
    const store = conversations.store(record);
    if (id === null || store === undefined) {
      throw new CodeManagerError('conflict', `No conversation of session ${record.name} is known`, {
        hint: `It may have ended before it was asked anything. cm start ${tool.id} begins a new one.`,
      });
    }
    if (!(await store.has(id))) {
      throw new CodeManagerError('conflict', `${tool.name} no longer has the conversation of ${record.name}`, {
        hint: `Tools delete old ones. cm start ${tool.id} begins a new one.`,
      });
    }
    const other = table
      .all()
      .find(
        (each) => each.id !== record.id && each.conversationId === id && each.tool === record.tool && !hasEnded(each),
      );
    if (other !== undefined) {
      throw new CodeManagerError('conflict', `Session ${other.name} is in the same conversation`, {
        hint: 'Use that one, or stop it first.',
      });
    }
    await this.#lastRunGone(record);
    await this.#letGo(record, tool, () => store.writer(id));
    return id;
  }

  /** When tmux was killed, what ran in it may take a while to end, and then leaves its marks beside the record. */
  async #lastRunGone({ id, name }: SessionRecord): Promise<void> {
    const { machine, clock } = this.#scope;
    const isRunning = async (): Promise<boolean> => {
      const { stdout } = await machine.run(['/bin/sh', '-c', LIST_PROCESSES]);
      return stdout.split('\n').some((line) => line.trimEnd().endsWith(`/launch.sh ${id}`));
    };
    const deadline = clock.now() + LET_GO_MS;
    let killed = false;
    while (await isRunning()) {
      if (clock.now() > deadline + (killed ? LET_GO_MS : 0)) {
        if (killed) {
          throw new CodeManagerError('conflict', `The last run of ${name} does not end`, {
            hint: 'See cm doctor, and try again.',
          });
        }
        killed = true;
        await machine.killTree(null, id);
      }
      await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
    }
  }

  async #letGo(record: SessionRecord, tool: Tool, writer: () => Promise<number | undefined>): Promise<void> {
    const { clock } = this.#scope;
    const deadline = clock.now() + LET_GO_MS;
    for (let pid = await writer(); pid !== undefined; pid = await writer()) {
      if (clock.now() > deadline) {
        throw new CodeManagerError('conflict', `Process ${pid} is in the conversation of ${record.name}`, {
          hint: `It is a ${tool.name} that runs elsewhere: end it first.`,
        });
      }
      await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
    }
  }

  #now(): string {
    return new Date(this.#scope.clock.now()).toISOString();
  }
}
