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

/**
 * What a report says; undefined when it is none.
 *
 * @param body what stands between `7501;` and its end
 */
export function parseStateReport(body: string): StateReport | undefined {
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
