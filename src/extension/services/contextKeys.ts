import * as vscode from 'vscode';
import type { ContextKeyValues } from '../model/contextKeyValues.js';

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
