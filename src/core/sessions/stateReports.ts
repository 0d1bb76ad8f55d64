import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';

/** A tool's own word about its state: `ESC ] 7501 ; state=S:kind=K:msg=BASE64 ESC \`. */
export interface StateReport {
  readonly state: 'idle' | 'working' | 'blocked' | 'done' | 'error' | 'clear';
  readonly kind: 'permission' | 'question' | 'auth' | null;
  /** One line, neutralised. */
  readonly message: string;
}

const STATES: ReadonlySet<string> = new Set(['idle', 'working', 'blocked', 'done', 'error', 'clear']);
const START = '\u001b]7501;';
const LONGEST = 8192;

function parse(body: string): StateReport | undefined {
  const fields = new Map(
    body.split(':').flatMap((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [] : [[part.slice(0, equals), part.slice(equals + 1)] as const];
    }),
  );
  const state = fields.get('state');
  if (state === undefined || !STATES.has(state)) return undefined;
  const kind = fields.get('kind');
  const message = Buffer.from(fields.get('msg') ?? '', 'base64').toString('utf8');
  return {
    state: state as StateReport['state'],
    kind: kind === 'permission' || kind === 'question' || kind === 'auth' ? kind : null,
    message: truncate(stripTerminal(message).trim(), 200),
  };
}

/** Finds state reports in raw terminal bytes, also when one is cut between two chunks. */
export class StateReportReader {
  #rest = '';

  /** Reports in the order in which they stand. */
  push(bytes: Uint8Array): StateReport[] {
    // Latin-1 keeps one character a byte, so that nothing of other encodings can be cut wrongly; reports are ASCII.
    let text = this.#rest + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    this.#rest = '';
    const reports: StateReport[] = [];
    for (;;) {
      const start = text.indexOf(START);
      if (start < 0) {
        const partial = text.lastIndexOf('\u001b');
        if (partial >= 0 && START.startsWith(text.slice(partial))) this.#rest = text.slice(partial);
        return reports;
      }
      const body = text.slice(start + START.length);
      // BEL or ST ends it; any other control character means that it was no report.
      const end = body.search(/[\x00-\x1f\x7f]/);
      if (end < 0) {
        if (body.length <= LONGEST) this.#rest = text.slice(start);
        return reports;
      }
      if (body[end] === '\u001b' && end === body.length - 1) {
        this.#rest = text.slice(start);
        return reports;
      }
      if (body[end] === '\u0007' || body.startsWith('\u001b\\', end)) {
        const report = parse(body.slice(0, end));
        if (report) reports.push(report);
      }
      text = body.slice(end);
    }
  }
}
