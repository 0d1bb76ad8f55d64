import * as vscode from 'vscode';
import { machineId, type MachineSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Snapshot } from '../../protocol/collections.js';
import { say } from '../editor/say.js';
import { machineName, machineOf } from '../../view/machineText.js';
import { oneLine } from '../../view/plainText.js';
import { sshAuthority } from '../model/remoteUri.js';

const FIND = 'Find Extension';

/** How the machine with an id is reached, as one of its contexts says; `undefined` when none does any more. */
export function specOfMachine(id: string, { contexts }: Pick<Snapshot, 'contexts'>): MachineSpec | undefined {
  return id === 'local' ? 'local' : contexts.find((context) => machineId(context.machine) === id)?.machine;
}

/** Opens a folder in a window, the one that has it already or a new one; of other machines by the editor's own ssh. */
export async function openFolder(
  path: string,
  machine: MachineSpec | undefined,
  { machines }: Pick<Snapshot, 'machines'>,
): Promise<void> {
  if (machine === 'local') return await open(vscode.Uri.file(path));
  const known = machine === undefined ? undefined : machineOf({ machine }, machines);
  const name = known === undefined ? 'that machine' : oneLine(machineName(known, machines), 60);
  const authority = machine === undefined ? undefined : sshAuthority(machine);
  if (authority === undefined) {
    throw new CodeManagerError(
      'invalid',
      `Folders of ${name} cannot be opened from here: the editor reaches them only by ssh`,
    );
  }
  if (!(await hasRemoteSsh())) {
    const text = `To open folders of ${name} the editor needs its extension for ssh.`;
    if ((await say('info', text, FIND)) === FIND) {
      await vscode.commands.executeCommand('workbench.extensions.search', 'ms-vscode-remote.remote-ssh');
    }
    return;
  }
  await open(vscode.Uri.from({ scheme: 'vscode-remote', authority, path }));
}

async function open(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
}

/** By its commands: the extension itself may live where this one cannot see it. */
async function hasRemoteSsh(): Promise<boolean> {
  const commands = await vscode.commands.getCommands(true);
  return commands.some((command) => /^(?:opensshremotes|openremotessh)\./.test(command));
}
