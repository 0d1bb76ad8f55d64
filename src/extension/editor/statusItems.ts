import * as vscode from 'vscode';
import type { Disposable } from '../../common/disposable.js';
import type { CommandId } from '../model/ids.js';
import { labelText, oneLine, type StatusText } from '../../view/plainText.js';

/** One item of the status bar. */
export interface StatusItem extends Disposable {
  show(text: StatusText, command: { readonly command: CommandId; readonly argument?: string }): void;
  hide(): void;
}

/** The only way to an item of the status bar: icons are its own, everything else is text. */
export function createStatusItem(id: string, name: string, priority: number): StatusItem {
  const item = vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Left, priority);
  item.name = name;
  return {
    show({ parts, spoken }, { command, argument }) {
      const said = oneLine(spoken, 300);
      item.text = parts.map(({ icon, text }) => `$(${icon}) ${labelText(text, 40)}`).join('  ');
      // A string there is drawn as it is.
      item.tooltip = `Code Manager: ${said}`;
      item.accessibilityInformation = { label: `Code Manager: ${said}` };
      item.command = { command, title: said, arguments: argument === undefined ? [] : [argument] };
      item.show();
    },
    hide: () => item.hide(),
    dispose: () => item.dispose(),
  };
}
