import * as z from 'zod';
import { WireError } from './errors.js';

/**
 * `dial-stdio` begins with a line of its own: this and a {@link DialAnswer} as JSON. What a host's shell printed before
 * it is no part of the conversation; without an error the bytes of the server's socket follow the line.
 */
export const DIAL_MARKER = 'code-manager-dial-stdio/1 ';

export const DialAnswer = z.looseObject({ error: WireError.optional() });
export type DialAnswer = z.infer<typeof DialAnswer>;

export function dialLine(answer: DialAnswer): string {
  // The line break before it ends whatever a banner left unfinished.
  return `\n${DIAL_MARKER}${JSON.stringify(answer)}\n`;
}
