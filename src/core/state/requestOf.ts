import { spelledLine } from '../../common/spelled.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { ScreenRequest } from '../../protocol/screen.js';

const LINE_LETTERS = 200;
const QUESTION_LETTERS = 500;

/** What is known of a request; what is not told is unknown. */
export type AskedParts = { readonly [K in keyof ScreenRequest]?: ScreenRequest[K] | undefined };

/** A request. Command and path stay to the byte what they are; what is only for people is made harmless. */
export function requestOf(parts: AskedParts): ScreenRequest {
  const { action, command, path, question, text, exact, folder, several, more, doubtful } = parts;
  return {
    action: action ?? null,
    command: command ?? null,
    path: path ?? null,
    question: question == null ? null : truncate(stripTerminal(question.replace(/\s+/gu, ' ')), QUESTION_LETTERS),
    text: spelledLine(text ?? command ?? question ?? path ?? '', LINE_LETTERS),
    ...(folder === undefined ? {} : { folder }),
    exact: exact ?? null,
    ...(several === true ? { several } : {}),
    ...(more === true ? { more } : {}),
    ...(doubtful === true ? { doubtful } : {}),
  };
}
