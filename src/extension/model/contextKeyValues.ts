import type { GroupBy } from '../../view/sessionTree.js';

/** What `when` clauses of the manifest may ask. */
export interface ContextKeyValues {
  'codeManager.loaded': boolean;
  'codeManager.unsupported': boolean;
  'codeManager.hasContexts': boolean;
  'codeManager.hasSessions': boolean;
  /** `ok`, or what is wrong with it on the machine of this window. */
  'codeManager.tmux': 'ok' | 'missing' | 'tooOld';
  /** Which command installs it: the name of the package manager, or `other`. */
  'codeManager.tmuxInstaller': string;
  'codeManager.serverFailed': boolean;
  'codeManager.groupBy': GroupBy;
  'codeManager.isFiltered': boolean;
  'codeManager.needsInputCount': number;
  'codeManager.hasLastSession': boolean;
  /** An agent was answered in this window. */
  'codeManager.hasAnswered': boolean;
  /** A terminal was attached in this window. */
  'codeManager.hasAttached': boolean;
  /** Agent of the session whose terminal is the active one; empty when that is no session's. */
  'codeManager.terminalAgent': string;
  'codeManager.hasOtherMachine': boolean;
  /** The active editor holds a task that can be started. */
  'codeManager.isTaskDraft': boolean;
}

/** The names, for comparing them with the manifest. */
export const CONTEXT_KEYS: readonly (keyof ContextKeyValues)[] = [
  'codeManager.loaded',
  'codeManager.unsupported',
  'codeManager.hasContexts',
  'codeManager.hasSessions',
  'codeManager.tmux',
  'codeManager.tmuxInstaller',
  'codeManager.serverFailed',
  'codeManager.groupBy',
  'codeManager.isFiltered',
  'codeManager.needsInputCount',
  'codeManager.hasLastSession',
  'codeManager.hasAnswered',
  'codeManager.hasAttached',
  'codeManager.terminalAgent',
  'codeManager.hasOtherMachine',
  'codeManager.isTaskDraft',
];
