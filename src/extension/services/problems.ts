import * as vscode from 'vscode';
import { say } from '../editor/say.js';
import type { ExtensionLog } from '../editor/outputs.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../../protocol/errors.js';

/** The one way in which anything that failed reaches a person. */
export class Problems {
  readonly #log: ExtensionLog;

  constructor(log: ExtensionLog) {
    this.#log = log;
  }

  /** One or two sentences with a way on. What the person cancelled says nothing. */
  show(error: unknown, doing: string): void {
    if (isCancelled(error)) return;
    this.note(error, doing);
    const { code } = toCodeManagerError(error);
    const actions = code === 'unavailable' || code === 'dependencyMissing' ? [RUN_DOCTOR, SHOW_LOG] : [SHOW_LOG];
    void say('error', errorText(error), ...actions).then((action) => {
      if (action === SHOW_LOG) this.#log.show();
      if (action === RUN_DOCTOR) void vscode.commands.executeCommand('codeManager.doctor.run');
    });
  }

  /** For the log only. */
  note(error: unknown, doing: string): void {
    const stack = error instanceof Error && !(error instanceof CodeManagerError) ? error.stack : undefined;
    this.#log.error(`${doing}: ${stack ?? errorText(error)}`);
  }
}

const SHOW_LOG = 'Show Log';
const RUN_DOCTOR = 'Run Doctor';

export function isCancelled(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof CodeManagerError && error.code === 'cancelled');
}
