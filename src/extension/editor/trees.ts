import * as vscode from 'vscode';
import { messageText, oneLine } from '../../view/plainText.js';

/** What a row of a tree shows and does. */
export interface TreeRow {
  readonly label: string;
  readonly description?: string;
  /** Markdown in which nothing that somebody else wrote is markup. */
  readonly tooltip?: string;
  /** What a screen reader says, where that is more. */
  readonly spoken?: string;
  readonly icon?: string;
  readonly color?: string | undefined;
  readonly contextValue?: string;
  readonly command?: vscode.Command;
  readonly state?: vscode.TreeItemCollapsibleState;
}

const LABEL_LENGTH = 300;

/** The only way to a row of a tree: whatever its texts hold, they are one harmless line each. */
export function treeItem(id: string, row: TreeRow): vscode.TreeItem {
  const item = new vscode.TreeItem(oneLine(row.label, LABEL_LENGTH), row.state);
  item.id = id;
  if (row.description !== undefined) item.description = oneLine(row.description, LABEL_LENGTH);
  if (row.tooltip !== undefined) setTooltip(item, row.tooltip);
  if (row.spoken !== undefined) item.accessibilityInformation = { label: oneLine(row.spoken, LABEL_LENGTH) };
  if (row.icon !== undefined) {
    item.iconPath = new vscode.ThemeIcon(
      row.icon,
      row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
    );
  }
  if (row.contextValue !== undefined) item.contextValue = row.contextValue;
  if (row.command !== undefined) item.command = row.command;
  return item;
}

/** @param markdown in which nothing that somebody else wrote is markup */
export function setTooltip(item: vscode.TreeItem, markdown: string): void {
  const tooltip = new vscode.MarkdownString(markdown);
  // Commands, icons and HTML are off also where an editor would have other defaults.
  tooltip.isTrusted = false;
  tooltip.supportThemeIcons = false;
  tooltip.supportHtml = false;
  item.tooltip = tooltip;
}

/** What stands around the rows of a view. */
export interface Surroundings {
  readonly badge: { readonly value: number; readonly tooltip: string } | undefined;
  readonly description: string;
  readonly message: string;
}

/** A view without the texts around its rows. */
export type Tree<T> = Omit<vscode.TreeView<T>, 'badge' | 'description' | 'message' | 'title'>;

/** The only way to a view of rows; `surround` sets the texts around them. */
export function createTree<T>(
  id: string,
  options: vscode.TreeViewOptions<T>,
): { readonly view: Tree<T>; readonly surround: (texts: Surroundings) => void } {
  const view = vscode.window.createTreeView(id, options);
  const surround = ({ badge, description, message }: Surroundings): void => {
    if (view.badge?.value !== badge?.value) view.badge = badge;
    view.description = oneLine(description);
    view.message = messageText(message);
  };
  return { view, surround };
}
