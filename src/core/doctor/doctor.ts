import { CodeManagerError, toCodeManagerError, type ErrorCode } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import type { ToolInfo } from '../../protocol/tool.js';
import type { AuditLog } from '../approvals/audit.js';
import type { EngineService } from '../engine/engineService.js';
import { installCommand } from '../tools/installCommand.js';
import { logoutCheck } from './logoutCheck.js';
import { diskStep } from '../engine/machineChecks.js';
import type { MachineService } from '../machine/machineService.js';
import type { SessionEngine } from '../engine/sessionEngine.js';
import { inTheirWords } from '../../common/whyFailed.js';
import { shownCommand } from '../../common/shownCommand.js';
import { installedText } from '../tools/tools.js';

/** What mends a shell that does not get ready. */
const MEND_SHELL = 'Let it get ready without a terminal: that is how it is asked.';

type Finding = Pick<Check, 'status' | 'detail'> & { readonly fix?: string | null; readonly code?: ErrorCode };

/**
 * Looks at everything that agents need on this machine, and says for each finding what mends it.
 *
 * @param problems what could not be read on disk
 */
export async function runDoctor(
  service: EngineService,
  audit: Pick<AuditLog, 'flush' | 'problem'>,
  problems: readonly string[],
): Promise<Check[]> {
  const { engine } = service;
  if (engine === undefined) throw new CodeManagerError('unavailable', 'The agent server is still starting');
  const { machine, tmux, tools, paths } = engine;
  const checks: Check[] = [];
  const check = async (name: string, run: () => Promise<Finding | readonly Finding[]>): Promise<void> => {
    const started = performance.now();
    let findings: readonly Finding[];
    try {
      findings = [await run()].flat();
    } catch (error) {
      const failure = toCodeManagerError(error);
      // What to do stands below, once.
      findings = [{ status: 'failed', detail: failure.message, fix: failure.hint ?? null, code: failure.code }];
    }
    const ms = performance.now() - started;
    checks.push(
      ...findings.map(({ status, detail, fix = null, code = null }) => ({ name, status, detail, fix, ms, code })),
    );
  };
  const ok = (detail: string): Finding => ({ status: 'ok', detail });

  await check('host', async () => {
    const { host, bootId } = await machine.identity();
    return ok(`${host}, started as ${bootId.slice(0, 8)}, Node ${process.versions.node}`);
  });
  await check('tmux', async () => {
    const info = await service.checkMachine();
    if (info.problem) {
      const { message, command } = info.problem;
      return { status: 'failed', detail: message, fix: command, code: 'dependencyMissing' };
    }
    const { program, version } = await tmux.program();
    const detail = `${version.text} (${program}), socket ${tmux.socket}`;
    const guests = await guestsFinding(engine);
    if (guests !== undefined) return { ...guests, detail: `${detail}. ${guests.detail}` };
    return tmux.limits === undefined ? ok(detail) : { status: 'warning', detail: `${detail}. ${tmux.limits}` };
  });
  await check('git', async () => {
    const git = await machine.findProgram('git', (await machine.loginEnvironment()).env['PATH'] ?? '');
    if (git === undefined)
      return {
        status: 'warning',
        detail: 'not found; worktrees and changes need it',
        fix: await installCommand(machine, 'git'),
      };
    const { code, stdout, stderr } = await machine.run([git, '--version']);
    if (code === 0) return ok(stdout.trim());
    return {
      status: 'warning',
      detail: `${git} does not run: ${inTheirWords(stderr)}`,
      fix: await installCommand(machine, 'git'),
    };
  });
  await check('login shell', async () => {
    const { env, warnings } = await machine.loginEnvironment({ refresh: 'always' });
    const shell = env['SHELL'] ?? '/bin/sh';
    if (warnings.length === 0) return ok(`${shell}, ${Object.keys(env).length} variables`);
    return warnings.map((detail, i) => ({ status: 'warning', detail, fix: i === 0 ? MEND_SHELL : null }));
  });
  await check('agents', async () => {
    return agentsFinding(await tools.list({ refresh: true, versions: true }));
  });
  await check('data', async () => {
    const { detail, fix } = await diskStep(machine, paths.root);
    return fix === null ? ok(detail) : { status: 'warning', detail, fix };
  });
  await check('answers', async () => {
    await audit.flush();
    const { problem } = audit;
    if (problem === undefined) return ok('each is on record: cm audit');
    return {
      status: 'failed',
      detail: `none can be recorded, and no rule answers: ${problem.message}`,
      fix: problem.hint ?? null,
      code: problem.code,
    };
  });
  await check('logout', () => logoutCheck(machine));
  const left = await leftCheck(engine).catch(() => undefined);
  if (left !== undefined) checks.push(left);
  for (const problem of problems)
    checks.push({ name: 'file', status: 'warning', detail: problem, fix: null, ms: null, code: null });
  return checks;
}

/** The agents of another machine that is connected, as a check of its own. */
export async function agentsElsewhere(service: MachineService): Promise<Check> {
  const started = performance.now();
  const name = `agents on ${service.info.host}`;
  try {
    const list = await service.call('tool/list', { machine: 'local', refresh: true, versions: true });
    const { status, detail, fix = null } = agentsFinding(list);
    return { name, status, detail, fix, ms: performance.now() - started, code: null };
  } catch (error) {
    const { code, hint, message } = toCodeManagerError(error);
    const ms = performance.now() - started;
    return { name, status: 'warning', detail: message, fix: hint ?? null, ms, code };
  }
}

/** What sessions that have ended left running; undefined when there is nothing. */
async function leftCheck({ sessions, left }: SessionEngine): Promise<Check | undefined> {
  const started = performance.now();
  const records = await sessions.endedAnywhere();
  const found = await left.of(records);
  const leavers = records.filter((_, index) => (found[index]?.length ?? 0) > 0);
  const count = found.reduce((sum, processes) => sum + processes.length, 0);
  if (count === 0) return undefined;
  return {
    name: 'processes',
    status: 'warning',
    detail: `${count === 1 ? '1 process goes on' : `${count} processes go on`} that ${leavers.length === 1 ? 'a session has' : 'sessions have'} left running`,
    fix: shownCommand('cm', 'stop', ...leavers.map(({ name, archived, id }) => (archived ? id : name))),
    ms: performance.now() - started,
    code: null,
  };
}

/** What somebody has opened in the tmux of agents; undefined when there is nothing. */
async function guestsFinding({ tmux, sessions }: SessionEngine): Promise<Finding | undefined> {
  const guests = await tmux.guests();
  if (guests.length === 0) return undefined;
  const isBeside = new Set((await sessions.list(false)).map(({ id }) => id));
  const other = guests.find(({ session }) => !isBeside.has(session));
  return {
    status: 'warning',
    detail: `${guests.length === 1 ? '1 window' : `${guests.length} windows`} beside those of agents`,
    fix:
      other === undefined
        ? 'Each ends with the session beside which it was opened.'
        : shownCommand('tmux', '-S', tmux.socket, 'kill-window', '-t', other.window),
  };
}

function agentsFinding(list: readonly ToolInfo[]): Finding {
  const installed = list.filter((tool) => tool.installed && tool.installCommand !== null);
  if (installed.length > 0) return { status: 'ok', detail: installed.map(installedText).join(', ') };
  const fix = list.find((tool) => tool.installCommand !== null)?.installCommand ?? null;
  return { status: 'warning', detail: 'none found; any command can be run', fix };
}
