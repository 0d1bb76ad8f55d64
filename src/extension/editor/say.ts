import * as vscode from 'vscode';
import { detailText, labelText, messageText, promptText } from '../../view/plainText.js';

/**
 * The only way to a message, a question and a progress of the editor. Their texts may hold what an agent, a host or a
 * file says: here it becomes one line in which nothing is a link, an icon or a command.
 */

const SHOW = { info: 'showInformationMessage', warning: 'showWarningMessage', error: 'showErrorMessage' } as const;

/** Shows a message. @returns the action that the person chose */
export async function say(
  kind: keyof typeof SHOW,
  text: string,
  ...actions: readonly string[]
): Promise<string | undefined> {
  const items = buttons(actions);
  const chosen = await vscode.window[SHOW[kind]](messageText(text), ...items);
  return actions[items.findIndex((item) => item === chosen)];
}

/** A modal question. @returns the action that the person chose */
export async function ask(text: string, detail: string, ...actions: readonly string[]): Promise<string | undefined> {
  const items = buttons(actions);
  const options = { modal: true, detail: detailText(detail) };
  const chosen = await vscode.window.showWarningMessage(messageText(text), options, ...items);
  return actions[items.findIndex((item) => item === chosen)];
}

function buttons(actions: readonly string[]): { readonly title: string }[] {
  return actions.map((action) => ({ title: messageText(action, 80) }));
}

const DONE_MS = 6_000;

/** One quiet line in the status bar for what a person did themselves. */
export function sayDone(text: string, ms = DONE_MS): void {
  vscode.window.setStatusBarMessage(`$(check) ${labelText(text, 200)}`, ms);
}

/**
 * Says in the status bar what is going on: there the editor shows of a link its words only. The views' own progress
 * would stand in the place of their badges.
 */
export async function working<T>(title: string, run: () => Promise<T>): Promise<T> {
  const location = vscode.ProgressLocation.Window;
  return await vscode.window.withProgress({ location, title: promptText(title, 200) }, run);
}

/** Tells how far something is. */
export type Report = (step: { readonly message?: string; readonly increment?: number }) => void;

/** Says in a notification what is going on. */
export async function workingLong<T>(
  title: string,
  { cancellable }: { readonly cancellable: boolean },
  run: (report: Report, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  return await vscode.window.withProgress({ location, title: messageText(title, 200), cancellable }, (bar, token) => {
    const report: Report = ({ message, ...rest }) =>
      bar.report({ ...rest, ...(message === undefined ? {} : { message: messageText(message, 200) }) });
    return run(report, token);
  });
}
