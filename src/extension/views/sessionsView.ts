import * as vscode from 'vscode';
import { systemClock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { hasEnded } from '../../protocol/session.js';
import { createTree, setTooltip, treeItem, type Surroundings, type Tree, type TreeRow } from '../editor/trees.js';
import { VIEWS, type CommandId } from '../model/ids.js';
import { countOf } from '../../view/plainText.js';
import type { LinkStatus } from '../../view/serverMessage.js';
import type { ServerLink } from '../services/serverLink.js';
import type { SessionFilter } from '../../view/sessionFilter.js';
import {
  CLOSED_GROUPS,
  rowDescription,
  sessionContextValue,
  sessionIcon,
  sessionName,
  SPIN_MS,
  spokenLabel,
  tooltipMarkdown,
} from '../../view/sessionLabel.js';
import type { SessionRow, SessionRows } from '../../view/sessionRows.js';
import {
  ACTION_NODES,
  buildSessionTree,
  sessionNodeId,
  type Action,
  type SessionNode,
  type SessionTree,
} from '../../view/sessionTree.js';
import { totals } from '../../view/statusLine.js';
import type { ContextKeys } from '../services/contextKeys.js';
import type { Settings } from '../services/settings.js';
import type { ToolCatalog } from '../services/toolCatalog.js';
import { serverMessage } from '../../view/serverMessage.js';

const NO_TREE: SessionTree = { roots: [], children: new Map(), parents: new Map(), hidden: 0 };
/** A tooltip does not wait longer than this for git, and for why the state is what it is. */
const TOOLTIP_TIMEOUT_MS = 1500;
const PATIENCE_MS = 2000;

const ACTION_ITEMS = {
  doctor: { label: 'Run Doctor', icon: 'checklist', command: 'codeManager.doctor.run' },
  log: { label: 'Show Log', icon: 'output', command: 'codeManager.extension.showLog' },
  retry: { label: 'Try Again', icon: 'refresh', command: 'codeManager.server.retry' },
} as const satisfies Record<Action, { label: string; icon: string; command: CommandId }>;

/** The Sessions view: thin nodes over the rows, drawn anew only where something changed and somebody looks. */
export class SessionsView implements vscode.TreeDataProvider<SessionNode>, Disposable {
  readonly #link: ServerLink;
  readonly #rows: SessionRows;
  readonly #tools: ToolCatalog;
  readonly #settings: Settings;
  readonly #keys: ContextKeys;
  readonly #store = new DisposableStore();
  readonly #treeChanged = new vscode.EventEmitter<SessionNode | undefined>();
  readonly #view: Tree<SessionNode>;
  readonly #surround: (texts: Surroundings) => void;
  /** One object for each id, since the editor knows nodes by identity. */
  readonly #nodes = new Map<string, SessionNode>();
  #tree = NO_TREE;
  /** What each node looked like when it was last drawn. */
  #drawn = new Map<string, string>();
  #filter: SessionFilter | undefined;
  #isStale = false;
  /** How many wait for the first rows. */
  #asked = 0;
  #statusKind: LinkStatus['kind'] = 'idle';
  #minute: NodeJS.Timeout | undefined;
  #spin: { cancel(): void } | undefined;
  /** Runs while a lost connection is not yet worth a word. */
  #patience: { cancel(): void } | undefined;

  constructor(link: ServerLink, rows: SessionRows, tools: ToolCatalog, settings: Settings, keys: ContextKeys) {
    this.#link = link;
    this.#rows = rows;
    this.#tools = tools;
    this.#settings = settings;
    this.#keys = keys;
    const { view, surround } = createTree(VIEWS.sessions, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#view = view;
    this.#surround = surround;
    this.#store.add(this.#view);
    this.#store.add(this.#treeChanged);
    this.#store.add(rows.onDidChange(() => this.#update()));
    this.#store.add(link.onDidChange(({ type }) => type === 'status' && this.#onStatus()));
    this.#store.add(settings.onDidChange(['sessions.groupBy'], () => this.#update()));
    this.#store.add(this.#view.onDidChangeVisibility(({ visible }) => this.#onVisible(visible)));
    this.#onVisible(this.#view.visible);
    this.#keys.set('codeManager.groupBy', settings.get('sessions.groupBy'));
  }

  get onDidChangeTreeData(): vscode.Event<SessionNode | undefined> {
    return this.#treeChanged.event;
  }

  get isVisible(): boolean {
    return this.#view.visible;
  }

  get filter(): SessionFilter | undefined {
    return this.#filter;
  }

  set filter(filter: SessionFilter | undefined) {
    this.#filter = filter;
    this.#keys.set('codeManager.isFiltered', filter !== undefined);
    this.#update();
  }

  get selectedSessions(): readonly string[] {
    return this.#view.selection.flatMap((node) => (node.kind === 'session' ? [node.sessionId] : []));
  }

  /** Selects a row without taking the focus. Nothing when the view is not shown: a row is no reason to open it. */
  async select(sessionId: string): Promise<void> {
    const node = this.#nodes.get(sessionNodeId(sessionId));
    if (node !== undefined && this.#view.visible) await this.#view.reveal(node, { select: true, focus: false });
  }

  /** Opens the view and selects a row in it. The focus stays where it is. */
  async show(sessionId: string): Promise<void> {
    const node = this.#nodes.get(sessionNodeId(sessionId));
    if (node !== undefined) await this.#view.reveal(node, { select: true, focus: false, expand: true });
  }

  async getChildren(node?: SessionNode): Promise<SessionNode[]> {
    if (node !== undefined) return [...(this.#tree.children.get(node.id) ?? [])];
    this.#link.open();
    this.#asked++;
    try {
      await this.#link.untilKnown();
    } finally {
      this.#asked--;
    }
    if (this.#link.isLoaded) return [...this.#tree.roots];
    return this.#link.status.kind === 'failed' ? [...ACTION_NODES] : [];
  }

  getParent(node: SessionNode): SessionNode | undefined {
    return this.#tree.parents.get(node.id);
  }

  getTreeItem(node: SessionNode): vscode.TreeItem {
    return treeItem(node.id, this.#row(node));
  }

  async resolveTreeItem(
    item: vscode.TreeItem,
    node: SessionNode,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    const row = node.kind === 'session' ? this.#rows.find(node.sessionId) : undefined;
    if (row === undefined) return item;
    const session = row.session.id;
    const [changes, explanation] = await Promise.all([
      this.#link.request('session/changes', { session }, { timeoutMs: TOOLTIP_TIMEOUT_MS }).catch(() => undefined),
      hasEnded(row.session)
        ? undefined
        : this.#link.request('session/explain', { session }, { timeoutMs: TOOLTIP_TIMEOUT_MS }).catch(() => undefined),
    ]);
    if (!token.isCancellationRequested) {
      const name = this.#tools.nameOf(row.session.tool);
      setTooltip(item, tooltipMarkdown(row, name, Date.now(), { changes, explanation }));
    }
    return item;
  }

  dispose(): void {
    clearInterval(this.#minute);
    this.#spin?.cancel();
    this.#patience?.cancel();
    this.#store.dispose();
  }

  #row(node: SessionNode): TreeRow {
    const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    switch (node.kind) {
      case 'group': {
        const count =
          this.#tree.children
            .get(node.id)
            ?.reduce((sum, child) => sum + (child.kind === 'more' ? child.count : 1), 0) ?? 0;
        return {
          label: node.group,
          state: CLOSED_GROUPS.has(node.group) ? Collapsed : Expanded,
          description: String(count),
          contextValue: 'group',
          spoken: `${node.group}, ${countOf(count, 'session')}`,
        };
      }
      case 'folder':
        return { label: node.label, state: Expanded, icon: 'folder', contextValue: 'group' };
      case 'more': {
        const label = 'Show All…';
        const command = { command: 'codeManager.sessions.showAllEnded', title: label };
        return { label, description: `${node.count} more`, contextValue: 'more', command };
      }
      case 'action': {
        const { label, icon, command } = ACTION_ITEMS[node.action];
        return { label, icon, contextValue: 'action', command: { command, title: label } };
      }
      case 'session': {
        const row = this.#rows.find(node.sessionId);
        return row === undefined ? { label: '…' } : this.#sessionRow(row, node);
      }
    }
  }

  #sessionRow(row: SessionRow, node: SessionNode): TreeRow {
    const now = Date.now();
    return {
      label: sessionName(row.session),
      description: rowDescription(row, { groupBy: this.#settings.get('sessions.groupBy'), now }),
      ...sessionIcon(row.session, row.description.word, now),
      contextValue: sessionContextValue(row),
      spoken: spokenLabel(row, this.#tools.nameOf(row.session.tool), now),
      command: { command: 'codeManager.session.open', title: 'Open', arguments: [node] },
    };
  }

  #update(): void {
    const groupBy = this.#settings.get('sessions.groupBy');
    this.#keys.set('codeManager.groupBy', groupBy);
    const before = this.#tree;
    this.#tree = this.#withKnownNodes(buildSessionTree(this.#rows.all, { groupBy, filter: this.#filter }));
    this.#updateAround();
    if (!this.#view.visible) {
      this.#isStale = true;
      return;
    }
    this.#scheduleSpin();
    if (structure(before) !== structure(this.#tree)) {
      this.#redrawAll();
      return;
    }
    for (const node of this.#nodes.values()) {
      if (node.kind !== 'session') continue;
      const look = this.#look(node.sessionId);
      if (this.#drawn.get(node.id) === look) continue;
      this.#drawn.set(node.id, look);
      this.#treeChanged.fire(node);
    }
  }

  #onStatus(): void {
    const before = this.#statusKind;
    const { kind } = this.#link.status;
    this.#statusKind = kind;
    if (kind !== before) {
      this.#patience?.cancel();
      // A server that is replaced is away for a moment; nothing should move for that.
      this.#patience = kind === 'interrupted' ? systemClock.after(PATIENCE_MS, () => this.#losePatience()) : undefined;
      // Between a picture and none the whole view differs.
      if (kind === 'failed' || kind === 'idle' || before === 'failed') this.#fireAll();
    }
    this.#updateAround();
  }

  #losePatience(): void {
    this.#patience = undefined;
    this.#updateAround();
  }

  #redrawAll(): void {
    this.#isStale = false;
    this.#drawn = new Map(
      [...this.#nodes.values()].flatMap((node) =>
        node.kind === 'session' ? [[node.id, this.#look(node.sessionId)] as const] : [],
      ),
    );
    this.#fireAll();
  }

  /** Whoever still waits for the first rows gets the newest ones anyway, and would lose them by being told to ask again. */
  #fireAll(): void {
    if (this.#asked === 0) this.#treeChanged.fire(undefined);
  }

  /** All that a row shows, as one string to compare. */
  #look(sessionId: string): string {
    const row = this.#rows.find(sessionId);
    if (row === undefined) return '';
    const now = Date.now();
    const { icon } = sessionIcon(row.session, row.description.word, now);
    const text = rowDescription(row, { groupBy: this.#settings.get('sessions.groupBy'), now });
    return [row.session.name, text, icon, sessionContextValue(row)].join('\n');
  }

  /** Badge, description, message and context keys: shown also while the tree is not. */
  #updateAround(): void {
    const { needInput } = totals(this.#rows.all);
    const { status, isLoaded, snapshot } = this.#link;
    const tooltip = needInput === 1 ? '1 session needs input' : `${needInput} sessions need input`;
    const hidden = this.#tree.hidden === 0 ? '' : `${countOf(this.#tree.hidden, 'session')} hidden by the filter`;
    const isSilent = this.#patience !== undefined;
    this.#surround({
      badge: needInput === 0 ? undefined : { value: needInput, tooltip },
      description: snapshot.machines.find(({ type }) => type === 'local')?.host ?? '',
      message: (isSilent ? undefined : serverMessage(this.#link, this.#rows.all.length > 0)) ?? hidden,
    });
    this.#keys.set('codeManager.needsInputCount', needInput);
    this.#keys.set('codeManager.hasSessions', this.#rows.all.length > 0);
    this.#keys.set('codeManager.loaded', isLoaded || status.kind === 'failed');
  }

  #withKnownNodes(tree: SessionTree): SessionTree {
    const known = (node: SessionNode): SessionNode => {
      const previous = this.#nodes.get(node.id);
      // A node's object is kept as long as it says the same.
      const kept = previous !== undefined && JSON.stringify(previous) === JSON.stringify(node) ? previous : node;
      current.set(node.id, kept);
      return kept;
    };
    const current = new Map<string, SessionNode>();
    const roots = tree.roots.map(known);
    const children = new Map([...tree.children].map(([id, nodes]) => [id, nodes.map(known)]));
    const parents = new Map([...tree.parents].map(([id, node]) => [id, known(node)]));
    this.#nodes.clear();
    for (const [id, node] of current) this.#nodes.set(id, node);
    return { roots, children, parents, hidden: tree.hidden };
  }

  #onVisible(visible: boolean): void {
    clearInterval(this.#minute);
    this.#minute = undefined;
    if (!visible) return;
    this.#link.open();
    this.#minute = setInterval(() => this.#rows.update(), 60_000);
    if (this.#isStale) this.#redrawAll();
    this.#scheduleSpin();
  }

  /** A spinner stops by itself after a while, also when nothing else changes. */
  #scheduleSpin(): void {
    this.#spin?.cancel();
    this.#spin = undefined;
    const now = Date.now();
    const ends = this.#rows.all
      .filter(({ description }) => description.word === 'Starting')
      .map(({ session }) => Date.parse(session.created) + SPIN_MS - now)
      .filter((ms) => ms > 0);
    if (ends.length > 0) this.#spin = systemClock.after(Math.min(...ends) + 50, () => this.#rows.update());
  }
}

function structure({ roots, children }: SessionTree): string {
  return roots.map(({ id }) => [id, ...(children.get(id) ?? []).map((child) => child.id)].join('\n')).join('\n\n');
}
