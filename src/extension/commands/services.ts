import type * as vscode from 'vscode';
import type { ExtensionLog } from '../editor/outputs.js';
import type { ReadOnlyDocuments } from '../logs/readOnlyDocuments.js';
import type { SessionLogs } from '../logs/sessionLogs.js';
import type { ServerLink } from '../services/serverLink.js';
import type { SessionRows } from '../../view/sessionRows.js';
import type { NewSession } from '../newSession/newSession.js';
import type { TaskDrafts } from '../newSession/taskDrafts.js';
import type { ContextKeys } from '../services/contextKeys.js';
import type { CommandRegistry } from '../services/commandRegistry.js';
import type { Operations } from '../services/operations.js';
import type { Problems } from '../services/problems.js';
import type { Settings } from '../services/settings.js';
import type { ToolCatalog } from '../services/toolCatalog.js';
import type { Attachments } from '../terminals/attachments.js';
import type { ContextsView } from '../views/contextsView.js';
import type { SessionsView } from '../views/sessionsView.js';

/** What commands act upon. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: ExtensionLog;
  readonly home: string;
  readonly keys: ContextKeys;
  readonly commands: CommandRegistry;
  readonly problems: Problems;
  readonly settings: Settings;
  readonly link: ServerLink;
  readonly rows: SessionRows;
  readonly tools: ToolCatalog;
  readonly operations: Operations;
  readonly logs: SessionLogs;
  readonly documents: ReadOnlyDocuments;
  readonly attachments: Attachments;
  readonly drafts: TaskDrafts;
  readonly newSession: NewSession;
  readonly sessionsView: SessionsView;
  readonly contextsView: ContextsView;
}
