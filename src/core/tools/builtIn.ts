import { Tool } from '../../protocol/tool.js';
import written from './*.json?all';

/** Behind all that have a rank. */
const LAST = 1_000;

/** The tools of this folder, in the order in which they are offered: by rank, then by name. */
export const BUILT_IN: readonly unknown[] = [...written].sort((a, b) => (a.rank ?? LAST) - (b.rank ?? LAST));

/** An expression of a built-in tool. */
export interface BuiltInPattern {
  /** Where it stands, e.g. `claude.screen.prompt`. */
  readonly field: string;
  readonly source: string;
  readonly flags: string;
}

/** Fields whose strings are no expressions. */
const WORDS = new Set([
  'id',
  'times',
  'reads',
  'words',
  'kind',
  'text',
  'action',
  'phase',
  'state',
  'layout',
  'label',
  'labels',
  'keys',
  'bell',
]);

/** Every expression in the data of the built-in tools, what they leave to the defaults included. */
export function builtInPatterns(): readonly BuiltInPattern[] {
  return BUILT_IN.flatMap((written) => {
    const { id, startup, screen, signals } = Tool.parse(written);
    return patternsIn({ startup, screen, signals }, id);
  });
}

/** The expressions in the data of a tool. */
export function patternsIn(value: unknown, field: string): readonly BuiltInPattern[] {
  if (typeof value === 'string') return [{ field, source: value, flags: field.includes('.roles.') ? 'iu' : 'mu' }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    WORDS.has(name) ? [] : patternsIn(inner, `${field}.${name}`),
  );
}
