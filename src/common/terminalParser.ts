/**
 * Receives what a terminal stream consists of, in order. `control` and `sequence` may return true: the parser then
 * stops behind that element, so that the caller can give the rest of the stream to somebody else.
 */
export interface TerminalSink {
  /** Printable text: the part of `source` from `start` to `end`. */
  text(source: string, start: number, end: number): void;
  /** One control character (C0, DEL, C1 that starts no sequence) or invisible character that directs text. */
  control(code: number): boolean | undefined;
  /** A complete `CSI` sequence (`body`: all behind the introducer) or two-character escape (`body`: all behind ESC). */
  sequence(kind: 'csi' | 'escape', body: string): boolean | undefined;
}

type State = 'ground' | 'escape' | 'csi' | 'string';

/** What is not plain printable text: C0, DEL, C1, and marks, embeddings, overrides, isolates and separators of lines. */
export const INVISIBLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
/** Inside a string (OSC, DCS, APC, PM, SOS) only these matter: BEL, CAN, SUB, ESC, ST. */
const STRING_END = /[\x07\x18\x1a\x1b\x9c]/g;

/** No real control sequence is longer; the rest of a longer one is dropped with it. */
const MAX_SEQUENCE = 256;
/** A string that never ends must not hide the rest of a stream for ever. */
const MAX_STRING = 8 * 1024 * 1024;

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BEL = 0x07;
const CSI = 0x9b;
/** DCS, SOS, OSC, PM, APC in their 8-bit form. */
const STRINGS_8BIT: ReadonlySet<number> = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
/** The same behind ESC: `P`, `X`, `]`, `^`, `_`. */
const STRINGS_7BIT: ReadonlySet<number> = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);

/**
 * Splits a terminal stream into text, control characters and sequences. It takes the stream in pieces of any size, cut
 * anywhere, and keeps a few bytes of state, whatever the stream contains.
 */
export class TerminalParser {
  #state: State = 'ground';
  /** What is known of the sequence in progress. */
  #body = '';
  /** Characters swallowed of the string in progress; BEL ends only an OSC. */
  #swallowed = 0;
  #endsWithBell = false;

  /** True between elements, when no sequence is in progress. */
  get isIdle(): boolean {
    return this.#state === 'ground';
  }

  /** Parses `source` from `start` on; gives the offset behind the last element read (less than the length when stopped). */
  push(source: string, sink: TerminalSink, start = 0): number {
    let at = start;
    while (at < source.length) {
      if (this.#state === 'string') {
        at = this.#skipString(source, at);
        continue;
      }
      if (this.#state === 'ground') {
        INVISIBLE.lastIndex = at;
        const end = INVISIBLE.exec(source)?.index ?? source.length;
        if (end > at) sink.text(source, at, end);
        at = end;
        if (at >= source.length) break;
      }
      const code = source.charCodeAt(at);
      const csiEnd = code === ESC && source.charCodeAt(at + 1) === 0x5b ? endOfCsi(source, at + 2) : 0;
      if (csiEnd > 0) {
        // The usual case, a whole sequence in one piece, without a step for every character.
        this.reset();
        if (sink.sequence('csi', source.slice(at + 2, csiEnd)) === true) return csiEnd;
        at = csiEnd;
        continue;
      }
      const stop = this.#step(code, sink);
      // A character that broke a sequence off without belonging to it is read again as text.
      if (stop === 'again') continue;
      at++;
      if (stop === true) return at;
    }
    return at;
  }

  /** Forgets a sequence in progress. */
  reset(): void {
    this.#state = 'ground';
    this.#body = '';
  }

  #step(code: number, sink: TerminalSink): boolean | 'again' | undefined {
    if (code === ESC) {
      this.#enter('escape');
      return false;
    }
    if (code === CAN || code === SUB) {
      this.reset();
      return false;
    }
    if (code === CSI) {
      this.#enter('csi');
      return false;
    }
    if (STRINGS_8BIT.has(code)) {
      this.#enterString(code === 0x9d);
      return false;
    }
    if (this.#state === 'ground') return sink.control(code);
    // Control characters inside a sequence act as if they came before it.
    if (code < 0x20) return sink.control(code) === true ? this.#interrupted() : false;
    if (code === 0x7f) return false;
    if (code > 0x7f) {
      this.reset();
      return 'again';
    }
    return this.#state === 'escape' ? this.#inEscape(code, sink) : this.#inCsi(code, sink);
  }

  #inEscape(code: number, sink: TerminalSink): boolean | undefined {
    if (this.#body === '') {
      if (code === 0x5b) {
        this.#enter('csi');
        return false;
      }
      if (STRINGS_7BIT.has(code)) {
        this.#enterString(code === 0x5d);
        return false;
      }
    }
    this.#append(code);
    if (code < 0x30) return false;
    const body = this.#body;
    this.reset();
    return sink.sequence('escape', body);
  }

  #inCsi(code: number, sink: TerminalSink): boolean | undefined {
    const isTooLong = this.#body.length >= MAX_SEQUENCE;
    this.#append(code);
    if (code < 0x40) return false;
    const body = this.#body;
    this.reset();
    return isTooLong ? false : sink.sequence('csi', body);
  }

  #append(code: number): void {
    if (this.#body.length < MAX_SEQUENCE) this.#body += String.fromCharCode(code);
  }

  #enter(state: 'escape' | 'csi'): void {
    this.#state = state;
    this.#body = '';
  }

  #enterString(endsWithBell: boolean): void {
    this.#state = 'string';
    this.#body = '';
    this.#swallowed = 0;
    this.#endsWithBell = endsWithBell;
  }

  /** A stop inside a sequence abandons it: whoever takes over begins with a clean state. */
  #interrupted(): true {
    this.reset();
    return true;
  }

  #skipString(source: string, at: number): number {
    STRING_END.lastIndex = at;
    const found = STRING_END.exec(source);
    const end = found?.index ?? source.length;
    this.#swallowed += end - at;
    if (this.#swallowed > MAX_STRING) {
      this.reset();
      return Math.max(at, end - (this.#swallowed - MAX_STRING));
    }
    if (!found) return end;
    const code = source.charCodeAt(end);
    // ESC begins the next sequence; `ESC \` is one that does nothing.
    if (code === ESC) this.#enter('escape');
    else if (code !== BEL || this.#endsWithBell) this.reset();
    else this.#swallowed++;
    return end + 1;
  }
}

/** The offset behind the sequence whose parameters begin at `start`; 0 when it is not whole, not regular or too long. */
function endOfCsi(source: string, start: number): number {
  const limit = Math.min(source.length, start + MAX_SEQUENCE);
  let areIntermediates = false;
  for (let at = start; at < limit; at++) {
    const code = source.charCodeAt(at);
    if (code >= 0x40 && code <= 0x7e) return at + 1;
    if (code < 0x20 || code > 0x3f || (areIntermediates && code >= 0x30)) return 0;
    areIntermediates ||= code < 0x30;
  }
  return 0;
}
