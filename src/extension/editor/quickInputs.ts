import * as vscode from 'vscode';
import { labelText, oneLine, promptText } from '../../view/plainText.js';

/**
 * The only way to a quick input. What is set on one of these may hold what an agent, a host or a file says: the editor
 * gets it as one line in which nothing is a link or an icon.
 */

const TITLE_LENGTH = 400;

/** Items by those that the editor has of them. */
type Shown<T> = Map<vscode.QuickPickItem, T>;

/** A list to choose from. */
export class Pick<T extends vscode.QuickPickItem> {
  readonly #pick = vscode.window.createQuickPick();
  #shown: Shown<T> = new Map();

  get editor(): Omit<
    vscode.QuickPick<vscode.QuickPickItem>,
    'title' | 'placeholder' | 'prompt' | 'items' | 'activeItems' | 'selectedItems' | 'onDidTriggerItemButton'
  > {
    return this.#pick;
  }

  set title(text: string) {
    this.#pick.title = oneLine(text, TITLE_LENGTH);
  }

  set placeholder(text: string | undefined) {
    this.#pick.placeholder = text === undefined ? undefined : oneLine(text, TITLE_LENGTH);
  }

  get items(): readonly T[] {
    return [...this.#shown.values()];
  }

  set items(items: readonly T[]) {
    this.#shown = new Map(items.map((item) => [shownItem(item), item]));
    this.#pick.items = [...this.#shown.keys()];
  }

  get active(): T | undefined {
    const [item] = this.#pick.activeItems;
    return item === undefined ? undefined : this.#shown.get(item);
  }

  set active(item: T | undefined) {
    this.#pick.activeItems = [...this.#shown].flatMap(([shown, own]) => (own === item ? [shown] : []));
  }

  /** The items whose check boxes are ticked. */
  get ticked(): readonly T[] {
    return this.#pick.selectedItems.flatMap((item) => this.#shown.get(item) ?? []);
  }

  set ticked(items: readonly T[]) {
    this.#pick.selectedItems = [...this.#shown].flatMap(([shown, own]) => (items.includes(own) ? [shown] : []));
  }

  onButton(listener: (item: T, button: vscode.QuickInputButton) => void): vscode.Disposable {
    return this.#pick.onDidTriggerItemButton(({ item, button }) => {
      const own = this.#shown.get(item);
      if (own !== undefined) listener(own, button);
    });
  }

  dispose(): void {
    this.#pick.dispose();
  }
}

function shownItem(item: vscode.QuickPickItem): vscode.QuickPickItem {
  return {
    label: labelText(item.label),
    ...(item.kind === undefined ? {} : { kind: item.kind }),
    ...(item.iconPath === undefined ? {} : { iconPath: item.iconPath }),
    ...(item.buttons === undefined ? {} : { buttons: item.buttons }),
    ...(item.alwaysShow === undefined ? {} : { alwaysShow: item.alwaysShow }),
    ...(item.description === undefined ? {} : { description: labelText(item.description) }),
    ...(item.detail === undefined ? {} : { detail: labelText(item.detail) }),
  };
}

/** A line to type. What is typed, and `value`, is the person's. */
export class Input {
  readonly #input = vscode.window.createInputBox();

  get editor(): Omit<vscode.InputBox, 'title' | 'placeholder' | 'prompt' | 'validationMessage'> {
    return this.#input;
  }

  set title(text: string) {
    this.#input.title = oneLine(text, TITLE_LENGTH);
  }

  set placeholder(text: string | undefined) {
    this.#input.placeholder = text === undefined ? undefined : oneLine(text, TITLE_LENGTH);
  }

  /** Below the box. */
  set prompt(text: string | undefined) {
    this.#input.prompt = text === undefined ? undefined : promptText(text);
  }

  /** What is wrong with what is typed. */
  set problem(text: string | undefined) {
    this.#input.validationMessage = text === undefined ? undefined : promptText(text);
  }

  dispose(): void {
    this.#input.dispose();
  }
}
