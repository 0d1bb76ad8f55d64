import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { inTheirWords } from '../../common/whyFailed.js';
import { stripTerminal } from '../../common/terminalText.js';
import { accountHome, expandHome, expandPath, expandTokens, fileList, parseJump, personHome } from './configValues.js';
import type { SshReach } from './sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';

const TIMEOUT_MS = 10_000;
const DEFAULT_IDENTITY = /^~[\\/]\.ssh[\\/]id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss)$/;

/** What ssh would do to reach a host: its configuration with every alias, pattern and default applied. */
export interface EffectiveConfig {
  /** The name that was asked for. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** Private keys to try, in order, as absolute paths. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Socket of the agent; undefined for none. */
  readonly identityAgent: string | undefined;
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly hashKnownHosts: boolean;
  /** `yes`: an unknown host is refused. `accept-new`: it is taken without asking. */
  readonly strictHostKeys: 'ask' | 'yes' | 'accept-new';
  /** Hosts to go through, the nearest first. */
  readonly jumps: readonly SshReach[];
  /** A shell command whose streams lead to the host. */
  readonly proxyCommand: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  /** 4 or 6 when only that is wanted, else 0. */
  readonly family: 0 | 4 | 6;
  readonly bindAddress: string | undefined;
  /** Methods that are allowed, the preferred first. */
  readonly methods: readonly SignInMethod[];
  /** Nobody may be asked. */
  readonly batchMode: boolean;
  /** What the configuration allows; undefined for the defaults of the library. */
  readonly algorithms:
    | {
        readonly hostKey: readonly string[];
        readonly kex: readonly string[];
        readonly cipher: readonly string[];
        readonly mac: readonly string[];
      }
    | undefined;
}

export type SignInMethod = 'publickey' | 'keyboard-interactive' | 'password';

/** The place that ssh's configuration is read from. */
export interface ConfigSource {
  /** Environment with HOME, SSH_AUTH_SOCK and PATH. */
  readonly env: NodeJS.ProcessEnv;
  /** Read in place of the person's own and the system's. */
  readonly configFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the ssh program what it would do for a host. Without that program the defaults are used.
 * @throws ConnectionFailure `configuration` when its configuration is wrong.
 */
export async function readSshConfig(reach: SshReach, source: ConfigSource): Promise<EffectiveConfig> {
  if (reach.host === '' || reach.host.startsWith('-') || /[\s\0]/.test(reach.host)) {
    throw new ConnectionFailure('configuration', `"${stripTerminal(reach.host)}" is not a host name`);
  }
  const text = await runSshG(reach, source);
  return text === undefined ? defaultConfig(reach, source.env) : parseEffectiveConfig(text, reach, source.env);
}

/** What `ssh -G` prints, as settings. */
export function parseEffectiveConfig(text: string, reach: SshReach, env: NodeJS.ProcessEnv): EffectiveConfig {
  const settings = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const key = line.slice(0, space).toLowerCase();
    settings.set(key, [...(settings.get(key) ?? []), line.slice(space + 1).trim()]);
  }
  const first = (key: string): string | undefined => settings.get(key)?.[0];
  const optional = (key: string): string | undefined => {
    const value = first(key);
    return value === undefined || value === 'none' || value === '' ? undefined : value;
  };
  const yes = (key: string): boolean => first(key) !== 'no' && first(key) !== 'false';
  const list = (key: string): string[] => (first(key) ?? '').split(',').filter((word) => word !== '');

  const hostName = first('hostname') ?? reach.host;
  const port = Number(first('port')) || 22;
  const user = first('user') ?? userInfo().username;
  const hostKeyAlias = optional('hostkeyalias');
  const values = { alias: reach.host, hostName, port, user, hostKeyAlias };
  const configured = (settings.get('identityfile') ?? [])
    // A key that was asked for stands in place of the defaults, as after `ssh -i`.
    .filter((file) => file !== 'none' && (reach.keyFile == null || !DEFAULT_IDENTITY.test(file)))
    .map((file) => expandPath(file, values, env));
  const files = [...(reach.keyFile == null ? [] : [keyPath(reach.keyFile, env)]), ...configured];
  const strict = first('stricthostkeychecking');
  const timeout = Number(first('connecttimeout'));
  const family = first('addressfamily');
  const proxyCommand = optional('proxycommand');
  return {
    alias: reach.host,
    hostName,
    port,
    user,
    identityFiles: [...new Set(files)],
    identitiesOnly: first('identitiesonly') === 'yes',
    identityAgent: agentSocket(first('identityagent'), env),
    userKnownHosts: fileList(first('userknownhostsfile'), env),
    globalKnownHosts: fileList(first('globalknownhostsfile'), env),
    hostKeyAlias,
    hashKnownHosts: first('hashknownhosts') === 'yes',
    // Checking is never switched off here: `no` asks as well.
    strictHostKeys: strict === 'true' || strict === 'yes' ? 'yes' : strict === 'accept-new' ? 'accept-new' : 'ask',
    jumps: jumpsOf(optional('proxyjump') ?? '', reach.host, hostName),
    proxyCommand: proxyCommand === undefined ? undefined : expandTokens(proxyCommand, values, env),
    connectTimeoutMs: Number.isFinite(timeout) && timeout > 0 ? timeout * 1000 : undefined,
    family: family === 'inet' ? 4 : family === 'inet6' ? 6 : 0,
    bindAddress: optional('bindaddress'),
    methods: allowedMethods(list('preferredauthentications'), {
      publickey: yes('pubkeyauthentication'),
      'keyboard-interactive': yes('kbdinteractiveauthentication'),
      password: yes('passwordauthentication'),
    }),
    batchMode: first('batchmode') === 'yes',
    algorithms: settings.has('kexalgorithms')
      ? {
          hostKey: list('hostkeyalgorithms'),
          kex: list('kexalgorithms'),
          cipher: list('ciphers'),
          mac: list('macs'),
        }
      : undefined,
  };
}

/** What holds where there is no ssh program, as on a bare Windows. */
function defaultConfig(reach: SshReach, env: NodeJS.ProcessEnv): EffectiveConfig {
  const folder = join(personHome(env), '.ssh');
  const lines = [
    `user ${reach.user ?? userInfo().username}`,
    `hostname ${reach.host}`,
    `port ${reach.port ?? 22}`,
    ...['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `identityfile ~/.ssh/${name}`),
    `userknownhostsfile ${join(folder, 'known_hosts')}`,
  ];
  return parseEffectiveConfig(lines.join('\n'), reach, env);
}

/** The answer of `ssh -G`; undefined when there is no ssh program. */
async function runSshG(reach: SshReach, source: ConfigSource): Promise<string | undefined> {
  const args = ['-G', ...configArguments(source)];
  if (reach.user != null) args.push('-l', reach.user);
  if (reach.port != null) args.push('-p', String(reach.port));
  args.push('--', reach.host);
  return new Promise((resolve, reject) => {
    const options = { env: source.env, timeout: TIMEOUT_MS, maxBuffer: 1024 * 1024, windowsHide: true };
    const child = execFile('ssh', args, { ...options, signal: source.signal }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === 'ENOENT') return resolve(undefined);
      if (source.signal?.aborted === true) return reject(new ConnectionFailure('cancelled', 'Cancelled'));
      const said = inTheirWords(stderr.split('\n').find((line) => line.trim() !== '') ?? error.message);
      const hint = 'Mend the line that ssh names.';
      reject(
        new ConnectionFailure('configuration', `ssh's configuration cannot be read: ${said}`, { hint, cause: error }),
      );
    });
    child.stdin?.end();
  });
}

/** ssh looks for its configuration below the account's home; where HOME is another, that one is meant. */
function configArguments({ env, configFile }: ConfigSource): string[] {
  if (configFile !== undefined) return ['-F', configFile];
  const home = personHome(env);
  if (process.platform === 'win32' || resolve(home) === resolve(accountHome())) return [];
  const own = join(home, '.ssh', 'config');
  return ['-F', existsSync(own) ? own : 'none'];
}

/** The key file of a reach as an absolute path. */
export function keyPath(file: string, env: NodeJS.ProcessEnv): string {
  return resolve(personHome(env), expandHome(file, env));
}

/** A jump host that is configured for all hosts is not its own. */
function jumpsOf(text: string, ...own: readonly string[]): readonly SshReach[] {
  const hops = text
    .split(',')
    .filter((hop) => hop !== '')
    .map(parseJump);
  return own.includes(hops.at(-1)?.host ?? '') ? [] : hops;
}

function agentSocket(setting: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (setting === 'none') return undefined;
  if (setting !== undefined && setting !== 'SSH_AUTH_SOCK') {
    return setting.startsWith('$') ? env[setting.slice(1)] || undefined : expandHome(setting, env);
  }
  return env['SSH_AUTH_SOCK'] || (process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : undefined);
}

function allowedMethods(
  preferred: readonly string[],
  allowed: Readonly<Record<SignInMethod, boolean>>,
): readonly SignInMethod[] {
  const known = Object.keys(allowed) as SignInMethod[];
  const order =
    preferred.length === 0 ? known : preferred.flatMap((name) => known.find((method) => method === name) ?? []);
  return order.filter((method) => allowed[method]);
}
