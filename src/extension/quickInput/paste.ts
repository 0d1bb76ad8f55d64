import * as vscode from 'vscode';
import { withAllLines, withPastedLines } from '../model/typedText.js';

/** Whether this browser has let us read its clipboard in this window: then it is read whenever something is pasted. */
let isReadable = vscode.env.uiKind === vscode.UIKind.Desktop;

/** What a person pastes into a box of one line, which leaves the line breaks out. */
export class Paste {
  #before: string;
  #mayLackLines = false;
  /** What was pasted and had several lines. */
  readonly #read: string[] = [];
  #reading: Promise<unknown> = Promise.resolve();

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
    if (isReadable) {
      const reading = this.whole(value);
      this.#reading = Promise.allSettled([this.#reading, reading]);
      return await reading;
    }
    // A browser asks the person, or complains, before it lets anybody read the clipboard: not unless they want it.
    this.#mayLackLines ||= /\s/.test(value.trim());
    return undefined;
  }

  /** What stands in the box with the line breaks that it had on the clipboard; undefined when it had none. */
  async whole(value: string): Promise<string | undefined> {
    if (!isReadable && !this.#mayLackLines) return undefined;
    const clipboard = await vscode.env.clipboard.readText();
    if (clipboard !== '') isReadable = true;
    const whole = withPastedLines(value, clipboard);
    if (whole !== undefined) {
      this.#read.push(clipboard);
      this.#mayLackLines = false;
    }
    return whole;
  }

  /** Something that was pasted has line breaks, and they are known. */
  get hasLines(): boolean {
    return this.#read.length > 0;
  }

  /** What stands in the box, whatever was typed around it, with the line breaks of all that was pasted. */
  async text(value: string): Promise<string> {
    await this.#reading;
    return withAllLines(value, this.#read);
  }
}
