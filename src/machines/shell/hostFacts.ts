import { posix } from 'node:path';
import { shortHostName } from '../../common/home.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { baseEnvironment } from '../baseEnvironment.js';
import { isNetworkFileSystem } from '../runtimeDirectory.js';

/** How the `stat` of a host is asked, or `ls` where there is none. */
export type StatKind = 'gnu' | 'bsd' | 'ls';

/** What is read of a host once per connection. */
export interface HostFacts {
  readonly uid: number;
  readonly user: string;
  /** Home of the user as the login has it. */
  readonly homeDirectory: string;
  /** Folder of all data of Code Manager: CM_HOME there, else `~/.cm`. */
  readonly dataDirectory: string;
  /** What the host calls itself, short. */
  readonly host: string;
  /** `unknown` where the system does not tell. */
  readonly bootId: string;
  /** In milliseconds since the epoch by our own clock; undefined where the system does not tell. */
  readonly bootTime: number | undefined;
  /** `Linux`, `Darwin`, `FreeBSD`, … */
  readonly system: string;
  readonly shell: string;
  readonly umask: number;
  readonly stat: StatKind;
  /** Processes can be read in `/proc`. */
  readonly hasProc: boolean;
  /** The home is on another machine's disk. */
  readonly isNetworkHome: boolean;
  /** The person's part of the environment of the login. */
  readonly base: Readonly<Record<string, string>>;
}

/** Where `stat` does not tell the number of a file system, `/proc/mounts` tells its name. */
const NETWORK_TYPES =
  /^(nfs4?|smbfs|smb3|cifs|fuse(blk|\..+)?|lustre|gpfs|afs|9p|beegfs|ceph|coda|ncpfs|ocfs2|gfs2|panfs|vboxsf|vmhgfs|prl_fs)$/;

/** Prints `name=value`, ended by NUL, for each fact. */
export const FACTS_SCRIPT = `
say() { printf '%s=%s\\0' "$1" "$2"; }
say umask "$(umask)"
say uid "$(id -u)"
say user "$(id -un)"
say home "$HOME"
say data "$CM_HOME"
say host "$(uname -n)"
say system "$(uname -s)"
say shell "$SHELL"
if [ -r /proc/sys/kernel/random/boot_id ]; then say boot "$(cat /proc/sys/kernel/random/boot_id)"
else say boot "$(sysctl -n kern.bootsessionuuid || sysctl -n kern.boottime)"
fi
if [ -r /proc/uptime ]; then say up "$(cat /proc/uptime)"
else say booted "$(sysctl -n kern.boottime)"
fi
if [ "$(stat -L -c %u /)" = 0 ]; then say stat gnu
elif [ "$(stat -L -f %u /)" = 0 ]; then say stat bsd
else say stat ls
fi
if [ -r /proc/self/stat ] && [ -r /proc/1/stat ]; then say proc 1; fi
d=\${CM_HOME:-$HOME}
while [ ! -d "$d" ] && [ "$d" != / ] && [ -n "$d" ]; do d=\${d%/*}; done
t=$(stat -f -c %t "$d")
say magic "$t"
if [ -z "$t" ] && [ -r /proc/mounts ]; then
  m=$(df -P "$d" | tail -n 1)
  say mount "\${m##* }"
  say mounts "$(cat /proc/mounts)"
fi
env | while IFS= read -r l; do case $l in
[A-Za-z_]*=*) say "env.\${l%%=*}" "\${l#*=}";;
esac; done`;

/** Reads what {@link FACTS_SCRIPT} printed. @throws CodeManagerError `unavailable` when it says too little */
export function parseFacts(output: Uint8Array): HostFacts {
  const values = new Map<string, string>();
  const env: Record<string, string> = {};
  for (const entry of Buffer.from(output).toString().split('\0')) {
    const equals = entry.indexOf('=');
    if (equals <= 0) continue;
    const [name, value] = [entry.slice(0, equals), entry.slice(equals + 1)];
    if (name.startsWith('env.')) env[name.slice(4)] = value;
    else values.set(name, value.trim());
  }
  const get = (name: string): string => values.get(name) ?? '';
  const uid = Number.parseInt(get('uid'), 10);
  if (!Number.isInteger(uid) || get('host') === '') {
    throw new CodeManagerError('unavailable', 'The shell on the host does not say who and where it is');
  }
  const homeDirectory = get('home');
  if (!homeDirectory.startsWith('/')) {
    throw new CodeManagerError('unavailable', 'The account has no home folder on the host');
  }
  const data = get('data');
  const stat = get('stat');
  return {
    uid,
    user: get('user'),
    homeDirectory,
    dataDirectory: posix.resolve(homeDirectory, data === '' ? '.cm' : data),
    host: shortHostName(get('host')),
    bootId: bootId(get('boot')),
    bootTime: bootTime(get('up'), get('booted')),
    system: get('system'),
    shell: get('shell'),
    umask: Number.parseInt(get('umask'), 8) || 0,
    stat: stat === 'gnu' || stat === 'bsd' ? stat : 'ls',
    hasProc: get('proc') === '1',
    isNetworkHome: get('system') === 'Linux' && isNetwork(get('magic'), get('mounts'), get('mount')),
    base: baseEnvironment(env, homeDirectory, { name: get('user'), home: homeDirectory }),
  };
}

function isNetwork(magic: string, mounts: string, mount: string): boolean {
  if (/^[0-9a-f]+$/i.test(magic)) return isNetworkFileSystem(Number.parseInt(magic, 16));
  const line = mounts
    .split('\n')
    .map((text) => text.split(' '))
    .findLast(([, folder]) => folder === mount);
  return NETWORK_TYPES.test(line?.[2] ?? '');
}

/** By how long it is up where that is told: its clock may be wrong. */
function bootTime(up: string, booted: string): number | undefined {
  const [seconds = ''] = up.split(' ');
  if (/^\d+(\.\d+)?$/.test(seconds)) return Date.now() - Number(seconds) * 1000;
  const since = /sec = (\d+)/.exec(booted)?.[1];
  return since === undefined ? undefined : Number(since) * 1000;
}

function bootId(text: string): string {
  // BSD tells the time of the boot: `{ sec = 1753111111, usec = 5 } Mon …`.
  const seconds = /sec = (\d+)/.exec(text)?.[1];
  const id = seconds === undefined ? text.split('\n')[0]?.trim() : `boot-${seconds}`;
  return id === undefined || id === '' ? 'unknown' : id;
}
