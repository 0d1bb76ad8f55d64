import * as vscode from 'vscode';
import { DisposableStore, toDisposable } from '../../common/disposable.js';
import { Input, Pick } from '../editor/quickInputs.js';
import { interruption } from './interruption.js';
import { Paste } from './paste.js';

/** How a person left one step of several. */
export type StepResult<T> =
  | { readonly kind: 'next'; readonly value: T }
  | { readonly kind: 'button'; readonly button: vscode.QuickInputButton; readonly value: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'cancel' };

export interface StepOptions {
  readonly title: string;
  readonly step?: number;
  readonly totalSteps?: number;
  readonly placeholder?: string;
  readonly canGoBack?: boolean;
  readonly buttons?: readonly vscode.QuickInputButton[];
  /** The step is asked in between: whatever hides it leaves it for good. Others come back after such a step. */
  readonly interrupts?: boolean;
  /** Counts as left when it aborts. */
  readonly signal?: AbortSignal;
}

export interface PickStep<T extends vscode.QuickPickItem> extends StepOptions {
  /** Items that are there at once, or that are waited for with a progress bar. */
  readonly items: readonly T[] | Promise<readonly T[]>;
  readonly active?: (item: T) => boolean;
  /** Stays open while the person reads elsewhere. */
  readonly staysOpen?: boolean;
  /** An entry for what is typed, below the others; undefined where that means nothing. */
  readonly typed?: (value: string) => T | undefined;
  /** A button of an item; the list stays open. */
  readonly onItemButton?: (item: T, button: vscode.QuickInputButton) => void;
}

/** Shows a list. Rejects when the items do. */
export async function pickStep<T extends vscode.QuickPickItem>(options: PickStep<T>): Promise<StepResult<T>> {
  const store = new DisposableStore();
  const pick = store.add(new Pick<T>());
  const { editor } = pick;
  prepare(pick, options);
  editor.matchOnDescription = true;
  editor.matchOnDetail = true;
  editor.ignoreFocusOut = options.staysOpen ?? false;
  try {
    return await new Promise<StepResult<T>>((resolve, reject) => {
      listen(store, editor, () => '', options, resolve);
      let isAccepted = false;
      const accept = (): void => {
        const value = pick.active ?? (editor.value === '' ? firstItem(pick.items, options.active) : undefined);
        if (value !== undefined) resolve({ kind: 'next', value });
        // Who presses Enter ahead of the items means the one that will be on top.
        else isAccepted = true;
      };
      store.add(editor.onDidAccept(accept));
      let given: readonly T[] = [];
      store.add(
        editor.onDidChangeValue((value) => {
          isAccepted = false;
          if (options.typed === undefined) return;
          const typed = options.typed(value);
          pick.items = typed === undefined ? given : [...given, typed];
        }),
      );
      store.add(pick.onButton((item, button) => options.onItemButton?.(item, button)));
      const show = (items: readonly T[]): void => {
        const typed = options.typed?.(editor.value);
        given = items;
        pick.items = typed === undefined ? items : [...items, typed];
        const active = options.active === undefined ? undefined : items.find(options.active);
        if (active !== undefined) pick.active = active;
        editor.busy = false;
        if (isAccepted) accept();
      };
      if (options.items instanceof Promise) {
        editor.busy = true;
        options.items.then(show, reject);
      } else show(options.items);
      editor.show();
    });
  } finally {
    store.dispose();
  }
}

export interface PickManyStep<T extends vscode.QuickPickItem> extends StepOptions {
  readonly items: readonly T[];
  /** Has its check box ticked at first. */
  readonly picked: (item: T) => boolean;
}

/** Shows a list with check boxes; what was ticked when the person went on. */
export async function pickManyStep<T extends vscode.QuickPickItem>(
  options: PickManyStep<T>,
): Promise<StepResult<readonly T[]>> {
  const store = new DisposableStore();
  const pick = store.add(new Pick<T>());
  const { editor } = pick;
  prepare(pick, options);
  editor.canSelectMany = true;
  try {
    return await new Promise<StepResult<readonly T[]>>((resolve) => {
      listen(store, editor, () => '', options, resolve);
      store.add(editor.onDidAccept(() => resolve({ kind: 'next', value: pick.ticked })));
      pick.items = options.items;
      pick.ticked = options.items.filter(options.picked);
      editor.show();
    });
  } finally {
    store.dispose();
  }
}

/** The item that is on top when the list opens. */
function firstItem<T extends vscode.QuickPickItem>(
  items: readonly T[],
  isActive: ((item: T) => boolean) | undefined,
): T | undefined {
  const choices = items.filter(({ kind }) => kind !== vscode.QuickPickItemKind.Separator);
  return (isActive === undefined ? undefined : choices.find(isActive)) ?? choices[0];
}

export interface InputStep extends StepOptions {
  readonly prompt?: string;
  readonly value?: string;
  /** What is typed is not shown. */
  readonly password?: boolean;
  readonly validate?: (value: string) => string | undefined;
  /** Called while typing; a text that it returns takes the place of the dialog's end by a button. */
  readonly onValue?: (value: string) => Promise<string | undefined>;
  /** What is said below the box in place of the prompt, looked at first and after each change. */
  readonly hint?: () => string | undefined;
}

/** Asks for a line of text. Stays open while the person looks elsewhere, so that nothing typed is lost. */
export async function inputStep(options: InputStep): Promise<StepResult<string>> {
  const store = new DisposableStore();
  const input = store.add(new Input());
  const { editor } = input;
  prepare(input, options);
  editor.ignoreFocusOut = true;
  input.prompt = options.prompt;
  editor.value = options.value ?? '';
  editor.password = options.password ?? false;
  try {
    return await new Promise<StepResult<string>>((resolve) => {
      listen(store, editor, () => editor.value, options, resolve);
      const hint = (): void => {
        if (options.hint !== undefined) input.prompt = options.hint() ?? options.prompt;
      };
      hint();
      store.add(
        editor.onDidChangeValue((value) => {
          input.problem = value === '' ? undefined : options.validate?.(value);
          void options.onValue?.(value).then((text) => {
            if (text !== undefined) resolve({ kind: 'button', button: PASTED, value: text });
            else hint();
          });
          hint();
        }),
      );
      store.add(
        editor.onDidAccept(() => {
          const message = options.validate?.(editor.value);
          if (message === undefined) resolve({ kind: 'next', value: editor.value });
          else input.problem = message;
        }),
      );
      editor.show();
    });
  } finally {
    store.dispose();
  }
}

const LINES_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('word-wrap'),
  tooltip: 'Keep Line Breaks',
};
const LINES_KEPT = 'The line breaks of what was pasted are kept.';
const LINES_LACK = 'Pasted as one line. Keep Line Breaks, the button above, reads them from the clipboard.';
const LINES_LOST = 'Its line breaks are not known: the clipboard has none, or the browser does not let it be read.';

/**
 * Asks for a text for an agent. What is pasted keeps its line breaks, which a box of one line does not show. A browser
 * lets the clipboard be read only when the person asks for it.
 */
export async function textStep(
  options: Omit<InputStep, 'buttons' | 'hint' | 'onValue' | 'password'>,
): Promise<StepResult<string>> {
  let value = options.value ?? '';
  let isLost = false;
  const paste = new Paste(value);
  for (;;) {
    const result = await inputStep({
      ...options,
      value,
      buttons: vscode.env.uiKind === vscode.UIKind.Web ? [LINES_BUTTON] : [],
      onValue: async (typed) => {
        isLost = false;
        await paste.typed(typed);
        return undefined;
      },
      hint: () => (isLost ? LINES_LOST : paste.mayLackLines ? LINES_LACK : paste.hasLines ? LINES_KEPT : undefined),
    });
    if (result.kind === 'next') return { kind: 'next', value: await paste.text(result.value) };
    if (result.kind !== 'button') return result;
    value = result.value;
    isLost = (await paste.whole(value).catch(() => undefined)) === undefined;
  }
}

/** Stands for a button when the person pasted something that does not fit into one line. */
export const PASTED: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('clippy') };

type Editor = Pick<vscode.QuickPickItem>['editor'] | Input['editor'];

function prepare(input: Pick<vscode.QuickPickItem> | Input, options: StepOptions): void {
  const { editor } = input;
  input.title = options.title;
  editor.step = options.step;
  editor.totalSteps = options.totalSteps;
  input.placeholder = options.placeholder;
  editor.buttons = [...(options.canGoBack === true ? [vscode.QuickInputButtons.Back] : []), ...(options.buttons ?? [])];
}

function listen<T>(
  store: DisposableStore,
  input: Editor,
  value: () => string,
  { interrupts = false, signal }: StepOptions,
  resolve: (result: StepResult<T>) => void,
): void {
  store.add(
    input.onDidTriggerButton((button) =>
      resolve(button === vscode.QuickInputButtons.Back ? { kind: 'back' } : { kind: 'button', button, value: value() }),
    ),
  );
  const leave = (): void => resolve({ kind: 'cancel' });
  signal?.addEventListener('abort', leave, { once: true });
  store.add(toDisposable(() => signal?.removeEventListener('abort', leave)));
  store.add(
    input.onDidHide(() => {
      if (interrupts || !interruption.isRunning) leave();
    }),
  );
  if (!interrupts) store.add(interruption.onOver(() => input.show()));
}
