import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { parseStateReport, type StateReport } from './stateReports.js';

/** What a tool tells its terminal besides what is to be seen. Texts are one line, neutralised. */
export type TerminalSignal =
  | { readonly type: 'report'; readonly report: StateReport }
  /** OSC 0 and 2. */
  | { readonly type: 'title'; readonly title: string }
  /** OSC 9;4: it is at something, or no more. */
  | { readonly type: 'progress'; readonly active: boolean }
  /** OSC 9, 99 and 777. */
  | { readonly type: 'notification'; readonly text: string }
  | { readonly type: 'bell' };

const LONGEST = 8192;
const BEL = '\u0007';
const ESC = '\u001b';

/** Finds signals in raw terminal bytes, wherever they are cut. Keeps a few bytes of state, whatever they contain. */
export class SignalReader {
  /** `stringEscape`: behind an ESC inside a string. */
  #state: 'ground' | 'escape' | 'string' | 'stringEscape' = 'ground';
  /** Only an OSC is read; DCS, SOS, PM and APC are strings as well, which may contain anything. */
  #isOsc = false;
  #isTooLong = false;
  #body = '';

  /** Signals in the order in which they stand. */
  push(bytes: Uint8Array): TerminalSignal[] {
    // Latin-1 keeps one character a byte, so that nothing of other encodings can be cut wrongly.
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const signals: TerminalSignal[] = [];
    for (let at = 0; at < text.length;) at = this.#step(text, at, signals);
    return signals;
  }

  /** Reads on from an offset; gives the offset behind what was read. */
  #step(text: string, at: number, signals: TerminalSignal[]): number {
    switch (this.#state) {
      case 'ground': {
        const found = next(text, at, /[\x07\x1b]/g);
        if (text[found] === BEL) signals.push({ type: 'bell' });
        else if (text[found] === ESC) this.#state = 'escape';
        return found + 1;
      }
      case 'escape': {
        const char = text[at] ?? '';
        if (char === ESC) return at + 1;
        if (']PX^_'.includes(char)) this.#enter(char === ']');
        else this.#state = 'ground';
        return char === BEL ? at : at + 1;
      }
      case 'string': {
        // Control characters have no place in an OSC: it was none, and what follows is read anew.
        const end = next(text, at, this.#isOsc ? /[\x00-\x1f\x7f]/g : /[\x18\x1a\x1b]/g);
        if (this.#isOsc) this.#append(text.slice(at, end));
        if (text[end] === ESC) this.#state = 'stringEscape';
        else if (end < text.length) this.#state = 'ground';
        if (text[end] === BEL) this.#end(signals);
        return end + 1;
      }
      case 'stringEscape': {
        if (text[at] !== '\\') {
          this.#state = 'escape';
          return at;
        }
        this.#state = 'ground';
        this.#end(signals);
        return at + 1;
      }
    }
  }

  #enter(isOsc: boolean): void {
    this.#state = 'string';
    this.#isOsc = isOsc;
    this.#isTooLong = false;
    this.#body = '';
  }

  #append(text: string): void {
    this.#isTooLong ||= this.#body.length + text.length > LONGEST;
    this.#body = this.#isTooLong ? '' : this.#body + text;
  }

  #end(signals: TerminalSignal[]): void {
    const signal = this.#isOsc && !this.#isTooLong ? parse(this.#body) : undefined;
    this.#body = '';
    if (signal) signals.push(signal);
  }
}

function next(text: string, from: number, pattern: RegExp): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function parse(body: string): TerminalSignal | undefined {
  const semicolon = body.indexOf(';');
  const rest = body.slice(semicolon + 1);
  switch (semicolon < 0 ? '' : body.slice(0, semicolon)) {
    case '0':
    case '2':
      return { type: 'title', title: line(rest) };
    case '9': {
      const progress = /^4;(\d)/.exec(rest);
      if (progress) return { type: 'progress', active: progress[1] !== '0' };
      // ConEmu's other commands are no words for people.
      return /^\d+(?:;|$)/.test(rest) ? undefined : notification(rest);
    }
    case '99': {
      const [metadata = '', ...payload] = rest.split(';');
      // A question what the terminal can do is no notification.
      return /(?:^|:)p=\?(?::|$)/.test(metadata) ? undefined : notification(payload.join(';'));
    }
    case '777':
      return rest.startsWith('notify;') ? notification(rest.slice('notify;'.length).replace(';', ': ')) : undefined;
    case '7501': {
      const report = parseStateReport(rest);
      return report && { type: 'report', report };
    }
    default:
      return undefined;
  }
}

function notification(text: string): TerminalSignal | undefined {
  const shown = line(text);
  return shown === '' ? undefined : { type: 'notification', text: shown };
}

function line(latin1: string): string {
  return truncate(stripTerminal(Buffer.from(latin1, 'latin1').toString('utf8')).trim(), 200);
}
