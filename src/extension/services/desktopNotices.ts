import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { stripTerminal } from '../../common/terminalText.js';
import type { ExtensionLog } from '../editor/outputs.js';
import { desktopCommand } from '../model/desktopCommand.js';

const TIMEOUT_MS = 10_000;

/**
 * Shows a line on the desktop in front of which the person sits. Only where the extension runs on that machine: in a
 * window of a remote host, and in a browser, the desktop is another one.
 */
export class DesktopNotices {
  readonly #log: Pick<ExtensionLog, 'info'>;
  #isToldOf = false;

  constructor(log: Pick<ExtensionLog, 'info'>) {
    this.#log = log;
  }

  show(text: string): void {
    const { remoteName, uiKind } = vscode.env;
    const isWsl = remoteName === 'wsl';
    if (uiKind !== vscode.UIKind.Desktop || (remoteName !== undefined && !isWsl)) return;
    const command = desktopCommand(process.platform, stripTerminal(text), { isWsl });
    if (command === undefined) return;
    execFile(command.program, [...command.args], { timeout: TIMEOUT_MS, windowsHide: true }, (error) => {
      if (error === null || this.#isToldOf) return;
      // Where there is no such program the editor's own notification is all there is.
      this.#isToldOf = true;
      this.#log.info(`no notices on the desktop: ${error.message.split('\n')[0] ?? ''}`);
    });
  }
}
