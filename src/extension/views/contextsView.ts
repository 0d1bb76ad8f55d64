import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { VIEWS } from '../ids.js';
import {
  buildContextTree,
  contextContextValue,
  contextNodeId,
  isTooOld,
  machineContextValue,
  machineDescription,
  machineIcon,
  runningIn,
  type ContextNode,
} from '../model/contextTree.js';
import { labelText, markdownText, shortPath } from '../model/plainText.js';
import type { ServerLink } from '../model/serverLink.js';
import type { SessionRows } from '../model/sessionRows.js';
import type { ContextKeys } from '../services/contextKeys.js';
import { HOME } from '../services/workspaceFolders.js';
import { untilKnown } from './serverMessage.js';

/** The Contexts view: machines and the folders on them. */
export class ContextsView implements vscode.TreeDataProvider<ContextNode>, Disposable {
  readonly #link: ServerLink;
  readonly #keys: ContextKeys;
  readonly #store = new DisposableStore();
  readonly #treeChanged = new vscode.EventEmitter<ContextNode | undefined>();
  readonly #view: vscode.TreeView<ContextNode>;
  readonly #nodes = new Map<string, ContextNode>();
  #parents: ReadonlyMap<string, ContextNode> = new Map();
  #drawn = '';
  /** How many wait for the first rows. */
  #asked = 0;

  constructor(link: ServerLink, rows: SessionRows, keys: ContextKeys) {
    this.#link = link;
    this.#keys = keys;
    this.#view = vscode.window.createTreeView(VIEWS.contexts, { treeDataProvider: this, showCollapseAll: false });
    this.#store.add(this.#view);
    this.#store.add(this.#treeChanged);
    // The rows gather changes of all kinds, and tell of them at most ten times a second.
    this.#store.add(rows.onDidChange(() => this.#update()));
    this.#store.add(link.onDidChange(({ type }) => type === 'status' && this.#update()));
    this.#store.add(this.#view.onDidChangeVisibility(() => this.#update()));
  }

  get onDidChangeTreeData(): vscode.Event<ContextNode | undefined> {
    return this.#treeChanged.event;
  }

  async select(contextId: string): Promise<void> {
    const node = this.#nodes.get(contextNodeId(contextId));
    if (node !== undefined && this.#view.visible) await this.#view.reveal(node, { select: true, focus: false });
  }

  async getChildren(node?: ContextNode): Promise<ContextNode[]> {
    this.#link.open();
    this.#asked++;
    try {
      await untilKnown(this.#link);
    } finally {
      this.#asked--;
    }
    const tree = buildContextTree(this.#link.snapshot);
    this.#parents = tree.parents;
    const nodes = node === undefined ? tree.roots : (tree.children.get(node.id) ?? []);
    return nodes.map((child) => this.#known(child));
  }

  getParent(node: ContextNode): ContextNode | undefined {
    const parent = this.#parents.get(node.id);
    return parent === undefined ? undefined : this.#known(parent);
  }

  getTreeItem(node: ContextNode): vscode.TreeItem {
    const item = node.kind === 'machine' ? this.#machineItem(node.machineId) : this.#contextItem(node.contextId);
    item.id = node.id;
    return item;
  }

  dispose(): void {
    this.#store.dispose();
  }

  #machineItem(machineId: string): vscode.TreeItem {
    const machine = this.#link.snapshot.machines.find(({ id }) => id === machineId);
    if (machine === undefined) return new vscode.TreeItem('…');
    const item = new vscode.TreeItem(labelText(machine.host), vscode.TreeItemCollapsibleState.Expanded);
    item.description = machineDescription(machine, Date.now());
    item.iconPath = new vscode.ThemeIcon(machineIcon(machine));
    item.contextValue = machineContextValue(machine);
    if (machine.problem !== null) {
      const { message, command } = machine.problem;
      item.tooltip = new vscode.MarkdownString([message, command ?? ''].map((text) => markdownText(text)).join('\n\n'));
    } else item.tooltip = labelText(machine.host);
    return item;
  }

  #contextItem(contextId: string): vscode.TreeItem {
    const context = this.#link.snapshot.contexts.find(({ id }) => id === contextId);
    if (context === undefined) return new vscode.TreeItem('…');
    const item = new vscode.TreeItem(labelText(context.name));
    const running = runningIn(contextId, this.#link.snapshot);
    const path = labelText(shortPath(context.path, HOME), 200);
    item.description = running === 0 ? path : `${path} · ${running} running`;
    item.iconPath = new vscode.ThemeIcon('folder');
    item.contextValue = contextContextValue(context);
    const tags = context.tags.length === 0 ? [] : [`Tags: ${context.tags.join(', ')}`];
    item.tooltip = new vscode.MarkdownString([context.path, ...tags].map((text) => markdownText(text)).join('\n\n'));
    return item;
  }

  #known(node: ContextNode): ContextNode {
    const known = this.#nodes.get(node.id) ?? node;
    this.#nodes.set(node.id, known);
    return known;
  }

  #update(): void {
    const { snapshot } = this.#link;
    this.#keys.set('codeManager.hasContexts', snapshot.contexts.length > 0);
    this.#keys.set('codeManager.serverFailed', this.#link.status.kind === 'failed');
    const machine = snapshot.machines.find(({ type }) => type === 'local');
    const isMissing = machine?.connection === 'dependencyMissing';
    this.#keys.set(
      'codeManager.tmux',
      machine !== undefined && isMissing ? (isTooOld(machine) ? 'tooOld' : 'missing') : 'ok',
    );
    this.#keys.set('codeManager.tmuxInstaller', installerOf(machine?.problem?.command ?? ''));
    if (!this.#view.visible) return;
    const look = JSON.stringify([
      this.#link.status.kind,
      snapshot.machines.map((one) => [one, machineDescription(one, Date.now())]),
      snapshot.contexts.map((context) => [context, runningIn(context.id, snapshot)]),
    ]);
    if (look === this.#drawn) return;
    this.#drawn = look;
    // Whoever still waits for the first rows gets the newest ones anyway.
    if (this.#asked === 0) this.#treeChanged.fire(undefined);
  }
}

const INSTALLERS = ['brew', 'apt', 'dnf', 'yum', 'pacman', 'zypper', 'apk', 'pkg', 'nix'] as const;

/** Which of the welcome view's texts names the command that the agent server found to be right. */
function installerOf(command: string): string {
  return INSTALLERS.find((name) => new RegExp(`\\b${name}(-get|-env)? `).test(command)) ?? 'other';
}
