import { installAgent, type AgentVersion } from '../agents/home.js';
import type { ToolCall } from '../model/script.js';
import type { Mark } from './timeline.js';

type Drawn = (Mark & { readonly type: 'drawn' })['what'];

/** A real program and how a person works with it. */
export interface Program {
  readonly name: AgentVersion;
  /** Id of its tool. */
  readonly tool: string;
  /** Arguments that belong to its command. */
  readonly args: readonly string[];
  /** Asks before it runs, creates and edits anything. */
  readonly mode: string;
  readonly trusts: boolean;
  /** Directive for a command that it asks about. */
  readonly bash: 'bash' | 'bashesc';
  /** It can ask questions of its own. */
  readonly asks: boolean;
  /** Equal requests in a row that it takes for no loop. */
  readonly batch: number;
  /** What it asks is known exactly also where it does not fit into one row of its dialog. */
  readonly isLongKnown: boolean;
  /** Its conversations are read from its own files. */
  readonly keepsConversation: boolean;
  readonly keys: { readonly yes: readonly string[]; readonly no: readonly string[]; readonly first: readonly string[] };
  readonly exit: string;
  /** Found in what it has drawn, without blanks, when it shows that. */
  readonly drawn: Readonly<Record<Drawn, RegExp>>;
}

const KEYS = { yes: ['Enter'], no: ['Escape'], first: ['Enter'] } as const;

const CLAUDE = {
  tool: 'claude',
  args: [],
  mode: 'default',
  trusts: true,
  bash: 'bash',
  batch: 5,
  isLongKnown: true,
  keepsConversation: true,
  keys: { ...KEYS, first: ['1'] },
  exit: '/exit',
  drawn: {
    trust: /trustthisfolder/i,
    ready: /forshortcuts|shift\+tab|❯Try"/,
    permission: /Doyouwantto/,
    question: /Entertoselect/,
  },
} as const;

export const PROGRAMS: readonly Program[] = [
  { ...CLAUDE, name: 'claude', asks: true },
  { ...CLAUDE, name: 'claude-old', asks: false },
  {
    name: 'codex',
    tool: 'codex',
    args: ['--no-daemon'],
    mode: 'read-only',
    trusts: true,
    bash: 'bashesc',
    asks: false,
    batch: 5,
    isLongKnown: true,
    keepsConversation: true,
    keys: KEYS,
    exit: '/quit',
    drawn: {
      trust: /Trustandcontinue/,
      ready: /AskCodexto/,
      permission: /Wouldyouliketo/,
      question: /Question\d/,
    },
  },
  {
    name: 'gemini',
    tool: 'gemini',
    args: [],
    mode: 'default',
    trusts: true,
    bash: 'bash',
    asks: true,
    batch: 3,
    isLongKnown: false,
    keepsConversation: true,
    keys: KEYS,
    exit: '/quit',
    drawn: {
      trust: /Trustfolder/,
      ready: /Typeyourmessage/,
      permission: /Allowexecution|Applythischange|Allowonce/,
      question: /AnswerQuestions/,
    },
  },
  {
    name: 'opencode',
    tool: 'opencode',
    args: [],
    mode: 'build',
    trusts: false,
    bash: 'bash',
    asks: true,
    batch: 5,
    isLongKnown: true,
    keepsConversation: true,
    keys: { ...KEYS, first: ['1', 'Enter'] },
    exit: '/exit',
    drawn: {
      trust: /(?!)/,
      ready: /Askanything/,
      permission: /Permissionrequired|Allowonce/,
      question: /escdismiss/,
    },
  },
  {
    name: 'copilot',
    tool: 'copilot',
    args: [],
    mode: 'interactive',
    trusts: true,
    bash: 'bash',
    asks: true,
    batch: 5,
    isLongKnown: true,
    keepsConversation: false,
    keys: KEYS,
    exit: '/exit',
    drawn: {
      trust: /Doyoutrustthefiles/,
      ready: /\/commands/,
      permission: /Doyouwantto/,
      question: /Copilotneedsinformation/,
    },
  },
];

/** The newest version of each beside the pinned one, where that is another one, and what those versions are. */
export async function besideNewest(
  programs: readonly Program[],
): Promise<{ readonly programs: readonly Program[]; readonly versions: readonly string[] }> {
  const all: Program[] = [];
  const versions: string[] = [];
  for (const program of programs) {
    all.push(program);
    const name = program.name;
    // An older version of another one.
    if (name === 'claude-old' || name.endsWith('@newest')) continue;
    const newest = `${name}@newest` as AgentVersion;
    const [pinned, last] = [await installAgent(name), await installAgent(newest)];
    versions.push(`${name}: pinned ${pinned.version}, newest ${last.version}`);
    if (pinned.version !== last.version) all.push({ ...program, name: newest });
  }
  return { programs: all, versions };
}

const QUESTIONS: ReadonlySet<string> = new Set(['AskUserQuestion', 'question', 'ask_user']);
const FREE: ReadonlySet<string> = new Set(['Read', 'read', 'read_file', 'view']);

/** What the program has to ask a person before it does this. */
export function asksFor({ tool, input }: ToolCall): 'permission' | 'question' | null {
  if (QUESTIONS.has(tool)) return 'question';
  if (FREE.has(tool)) return null;
  // In its sandbox Codex runs what it likes.
  if (tool === 'exec_command') return JSON.stringify(input).includes('require_escalated') ? 'permission' : null;
  return 'permission';
}
