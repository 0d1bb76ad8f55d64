import * as vscode from 'vscode';
import type { GroupBy } from '../model/sessionTree.js';

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
  /** The active editor holds a task that can be started. */
  'codeManager.isTaskDraft': boolean;
}

/** The one place that sets context keys. An equal value is not sent again. */
export class ContextKeys {
  readonly #values = new Map<string, unknown>();

  set<K extends keyof ContextKeyValues>(key: K, value: ContextKeyValues[K]): void {
    if (this.#values.get(key) === value) return;
    this.#values.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  get<K extends keyof ContextKeyValues>(key: K): ContextKeyValues[K] | undefined {
    return this.#values.get(key) as ContextKeyValues[K] | undefined;
  }
}
