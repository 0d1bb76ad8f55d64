import { readText } from '../../common/files.js';
import { isMissing, reasonOf } from '../../common/systemError.js';

export type JsonObject = Record<string, unknown>;

/** What a file holds. `unreadable` has the reason, one sentence without the path. */
export type JsonRead =
  | { readonly kind: 'missing' }
  | { readonly kind: 'object'; readonly value: JsonObject; readonly text: string }
  | { readonly kind: 'bad'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Larger files hold no JSON of ours. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** Reads a file that should hold one JSON object. Never rejects, and never waits for what is no file. */
export async function readJsonObject(path: string, limit = MAX_JSON_BYTES): Promise<JsonRead> {
  let text: string;
  try {
    text = await readText(path, limit);
  } catch (error) {
    if (isMissing(error)) return { kind: 'missing' };
    return { kind: 'unreadable', reason: reasonOf(error) };
  }
  return parseJsonObject(text);
}

/** What a text is as a JSON object. */
export function parseJsonObject(text: string): JsonRead {
  if (text.trim() === '') return { kind: 'bad', reason: 'it is empty' };
  try {
    // Some editors begin a file with a byte order mark.
    const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
    if (isObject(value)) return { kind: 'object', value, text };
    return { kind: 'bad', reason: 'it does not hold an object' };
  } catch (error) {
    // The whole message quotes the text around the error, which may be a secret.
    const position = /position \d+/.exec(error instanceof Error ? error.message : '');
    return { kind: 'bad', reason: `it is not valid JSON${position === null ? '' : ` (at ${position[0]})`}` };
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON as it is written to disk: indented, so that people can read and change it. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
