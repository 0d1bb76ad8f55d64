import * as z from 'zod';
import { stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';

/** The longest name of a field that is repeated, in letters: it may come from anybody. */
const MAX_FIELD = 80;
/** So many of a file's faults are told. */
const MAX_FAULTS = 3;

/** What is said of a field that is not there. */
const MISSING = 'is missing';

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  url: 'has to be an address',
  datetime: 'has to be a time like 2026-01-31T12:00:00Z',
};

/** What is counted in a text, a list and an object. */
const UNITS: Readonly<Record<string, string>> = { string: 'letter', array: 'entry', set: 'entry', object: 'field' };
const PLURALS: Readonly<Record<string, string>> = { letter: 'letters', entry: 'entries', field: 'fields' };

/**
 * What every schema says of a value that it does not take, where it has no words of its own: what follows the name of
 * the field. Schemas with words of their own have either such a clause or a whole sentence, which begins with a capital.
 */
z.config({ customError: clauseFor });

function clauseFor(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? MISSING : `has to be ${KINDS[issue.expected] ?? 'of another kind'}`;
    case 'invalid_value':
      return issue.input === undefined ? MISSING : `has to be ${oneOf(issue.values)}`;
    case 'invalid_union':
      return typeof issue['discriminator'] === 'string' && Array.isArray(issue['options'])
        ? `has to be ${oneOf(issue['options'])}`
        : 'is nothing that can stand there';
    case 'too_small':
      return issue.origin === 'string' && Number(issue.minimum) === 1
        ? 'cannot be empty'
        : sizeClause('least', issue.origin, Number(issue.minimum));
    case 'too_big':
      return sizeClause('most', issue.origin, Number(issue.maximum));
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'does not have the form that is needed';
    case 'unrecognized_keys':
      return `has something that is not known: ${issue.keys.map(shown).join(', ')}`;
    case 'invalid_key':
      return 'has a name that cannot stand there';
    case 'not_multiple_of':
      return `has to be a multiple of ${String(issue.divisor)}`;
    case 'invalid_element':
    case 'custom':
      return 'is not right';
  }
}

function sizeClause(bound: 'least' | 'most', origin: string, limit: number): string {
  const unit = UNITS[origin];
  if (unit === undefined) return `has to be at ${bound} ${limit}`;
  return `has to have at ${bound} ${limit} ${limit === 1 ? unit : (PLURALS[unit] ?? unit)}`;
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map(String);
  const last = texts.at(-1) ?? '';
  return texts.length > 1 ? `${texts.slice(0, -1).join(', ')} or ${last}` : last;
}

/** Untrusted text for a message. */
function shown(text: string): string {
  return truncate(stripTerminal(text), MAX_FIELD);
}

/** What people call that of which they gave what cannot be; of anything else the name of the field is told. */
const CALLED: Readonly<Record<string, string>> = {
  session: 'The id of a session',
  context: 'The name of a context',
  machine: 'The name of a machine',
  rule: 'The id of a rule',
  token: 'The id of a token',
  tool: 'The id of an agent',
  label: 'An answer',
  labels: 'An answer',
  path: 'The path',
  keys: 'A key',
  command: 'The command',
  host: 'The host',
  hosts: 'The host',
  user: 'The user',
  port: 'The port',
  tmux: 'The path of tmux',
  setup: 'The command that sets up',
  worktree: 'The branch of the worktree',
  trustGit: 'The digest',
  timeoutMs: 'The time to wait',
};

/** `rule.hosts.0` is a host to who gave it. */
function called(field: string, isOfRightKind: boolean): string {
  if (field === '') return 'What was given';
  const last = field.split('.').findLast((part) => !/^\d+$/.test(part)) ?? '';
  return isOfRightKind && Object.hasOwn(CALLED, last) ? (CALLED[last] ?? '') : `The field ${field}`;
}

/** Only programs give a number for a text, or leave out what has to be there. */
function isOfRightKind(issue: Issue): boolean {
  if (issue.code === 'too_small' || issue.code === 'too_big') return ['string', 'number', 'int'].includes(issue.origin);
  return issue.code === 'invalid_format' || issue.code === 'custom';
}

interface Fault {
  /** `machine.port`; empty for the whole. */
  readonly field: string;
  /** A clause, or a sentence that begins with a capital. */
  readonly words: string;
  /** Only what it says is wrong. */
  readonly isOfRightKind: boolean;
}

/** What is wrong, where it is wrong: of several kinds that a value may be of, by the kind that it looks most like. */
function faultsOf(error: Pick<z.ZodError, 'issues'>): readonly Fault[] {
  return error.issues
    .flatMap((issue) => innermost(issue, []))
    .map(({ path, message, isOfRightKind }) => ({
      field: shown(path.map(String).join('.')),
      words: message,
      isOfRightKind,
    }));
}

type Issue = z.core.$ZodIssue;
type Found = Pick<Issue, 'path' | 'message'> & Pick<Fault, 'isOfRightKind'>;

function innermost(issue: Issue, above: readonly PropertyKey[]): readonly Found[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message, isOfRightKind: false }));
  if (issue.code !== 'invalid_union') return [{ path, message: issue.message, isOfRightKind: isOfRightKind(issue) }];
  const kinds = issue.errors
    .filter((issues) => !issues.some(isOfAnotherKind))
    .map((issues) => issues.flatMap((inner) => innermost(inner, path)))
    .sort((a, b) => distance(a) - distance(b));
  return kinds[0] ?? [{ path, message: issue.message, isOfRightKind: false }];
}

/** Whether a value is not even of the kind that has this fault. */
function isOfAnotherKind(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isOfAnotherKind));
  return issue.path.length === 0 || (issue.code === 'invalid_value' && issue.values.length === 1);
}

/** How far a value is from a kind: a field that is missing counts more than one that is wrong. */
function distance(found: readonly Found[]): number {
  return found.reduce((sum, { message }) => sum + (message === MISSING ? 10 : 1), 0);
}

function isSentence(words: string): boolean {
  return /^\p{Lu}/u.test(words);
}

/** The sentence that a person reads when something that was asked or given has not the shape that it needs. */
export function refusalText(error: Pick<z.ZodError, 'issues'>): string {
  const [fault] = faultsOf(error);
  if (fault === undefined) return 'What was given is not understood';
  const { field, words, isOfRightKind } = fault;
  if (isSentence(words)) return words;
  return `${called(field, isOfRightKind)} ${words}`;
}

/** The same as a clause, for what stands in a file: `machine.port has to be a number`. */
export function faultText(error: Pick<z.ZodError, 'issues'>): string {
  const faults = faultsOf(error);
  const told = faults.slice(0, MAX_FAULTS).map(({ field, words }) => {
    const clause = isSentence(words) ? `: ${words.charAt(0).toLowerCase()}${words.slice(1)}` : ` ${words}`;
    return `${field === '' ? 'it' : field}${clause}`;
  });
  const more = faults.length - told.length;
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
