import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { localDateTime } from '../../common/text.js';
import type { Machine } from '../../protocol/context.js';
import { createTree, treeItem, type Tree, type TreeRow } from '../editor/trees.js';
import { VIEWS } from '../model/ids.js';
import {
  buildContextTree,
  contextContextValue,
  contextNodeId,
  runningIn,
  type ContextNode,
} from '../../view/contextTree.js';
import {
  isTooOld,
  machineAddress,
  machineContextValue,
  machineDescription,
  machineIcon,
  machineName,
} from '../../view/machineText.js';
import { markdownText, oneLine, shortPath } from '../../view/plainText.js';
import type { ServerLink } from '../services/serverLink.js';
import type { SessionRows } from '../../view/sessionRows.js';
import type { ContextKeys } from '../services/contextKeys.js';
import { HOME } from '../services/workspaceFolders.js';

/** How often `offline 3m, next try 8s` is drawn anew while a try is ahead and somebody looks. */
const NEXT_TRY_MS = 2000;
const MINUTE_MS = 60_000;

/** The Contexts view: machines and the folders on them. */
export class ContextsView implements vscode.TreeDataProvider<ContextNode>, Disposable {
  readonly #link: ServerLink;
  readonly #keys: ContextKeys;
  readonly #store = new DisposableStore();
  readonly #treeChanged = new vscode.EventEmitter<ContextNode | undefined>();
  readonly #view: Tree<ContextNode>;
  readonly #nodes = new Map<string, ContextNode>();
  #parents: ReadonlyMap<string, ContextNode> = new Map();
  /** Which rows there were when all were drawn last. */
  #structure = '';
  /** What each row looked like when it was drawn last. */
  #drawn = new Map<string, string>();
  #tick: NodeJS.Timeout | undefined;
  /** How many wait for the first rows. */
  #asked = 0;

  constructor(link: ServerLink, rows: SessionRows, keys: ContextKeys) {
    this.#link = link;
    this.#keys = keys;
    this.#view = createTree(VIEWS.contexts, { treeDataProvider: this, showCollapseAll: false }).view;
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
      await this.#link.untilKnown();
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
    const row = node.kind === 'machine' ? this.#machineRow(node.machineId) : this.#contextRow(node.contextId);
    return treeItem(node.id, row ?? { label: '…' });
  }

  dispose(): void {
    clearTimeout(this.#tick);
    this.#store.dispose();
  }

  #machineRow(machineId: string): TreeRow | undefined {
    const { machines } = this.#link.snapshot;
    const machine = machines.find(({ id }) => id === machineId);
    if (machine === undefined) return undefined;
    const label = machineName(machine, machines);
    const description = machineDescription(machine, Date.now());
    return {
      label,
      state: vscode.TreeItemCollapsibleState.Expanded,
      description,
      icon: machineIcon(machine),
      contextValue: machineContextValue(machine),
      tooltip: machineTooltip(machine, description),
      spoken: `${label}, ${description.replace(' · ', ', ')}`,
    };
  }

  #contextRow(contextId: string): TreeRow | undefined {
    const context = this.#link.snapshot.contexts.find(({ id }) => id === contextId);
    if (context === undefined) return undefined;
    const running = runningIn(contextId, this.#link.snapshot);
    const path = oneLine(context.machine === 'local' ? shortPath(context.path, HOME) : context.path, 200);
    const tags = context.tags.length === 0 ? [] : [`Tags: ${context.tags.join(', ')}`];
    return {
      label: context.name,
      description: running === 0 ? path : `${path} · ${running} running`,
      icon: 'folder',
      contextValue: contextContextValue(context),
      tooltip: [context.path, ...tags].map((text) => markdownText(text)).join('\n\n'),
    };
  }

  #known(node: ContextNode): ContextNode {
    const known = this.#nodes.get(node.id) ?? node;
    this.#nodes.set(node.id, known);
    return known;
  }

  #update(): void {
    const { snapshot } = this.#link;
    this.#keys.set('codeManager.hasContexts', snapshot.contexts.length > 0);
    this.#keys.set('codeManager.hasOtherMachine', snapshot.machines.length > 1);
    this.#keys.set('codeManager.serverFailed', this.#link.status.kind === 'failed');
    const machine = snapshot.machines.find(({ type }) => type === 'local');
    const isMissing = machine?.connection === 'dependencyMissing';
    this.#keys.set(
      'codeManager.tmux',
      machine !== undefined && isMissing ? (isTooOld(machine) ? 'tooOld' : 'missing') : 'ok',
    );
    this.#keys.set('codeManager.tmuxInstaller', installerOf(machine?.problem?.command ?? ''));
    clearTimeout(this.#tick);
    if (!this.#view.visible) return;
    this.#scheduleTick(snapshot.machines);
    this.#redraw();
  }

  #redraw(): void {
    const { snapshot, status } = this.#link;
    const { roots, children } = buildContextTree(snapshot);
    const nodes = roots.flatMap((root) => [root, ...(children.get(root.id) ?? [])]);
    const structure = [status.kind, ...nodes.map(({ id }) => id)].join('\n');
    const before = this.#drawn;
    this.#drawn = new Map(nodes.map((node) => [node.id, this.#look(node)]));
    if (structure !== this.#structure) {
      this.#structure = structure;
      // Whoever still waits for the first rows gets the newest ones anyway.
      if (this.#asked === 0) this.#treeChanged.fire(undefined);
      return;
    }
    for (const node of nodes) {
      if (before.get(node.id) !== this.#drawn.get(node.id)) this.#treeChanged.fire(this.#known(node));
    }
  }

  /** All that a row shows, as one string to compare. */
  #look(node: ContextNode): string {
    const { machines, contexts } = this.#link.snapshot;
    if (node.kind === 'context') {
      const context = contexts.find(({ id }) => id === node.contextId);
      return JSON.stringify([context, runningIn(node.contextId, this.#link.snapshot)]);
    }
    const machine = machines.find(({ id }) => id === node.machineId);
    if (machine === undefined) return '';
    const { nextTry: _nextTry, lastSeen: _lastSeen, ...shown } = machine;
    return JSON.stringify([shown, machineName(machine, machines), machineDescription(machine, Date.now())]);
  }

  /** Ages and the time to the next try go on by themselves, as long as somebody looks. */
  #scheduleTick(machines: readonly Machine[]): void {
    const away = machines.filter(({ connection }) => connection === 'offline');
    if (away.length === 0) return;
    const isTried = away.some(({ nextTry }) => nextTry !== null && Date.parse(nextTry) > Date.now());
    this.#tick = setTimeout(() => this.#update(), isTried ? NEXT_TRY_MS : MINUTE_MS);
  }
}

/** More of a machine than its row has room for. Nothing that a host says is markup. */
function machineTooltip(machine: Machine, description: string): string {
  const { problem, node, host, version, lastSeen, connection } = machine;
  const facts = [
    ...(machine.type === 'local' ? [] : [`Reached as ${markdownText(machineAddress(machine))}`]),
    ...(node === null || node === host ? [] : [`Calls itself ${markdownText(node)}`]),
    ...(version === null ? [] : [`Agent server ${markdownText(version)}`]),
    ...(lastSeen === null || connection === 'connected' ? [] : [`Last seen ${localDateTime(lastSeen)}`]),
  ];
  return [
    `**${markdownText(host)}** · ${markdownText(description)}`,
    facts.join('  \n'),
    markdownText(problem?.message ?? '', 500),
    markdownText(problem?.command ?? '', 500),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

const INSTALLERS = ['brew', 'apt', 'dnf', 'yum', 'pacman', 'zypper', 'apk', 'pkg', 'nix'] as const;

/** Which of the welcome view's texts names the command that the agent server found to be right. */
function installerOf(command: string): string {
  return INSTALLERS.find((name) => new RegExp(`\\b${name}(-get|-env)? `).test(command)) ?? 'other';
}
