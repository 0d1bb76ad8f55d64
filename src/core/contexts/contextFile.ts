import { homedir } from 'node:os';
import { basename } from 'node:path';
import { withoutUnseen } from '../../common/terminalText.js';
import { Context, Name } from '../../protocol/context.js';
import { faultText } from '../../protocol/refusal.js';
import { uniqueName } from '../store/names.js';
import { isObject, type JsonObject } from '../store/jsonFile.js';

/** Fields of a machine that hold a secret in clear text in files of other programs. */
const SECRET_FIELDS = ['authToken', 'token', 'password'] as const;
/** A time without a zone, as some writers leave it: local time. */
const NAIVE_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,3})\d*)?$/;

export interface ContextsRead {
  readonly contexts: readonly Context[];
  /** Entries as they have to be written back: id and what replaces them. */
  readonly changed: ReadonlyMap<string, JsonObject>;
  /** Secrets to move to the credentials, by context id. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

/**
 * Reads the entries of a contexts file one by one; a bad one costs only itself. What is old or ambiguous in an entry is
 * put right in `changed`: a name that is taken gets a number, a local time becomes UTC, a secret leaves.
 */
export function readContexts(entries: JsonObject): ContextsRead {
  const contexts: Context[] = [];
  const changed = new Map<string, JsonObject>();
  const secrets = new Map<string, string>();
  const problems: string[] = [];
  const names = new Set<string>();
  for (const [id, raw] of Object.entries(entries)) {
    const skip = (reason: string): void => {
      problems.push(`contexts.json: the entry "${id.slice(0, 60)}" is skipped: ${reason}`);
    };
    if (!isObject(raw)) {
      skip('it is not an object');
      continue;
    }
    if (raw['id'] !== undefined && raw['id'] !== id) {
      skip('its id differs from its key');
      continue;
    }
    const entry: JsonObject = { ...raw, id };
    const secret = takeSecret(entry);
    for (const key of ['created', 'lastUsed']) entry[key] = toUtc(entry[key]);
    if (entry['created'] === undefined) entry['created'] = new Date(0).toISOString();
    const parsed = Context.safeParse(entry);
    if (!parsed.success) {
      skip(faultText(parsed.error));
      continue;
    }
    const path = expandHome(parsed.data.path);
    const name = uniqueName(cleanName(parsed.data.name, path), names, ' ');
    const context: Context = { ...parsed.data, name, path };
    names.add(name);
    contexts.push(context);
    if (secret !== undefined) secrets.set(id, secret);
    // Only what had to be put right, in the order in which it was written.
    const repaired = { ...entry, name, path };
    if (JSON.stringify(repaired) !== JSON.stringify(raw)) changed.set(id, repaired);
  }
  return { contexts, changed, secrets, problems };
}

/** `~/x` as an absolute path; anything else as it is. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
}

function takeSecret(entry: JsonObject): string | undefined {
  const machine = entry['machine'];
  if (!isObject(machine)) return undefined;
  const rest = { ...machine };
  let secret: string | undefined;
  for (const field of SECRET_FIELDS) {
    const value = rest[field];
    if (typeof value !== 'string') continue;
    if (value !== '') secret ??= value;
    Reflect.deleteProperty(rest, field);
  }
  entry['machine'] = rest;
  return secret;
}

function toUtc(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = NAIVE_TIME.exec(value);
  if (match === null) return value;
  const time = new Date(`${match[1] ?? ''}T${match[2] ?? ''}${match[3] === undefined ? '' : `.${match[3]}`}`);
  return Number.isNaN(time.getTime()) ? value : time.toISOString();
}

/** The name as it is when it can be shown; else without what cannot, and never empty. */
function cleanName(name: string, path: string): string {
  const valid = Name.safeParse(name);
  if (valid.success) return valid.data;
  const cleaned = [...withoutUnseen(name)].slice(0, 80).join('').trim();
  const fallback = withoutUnseen(basename(path)).trim();
  return cleaned || fallback || 'context';
}
