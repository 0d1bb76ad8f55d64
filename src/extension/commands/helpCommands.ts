import { join } from 'node:path';
import * as vscode from 'vscode';
import { readText } from '../../common/files.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { sayDone, working, workingLong } from '../editor/say.js';
import { inputStep } from '../quickInput/steps.js';
import { installCommandLine } from '../services/commandLine.js';
import { checksText, checkWithoutServer } from './doctor.js';
import type { Services } from './services.js';

/** Doctor and the login shell may take their time. */
const DOCTOR_TIMEOUT_MS = 60_000;
const LOG_TAIL = 200 * 1024;

/** Commands that find out what is wrong and mend it. */
export function registerHelpCommands(services: Services, serverPath: string): void {
  const { commands, link, log, documents, home, context, settings } = services;

  const doctor = async (): Promise<void> => {
    const checks = await workingLong('Code Manager: looking for problems', { cancellable: false }, () =>
      link
        .request('doctor/run', {}, { timeoutMs: DOCTOR_TIMEOUT_MS })
        .catch((error: unknown) => checkWithoutServer(error, home, serverPath)),
    );
    await documents.show('doctor', 'Code Manager Doctor', checksText(checks));
  };
  commands.register('codeManager.doctor.run', doctor);
  commands.register('codeManager.server.retry', () => link.reopen());
  commands.register('codeManager.extension.showLog', () => log.show());
  commands.register('codeManager.machine.showServerLog', async () => {
    const path = join(home, 'server.log');
    const text = await readText(path).catch(() => undefined);
    if (text === undefined) throw new CodeManagerError('notFound', `The agent server has written no log (${path})`);
    await documents.show('server-log', 'Agent Server Log', text.slice(-LOG_TAIL), { atEnd: true, isLog: true });
  });

  commands.register('codeManager.tmux.copyInstallCommand', async () => {
    const command = link.snapshot.machines.find(({ type }) => type === 'local')?.problem?.command ?? undefined;
    if (command === undefined) {
      throw new CodeManagerError('notFound', 'No command is known that installs tmux on this system', {
        hint: 'Install tmux 2.7 or newer, then choose Check Again.',
      });
    }
    await vscode.env.clipboard.writeText(command);
    sayDone(`Copied: ${command}`, 10_000);
  });
  commands.register('codeManager.tmux.checkAgain', async () => {
    await working('Looking for tmux…', () => link.request('doctor/run', {}, { timeoutMs: DOCTOR_TIMEOUT_MS }));
  });
  commands.register('codeManager.tmux.setPath', async () => {
    const result = await inputStep({
      title: 'Path of tmux',
      placeholder: '/usr/local/bin/tmux',
      prompt: 'Empty: it is looked for in PATH.',
      value: settings.get('tmux.path'),
      validate: (value) => (value === '' || value.startsWith('/') ? undefined : 'An absolute path is needed'),
    });
    if (result.kind === 'next') await settings.set('tmux.path', result.value.trim());
  });
  commands.register('codeManager.cm.install', () => installCommandLine(context));
}
