import { localDateTime } from '../common/text.js';
import type { PolicyDraft, RuleAction } from '../protocol/policy.js';

/** A part of a rule that a person can change before it is saved. */
export type RulePart = 'what' | 'where' | 'agent' | 'until' | 'count';

/** One other value of a part. */
export interface RuleChoice {
  readonly label: string;
  readonly change: Partial<PolicyDraft>;
  readonly isCurrent: boolean;
}

/** The session for which a rule is written. */
export interface RuleScene {
  readonly session: { readonly id: string; readonly name: string; readonly tool: string; readonly path: string };
  readonly contextId: string;
  readonly contextName: string;
  readonly toolName: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const DOING = {
  shell: 'run',
  edit: 'edit',
  create: 'create',
  read: 'read',
  network: 'reach',
  mcp: 'use tools',
  mode: 'change the mode',
  other: 'other requests',
  manage: 'manage sessions',
} as const satisfies Record<RuleAction, string>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PLAIN_WORD = /^[\w./:=@%+,-]+$/u;

/** A command's words as a person would type them. */
function commandText(words: readonly string[]): string {
  return words.map((word) => (PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** What each part of a rule says, in the order in which they are read. */
export function ruleParts(draft: PolicyDraft, scene: RuleScene): { readonly part: RulePart; readonly text: string }[] {
  const { context, session, tool, expires, max } = draft;
  const place =
    session !== null
      ? `in ${scene.session.name} only`
      : context !== null
        ? `in ${scene.contextName}`
        : 'in every context';
  const now = new Date(scene.now);
  return [
    { part: 'what', text: whatText(draft) },
    { part: 'where', text: place },
    {
      part: 'agent',
      text: tool === null ? 'any agent' : `only ${tool === scene.session.tool ? scene.toolName : tool}`,
    },
    { part: 'until', text: expires === null ? 'until it is removed' : `until ${localDateTime(expires, now)}` },
    { part: 'count', text: max === null ? 'however often' : max === 1 ? 'once' : `at most ${max} times` },
  ];
}

function whatText({ actions, command, path, hosts }: PolicyDraft): string {
  const doing = actions.map((action) => DOING[action]).join(', ') || 'everything';
  if (command !== null) return `${doing}: ${commandText(command)} … and what follows these words`;
  if (path !== null) return `${doing}: ${path} or below it`;
  if (hosts !== null) return `${doing}: ${hosts.join(', ')}`;
  return doing;
}

/** The values that a part can have, the narrowest first; fewer than two when there is nothing to choose. */
export function ruleChoices(part: RulePart, proposed: PolicyDraft, now: PolicyDraft, scene: RuleScene): RuleChoice[] {
  switch (part) {
    case 'what':
      return whatChoices(proposed, now, scene);
    case 'where':
      return [
        choice(`In ${scene.session.name} only`, { session: scene.session.id, context: null }, now),
        choice(`In ${scene.contextName}`, { session: null, context: scene.contextId }, now),
        choice('In every context of its machine', { session: null, context: null }, now),
      ];
    case 'agent':
      return [
        choice(`Only ${scene.toolName}`, { tool: scene.session.tool }, now),
        choice('Any agent', { tool: null }, now),
      ];
    case 'until': {
      const inMs = (ms: number): string => new Date(scene.now + ms).toISOString();
      return [
        choice('For an hour', { expires: inMs(HOUR) }, now),
        choice('For a day', { expires: inMs(DAY) }, now),
        choice('For a week', { expires: inMs(7 * DAY) }, now),
        choice('Until it is removed', { expires: null }, now),
      ];
    }
    case 'count':
      return [1, 10, 100, null].map((max) =>
        choice(max === null ? 'However often' : max === 1 ? 'Once' : `At most ${max} times`, { max }, now),
      );
  }
}

function whatChoices({ command, path }: PolicyDraft, now: PolicyDraft, { session }: RuleScene): RuleChoice[] {
  if (command !== null) {
    return command.map((_word, index) => {
      const words = command.slice(0, command.length - index);
      return choice(commandText(words), { command: words }, now);
    });
  }
  return path === null ? [] : scopesOf(path, session.path).map((scope) => choice(scope, { path: scope }, now));
}

/** A file and the folders around it, up to the folder of the session; of one elsewhere the folder that holds it. */
function scopesOf(path: string, folder: string): string[] {
  const parent = (of: string): string => of.slice(0, Math.max(1, of.lastIndexOf('/')));
  if (!path.startsWith(`${folder}/`)) return path.startsWith('/') && path !== '/' ? [path, parent(path)] : [path];
  const scopes = [path];
  for (let scope = parent(path); scope.length >= folder.length; scope = parent(scope)) scopes.push(scope);
  return scopes;
}

function choice(label: string, change: Partial<PolicyDraft>, now: PolicyDraft): RuleChoice {
  const isCurrent = Object.entries(change).every(
    ([key, value]) => JSON.stringify(value) === JSON.stringify(now[key as keyof PolicyDraft]),
  );
  return { label, change, isCurrent };
}
