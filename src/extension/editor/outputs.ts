import * as vscode from 'vscode';
import type { Disposable } from '../../common/disposable.js';
import { neutralise } from '../../common/terminalText.js';
import { oneLine } from '../../view/plainText.js';

/** What an output channel is used for here. */
export interface Channel extends Disposable {
  readonly name: string;
  append(text: string): void;
  clear(): void;
  /** Without taking the focus. */
  show(): void;
}

/** The only way to an output channel. */
export function createChannel(name: string): Channel {
  const channel = vscode.window.createOutputChannel(oneLine(name, 80));
  return {
    name: channel.name,
    append: (text) => channel.append(neutralise(text)),
    clear: () => channel.clear(),
    show: () => channel.show(true),
    dispose: () => channel.dispose(),
  };
}

/** The log of the extension. */
export interface ExtensionLog extends Disposable {
  debug(text: string): void;
  info(text: string): void;
  error(text: string): void;
  show(): void;
}

/** The only way to the log of the extension. */
export function createLog(): ExtensionLog {
  const log = vscode.window.createOutputChannel('Code Manager', { log: true });
  return {
    debug: (text) => log.debug(neutralise(text)),
    info: (text) => log.info(neutralise(text)),
    error: (text) => log.error(neutralise(text)),
    show: () => log.show(),
    dispose: () => log.dispose(),
  };
}

/** The only way to a terminal: its title is one harmless line. What runs in it draws as it likes. */
export function createTerminal(
  options: (vscode.TerminalOptions | vscode.ExtensionTerminalOptions) & { readonly name: string },
): vscode.Terminal {
  return vscode.window.createTerminal({ ...options, name: oneLine(options.name, 80) });
}

/** Gives the terminal that is active another title; the editor renames no other. */
export function renameActiveTerminal(name: string): void {
  void vscode.commands.executeCommand('workbench.action.terminal.renameWithArg', { name: oneLine(name, 80) });
}
