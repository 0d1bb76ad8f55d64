import type { Check } from '../../protocol/requests.js';
import type { Machine } from '../machine/machine.js';
import { isLingering } from '../tmux/scope.js';

/** Whether the system ends a user's processes at logout: `KillUserProcesses` of systemd's login manager. */
function killsAtLogout(configuration: string): boolean {
  let kills = false;
  for (const match of configuration.matchAll(/^\s*KillUserProcesses\s*=\s*(\S+)/gim))
    kills = /^(?:yes|true|1|on)$/i.test(match[1] ?? '');
  return kills;
}

/** Says whether agents survive a logout, and how to make them. */
export async function logoutCheck(machine: Machine): Promise<Pick<Check, 'status' | 'detail'> & { fix?: string }> {
  const { env } = await machine.loginEnvironment();
  const loginctl = await machine.findProgram('loginctl', env['PATH'] ?? '');
  if (loginctl === undefined) return { status: 'ok', detail: 'agents go on after a logout' };
  const files = await machine.run([
    '/bin/sh',
    '-c',
    'cat /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf 2>/dev/null',
  ]);
  if (!killsAtLogout(files.stdout)) return { status: 'ok', detail: 'agents go on after a logout' };
  if (await isLingering(machine, loginctl, env['USER'] ?? '')) {
    return { status: 'ok', detail: 'agents go on after a logout (lingering is on)' };
  }
  return {
    status: 'warning',
    detail: 'this system ends all of your processes at logout, agents too',
    fix: 'loginctl enable-linger',
  };
}
