import * as vscode from 'vscode';
import { withPastedLines } from '../model/words.js';

/** Whether this browser has let us read its clipboard in this window: then it is read whenever something is pasted. */
let isReadable = vscode.env.uiKind === vscode.UIKind.Desktop;

/** What a person pastes into a box of one line, which leaves the line breaks out. */
export class Paste {
  #before: string;
  #mayLackLines = false;

  /** @param value what stands in the box at first */
  constructor(value: string) {
    this.#before = value;
  }

  /** Something of several words was pasted, and nobody could look how many lines it had. */
  get mayLackLines(): boolean {
    return this.#mayLackLines;
  }

  /** @returns what was pasted when it had several lines and could be read */
  async typed(value: string): Promise<string | undefined> {
    const isPasted = value.length - this.#before.length > 1;
    this.#before = value;
    if (value === '') this.#mayLackLines = false;
    if (!isPasted) return undefined;
    if (isReadable) return await this.whole(value);
    // A browser asks the person, or complains, before it lets anybody read the clipboard: not unless they want it.
    this.#mayLackLines ||= /\s/.test(value.trim());
    return undefined;
  }

  /** What stands in the box with the line breaks that it had on the clipboard; undefined when it had none. */
  async whole(value: string): Promise<string | undefined> {
    if (!isReadable && !this.#mayLackLines) return undefined;
    const clipboard = await vscode.env.clipboard.readText();
    if (clipboard !== '') isReadable = true;
    return withPastedLines(value, clipboard);
  }
}
