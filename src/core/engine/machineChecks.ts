import { formatBytes, joinSentences } from '../../common/text.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Result } from '../../protocol/requests.js';
import { agentServerThere } from '../machine/agentServerThere.js';
import type { Machine } from '../machine/machine.js';
import { shownCommand } from '../../common/shownCommand.js';
import type { SessionEngine } from './sessionEngine.js';
import type { Step } from '../machine/steps.js';
import { installedText } from '../tools/tools.js';

/** Less disk than this is soon full of logs. */
const LOW_DISK_BYTES = 500 * 1000 * 1000;
/** A session has a handful of files, and each write makes another one for a moment. */
const LOW_DISK_FILES = 200;
/** Times of logs and records are compared with ours. */
const CLOCK_MS = 60_000;
const MAX_FOLDERS = 2_000;

/**
 * The absolute path of a folder.
 *
 * @throws CodeManagerError `invalid` when it is not there or no folder
 */
export async function folderOf(machine: Machine, path: string): Promise<string> {
  if (path.includes('\0')) throw new CodeManagerError('invalid', 'A path cannot contain NUL characters');
  const folder = machine.resolvePath(path);
  const known = await machine.stat(folder);
  if (!known) {
    throw new CodeManagerError('invalid', `${folder} does not exist`, {
      reason: 'folderMissing',
      hint: folder.includes('\ufffd')
        ? 'Its name may have bytes that are no UTF-8: rename it, or name another folder.'
        : 'Name a folder that is there.',
    });
  }
  if (!known.isDirectory) throw new CodeManagerError('invalid', `${folder} is no folder`, { hint: 'Name a folder.' });
  return folder;
}

/** The folders in a folder, hidden ones last. */
export async function foldersIn(machine: Machine, path: string): Promise<Result<'machine/folders'>> {
  const folder = await folderOf(machine, path);
  const { stdout } = await machine.run(
    ['/bin/sh', '-c', 'for f in * .[!.]*; do [ -d "$f" ] && printf "%s\\n" "$f"; done'],
    {
      cwd: folder,
    },
  );
  // One of bytes that are no text cannot be named.
  const names = stdout.split('\n').filter((name) => name !== '' && !name.includes('\ufffd'));
  const isHidden = (name: string): boolean => name.startsWith('.');
  const folders = [...names.filter((name) => !isHidden(name)), ...names.filter(isHidden)].slice(0, MAX_FOLDERS);
  return { path: folder, folders };
}

export interface MachineStepsOptions {
  readonly machine: Machine;
  /** Empty: none is looked at. */
  readonly folder: string;
  readonly service: { readonly info: MachineInfo; checkMachine(options: { anew: boolean }): Promise<MachineInfo> };
  readonly engine: () => Promise<SessionEngine>;
  /** The command that names another folder than this. */
  readonly editFolder: (folder: string) => string;
}

/** What is needed to run a session in a folder of a machine that answers. */
export function machineSteps({ machine, folder, service, engine, editFolder }: MachineStepsOptions): Step[] {
  // The way to another machine ends in its shell.
  const { isOwnHost } = machine.capabilities;
  const host: Step = { name: 'machine', run: async () => (await machine.identity()).host };
  const shell: Step = {
    name: 'shell',
    run: async () => {
      const { warnings, env } = await machine.loginEnvironment();
      const path = env['SHELL'] ?? '/bin/sh';
      return warnings.length > 0 ? { detail: joinSentences(warnings), fix: null } : path;
    },
  };
  return [
    ...(isOwnHost ? [host] : []),
    ...(folder === '' ? [] : [{ name: 'folder', run: () => folderStep(machine, folder, editFolder) }]),
    ...(isOwnHost ? [shell] : []),
    {
      name: 'tmux',
      run: async () => {
        const { tmux } = await engine();
        const { problem } = await service.checkMachine({ anew: true });
        if (problem?.command != null) {
          throw new CodeManagerError('dependencyMissing', problem.message, { hint: problem.command });
        }
        const { program, version } = await tmux.program();
        const detail = `${version.text} (${program})`;
        return tmux.limits === undefined ? detail : { detail: `${detail}. ${tmux.limits}`, fix: null };
      },
    },
    {
      name: 'disk',
      run: async () => {
        const { home } = await machine.place();
        const { detail, fix } = await diskStep(machine, home);
        return fix === null ? detail : { detail, fix };
      },
    },
    ...(isOwnHost ? [] : [{ name: 'clock', run: () => clockStep(machine) }]),
    {
      name: 'agents',
      run: async () => {
        const { tools } = await engine();
        const installed = (await tools.list({ refresh: false, versions: false }))
          .filter((tool) => tool.installed && tool.installCommand !== null)
          .map(installedText);
        return installed.length > 0 ? installed.join(', ') : 'none found; any command can be run';
      },
    },
    ...(isOwnHost ? [] : [{ name: 'agent server', run: () => agentServerThere(machine) }]),
  ];
}

/** What the disk of a folder has room for, and what mends it when that is little. */
export async function diskStep(machine: Machine, folder: string): Promise<{ detail: string; fix: string | null }> {
  const { bytes, files } = await machine.freeSpace(folder);
  const detail = `${folder}, ${formatBytes(bytes)} free`;
  if (files !== null && files < LOW_DISK_FILES) {
    return {
      detail: `${detail}, but room for only ${files} more files (inodes)`,
      fix: 'Remove files on that disk, not only large ones: nothing can be saved when its inodes are used up.',
    };
  }
  return { detail, fix: bytes < LOW_DISK_BYTES ? 'Free disk space there: logs stop when the disk is full.' : null };
}

async function folderStep(
  machine: Machine,
  path: string,
  editFolder: MachineStepsOptions['editFolder'],
): Promise<string> {
  const folder = machine.resolvePath(path);
  if ((await machine.stat(folder)) === undefined) throw missingFolder(folder, editFolder(folder));
  return folderOf(machine, folder);
}

/** The folder of a context is not there: what mends it. @param edit the command that names another folder */
export function missingFolder(folder: string, edit: string): CodeManagerError {
  return new CodeManagerError('notFound', `${folder} does not exist`, {
    reason: 'folderMissing',
    hint: `Make it there: ${shownCommand('mkdir', '-p', folder)} (or name another folder: ${edit}).`,
  });
}

async function clockStep(machine: Machine): ReturnType<Step['run']> {
  const before = Date.now();
  const there = await machine.now();
  const off = there - (before + Date.now()) / 2;
  if (Math.abs(off) < CLOCK_MS) return `${(Math.abs(off) / 1000).toFixed(1)} s off`;
  const direction = off > 0 ? 'ahead' : 'behind';
  return {
    detail: `${Math.round(Math.abs(off) / 60_000)} minutes ${direction} of this host; ages of its sessions may be wrong`,
    fix: 'Set its clock: timedatectl set-ntp true',
  };
}
