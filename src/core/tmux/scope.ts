import type { Machine } from '../machine/machine.js';

/** What decides where tmux may live. */
export interface LoginFacts {
  readonly platform: NodeJS.Platform;
  /** Path of systemd-run; undefined where there is none. */
  readonly systemdRun: string | undefined;
  /** The user's own service manager can be reached. */
  readonly hasUserManager: boolean;
  /** We were started from an ssh login. */
  readonly isSsh: boolean;
  /** The user's service manager outlives the last logout. */
  readonly lingers: boolean;
}

/**
 * The words to put before a command, so that it does not end with the login it was started from.
 *
 * A desktop editor's processes share a scope that ends with the desktop session, so tmux gets one of its own. From an
 * ssh login that helps only when lingering is on: without it the user's scopes end with the last logout, where a plain
 * process goes on.
 */
export function scopePrefix({ platform, systemdRun, hasUserManager, isSsh, lingers }: LoginFacts): readonly string[] {
  if (platform !== 'linux' || systemdRun === undefined || !hasUserManager || (isSsh && !lingers)) return [];
  return [systemdRun, '--user', '--scope', '--quiet', '--collect', '--description=Code Manager agents', '--'];
}

/** The variables by which the prefix finds the service manager; none where there is no prefix. */
export function scopeEnvironment(prefix: readonly string[], environment: NodeJS.ProcessEnv): Record<string, string> {
  const names = prefix.length === 0 ? [] : ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

/** Reads the facts of this login. */
export async function readLoginFacts(machine: Machine, environment: NodeJS.ProcessEnv): Promise<LoginFacts> {
  const { env } = await machine.loginEnvironment();
  const path = `${env['PATH'] ?? ''}:/usr/bin:/bin`;
  const runtime = environment['XDG_RUNTIME_DIR'];
  const hasUserManager = runtime !== undefined && (await machine.stat(`${runtime}/systemd/private`)) !== undefined;
  const systemdRun = hasUserManager ? await machine.findProgram('systemd-run', path) : undefined;
  const loginctl = hasUserManager ? await machine.findProgram('loginctl', path) : undefined;
  return {
    // Only Linux has that manager.
    platform: machine.capabilities.isOwnHost ? process.platform : 'linux',
    systemdRun,
    hasUserManager,
    isSsh: environment['SSH_CONNECTION'] !== undefined,
    lingers: loginctl !== undefined && (await isLingering(machine, loginctl, env['USER'] ?? '')),
  };
}

/** `loginctl enable-linger` was run for the user. */
export async function isLingering(machine: Machine, loginctl: string, user: string): Promise<boolean> {
  const result = await machine.run([loginctl, 'show-user', user, '--property=Linger']).catch(() => undefined);
  return result?.stdout.trim() === 'Linger=yes';
}
