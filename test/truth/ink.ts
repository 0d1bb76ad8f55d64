import { closeSync, openSync, readSync } from 'node:fs';

/** No dialog is as long; what is older is forgotten. */
const KEPT = 256 * 1024;

/** What a program writes to its terminal, read from the session's log beside the product. */
export class Ink {
  readonly #path: string;
  readonly #decoder = new TextDecoder();
  readonly #buffer = Buffer.alloc(256 * 1024);
  #offset = 0;
  #text = '';
  /** When something came last, by `performance.now()`. */
  lastGrowth = performance.now();

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes what is new. */
  read(): void {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return;
    }
    for (;;) {
      const length = readSync(file, this.#buffer, 0, this.#buffer.length, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      this.#text += this.#decoder.decode(this.#buffer.subarray(0, length), { stream: true });
      this.lastGrowth = performance.now();
    }
    closeSync(file);
    if (this.#text.length > KEPT) this.#text = this.#text.slice(-KEPT);
  }

  /** What came before is not looked at any more. */
  forget(): void {
    this.#text = '';
  }

  shows(pattern: RegExp): boolean {
    return pattern.test(bare(this.#text));
  }
}

/** Without control sequences and blanks: programs move the cursor where others write blanks. */
function bare(text: string): string {
  return text.replace(/\x1b\][^]*?(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b.|[\x00-\x20\xa0]/g, '');
}
