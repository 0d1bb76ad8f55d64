import type { Context } from '../protocol/context.js';
import type { Session } from '../protocol/session.js';
import type { Description } from '../protocol/word.js';

const KEYS = ['agent', 'context', 'machine', 'tag', 'state'] as const;
type Key = (typeof KEYS)[number];

/** Which sessions are shown: every term must match. */
export interface SessionFilter {
  /** As the person typed it. */
  readonly source: string;
  readonly terms: readonly Term[];
}

interface Term {
  readonly key: Key | 'text';
  readonly value: string;
}

/**
 * Reads words and `agent:claude context:api machine:build-box tag:web state:working`; quotes hold words together.
 *
 * @returns undefined when nothing is asked for
 */
export function parseFilter(source: string): SessionFilter | undefined {
  const terms = [...source.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi)].flatMap((match): Term[] => {
    const name = match[1]?.toLowerCase();
    const value = (match[2] ?? match[3] ?? '').toLowerCase();
    const key = KEYS.find((known) => known === name);
    if (key !== undefined) return value === '' ? [] : [{ key, value }];
    const text = name === undefined ? value : `${name}:${value}`;
    return text === '' ? [] : [{ key: 'text', value: text }];
  });
  return terms.length === 0 ? undefined : { source: source.trim(), terms };
}

export interface Filterable {
  readonly session: Session;
  readonly description: Description;
  readonly context: Context | undefined;
  readonly machineName: string;
}

export function matchesFilter(filter: SessionFilter | undefined, row: Filterable): boolean {
  return filter === undefined || filter.terms.every(({ key, value }) => valuesOf(key, row).some(has(value)));
}

function has(value: string): (text: string) => boolean {
  return (text) => text.toLowerCase().includes(value);
}

function valuesOf(key: Key | 'text', { session, description, context, machineName }: Filterable): readonly string[] {
  switch (key) {
    case 'agent':
      return [session.tool];
    case 'context':
      return [session.contextName];
    case 'machine':
      return [machineName];
    case 'tag':
      return context?.tags ?? [];
    case 'state':
      return [description.word, description.word.replace(' ', '-')];
    case 'text':
      return [
        session.name,
        session.task,
        session.tool,
        session.contextName,
        machineName,
        description.word,
        description.detail,
        session.id,
      ];
  }
}
