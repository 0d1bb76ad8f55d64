import * as vscode from 'vscode';
import { CodeManagerError } from '../../protocol/errors.js';
import { GROUPS } from '../../protocol/word.js';
import { pickDescription, sessionIcon, sessionName } from '../../view/sessionLabel.js';
import type { ServerLink } from '../services/serverLink.js';
import type { SessionRow, SessionRows } from '../../view/sessionRows.js';
import { inOrder } from '../../view/sessionTree.js';
import type { ToolCatalog } from '../services/toolCatalog.js';
import { pickStep } from '../quickInput/steps.js';

export interface SessionItem extends vscode.QuickPickItem {
  readonly sessionId: string | undefined;
}

export interface AskOptions {
  readonly title: string;
  /** Which sessions can be meant. */
  readonly accept?: (row: SessionRow) => boolean;
  /** What is said when there is none. */
  readonly none: string;
  readonly selected?: readonly string[];
  readonly placeholder?: string;
}

/** Lets the person choose one of the sessions, those that need input first. Undefined when they did not. */
export async function askSession(
  link: ServerLink,
  rows: SessionRows,
  tools: ToolCatalog,
  { title, accept = () => true, none, selected = [], placeholder = 'Choose a session' }: AskOptions,
): Promise<string | undefined> {
  link.open();
  await link.untilKnown();
  if (link.status.kind === 'failed') throw link.status.error;
  const items = sessionItems(rows.all.filter(accept), tools);
  if (items.length === 0) throw new CodeManagerError('notFound', none);
  const result = await pickStep<SessionItem>({
    title,
    placeholder,
    items,
    active: ({ sessionId }) => sessionId !== undefined && selected.includes(sessionId),
  });
  return result.kind === 'next' ? result.value.sessionId : undefined;
}

/** Sessions as a list with a separator for each group. */
export function sessionItems(rows: readonly SessionRow[], tools: ToolCatalog, now = Date.now()): SessionItem[] {
  return GROUPS.flatMap((group) => {
    const members = inOrder(
      rows.filter((row) => row.group === group),
      group,
    );
    if (members.length === 0) return [];
    const separator: SessionItem = {
      label: group,
      kind: vscode.QuickPickItemKind.Separator,
      sessionId: undefined,
    };
    return [separator, ...members.map((row) => sessionItem(row, tools, now))];
  });
}

function sessionItem(row: SessionRow, tools: ToolCatalog, now: number): SessionItem {
  const { icon, color } = sessionIcon(row.session, row.description.word, Infinity);
  return {
    iconPath: new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color)),
    label: sessionName(row.session),
    description: `${pickDescription(row, now)} · ${tools.nameOf(row.session.tool)}`,
    sessionId: row.session.id,
  };
}
