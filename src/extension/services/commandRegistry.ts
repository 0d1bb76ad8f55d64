import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { ExtensionLog } from '../editor/outputs.js';
import type { CommandId } from '../model/ids.js';
import type { Problems } from './problems.js';

/** The one place that registers commands: typed ids, and every failure is shown in the same way. */
export class CommandRegistry implements Disposable {
  readonly #problems: Problems;
  readonly #log: ExtensionLog;
  readonly #store = new DisposableStore();

  constructor(problems: Problems, log: ExtensionLog) {
    this.#problems = problems;
    this.#log = log;
  }

  /** @param run gets the arguments as the caller gave them: nothing about them is known */
  register(id: CommandId, run: (...args: readonly unknown[]) => unknown): void {
    this.#store.add(
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        this.#log.debug(`command ${id}`);
        try {
          return await run(...args);
        } catch (error) {
          this.#problems.show(error, id);
          return undefined;
        }
      }),
    );
  }

  dispose(): void {
    this.#store.dispose();
  }
}
