import type { StartupDialog, Tool } from '../../protocol/tool.js';
import { pattern } from './patterns.js';
import { textLines } from './screenLines.js';

export type StartupScreen =
  /** A person has to answer this before the tool goes on. */
  | { readonly kind: 'dialog'; readonly dialog: StartupDialog }
  /** The agent takes input. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'unknown' };

/** How many lines from the bottom a dialog can be tall, and how far up an input box can stand. */
const DIALOG_LINES = 40;
const READY_LINES = 12;

/**
 * Reads what a tool shows while it starts. Looks only at the bottom of the live screen, since what an agent printed or
 * what has been answered stands further up.
 *
 * @param screenText the visible screen without scrollback, as tmux prints it
 */
export function readStartupScreen(tool: Pick<Tool, 'startup'>, screenText: string): StartupScreen {
  const { dialogs, ready, loading } = tool.startup;
  const lines = textLines(screenText);
  const lower = lines.slice(-DIALOG_LINES).join('\n');
  const last = lines.at(-1) ?? '';
  const dialog = dialogs.find(
    ({ all, end }) =>
      (end === undefined || pattern(end).test(last)) && all.every((source) => pattern(source).test(lower)),
  );
  if (dialog !== undefined) return { kind: 'dialog', dialog };
  if (loading.some((source) => pattern(source).test(lower))) return { kind: 'unknown' };
  const bottom = lines.slice(-READY_LINES).join('\n');
  const isReady = ready.length === 0 || ready.some((source) => pattern(source).test(bottom));
  return { kind: isReady ? 'ready' : 'unknown' };
}
