import type { CampaignCase } from '../helpers/campaign.js';

/** How a person has an agent. */
export const WAYS = ['file', 'alias', 'alias with variables', 'function'] as const;
export type Way = (typeof WAYS)[number];

/** What else stands in a person's files. */
export const RC_FILES = ['plain', 'prints', 'mask', 'away', 'hook', 'ends', 'replaces', 'variables'] as const;
export type RcFile = (typeof RC_FILES)[number];

interface Habit {
  readonly file: string;
  readonly set: (name: string, value: string) => string;
  readonly ways: Readonly<Record<Way, string>>;
  readonly rc: Readonly<Record<Exclude<RcFile, 'replaces' | 'variables'>, string>>;
}

const posix = (file: string, hook = ''): Habit => ({
  file,
  set: (name, value) => `export ${name}=${value}`,
  ways: {
    file: '',
    alias: "alias agent='~/other/agent --aliased'",
    'alias with variables': "alias agent='ACCOUNT=work CLAUDE_CONFIG_DIR=~/.work agent --more'",
    function: 'agent() { ACCOUNT=fn command agent --fn "$@"; }',
  },
  rc: {
    plain: '',
    prints: 'echo Welcome; env; printf "no newline"',
    mask: 'umask 027',
    away: 'cd /',
    hook,
    ends: 'set -e; false',
  },
});

const HOOK = 'my_hook() { export HOOKED=$PWD; }';

/** Ten login shells, with what people write into their files. */
export const SHELLS: Readonly<Record<string, Habit>> = {
  bash: posix('.bash_profile', `${HOOK}; PROMPT_COMMAND=my_hook`),
  zsh: posix('.zshrc', `${HOOK}; precmd_functions+=(my_hook)`),
  fish: {
    file: '.config/fish/config.fish',
    set: (name, value) => `set -gx ${name} ${value}`,
    ways: {
      file: '',
      alias: "alias agent='~/other/agent --aliased'",
      'alias with variables': "alias agent='ACCOUNT=work CLAUDE_CONFIG_DIR=~/.work command agent --more'",
      function: 'function agent; ACCOUNT=fn command agent --fn $argv; end',
    },
    rc: {
      plain: '',
      prints: 'echo Welcome; env; printf "no newline"',
      mask: 'umask 027',
      away: 'cd /',
      hook: 'function my_hook --on-event fish_prompt; set -gx HOOKED $PWD; end',
      ends: 'exec false',
    },
  },
  dash: posix('.profile'),
  ksh93: posix('.profile'),
  mksh: posix('.profile'),
  ash: posix('.profile'),
  yash: posix('.yash_profile', `${HOOK}; PROMPT_COMMAND=my_hook`),
  tcsh: {
    file: '.tcshrc',
    set: (name, value) => `setenv ${name} ${value}`,
    ways: {
      file: '',
      alias: 'alias agent ~/other/agent --aliased',
      'alias with variables': 'alias agent env ACCOUNT=work ~/bin/agent --more',
      // It has no functions; this is what people write in their place.
      function: "alias agent 'setenv ACCOUNT fn; ~/bin/agent --fn'",
    },
    rc: {
      plain: '',
      prints: 'echo Welcome; env',
      mask: 'umask 027',
      away: 'cd /',
      hook: "alias precmd 'setenv HOOKED $cwd'",
      ends: 'exit 3',
    },
  },
  elvish: {
    file: '.config/elvish/rc.elv',
    set: (name, value) =>
      `set-env ${name} ${value.replaceAll('"', '').replace('$HOME/bin:$PATH', '$E:HOME"/bin:"$E:PATH')}`,
    ways: {
      file: '',
      alias: 'fn agent {|@a| e:agent --aliased $@a }',
      'alias with variables': 'fn agent {|@a| set-env ACCOUNT work; e:agent --more $@a }',
      function: 'fn agent {|@a| set-env ACCOUNT fn; e:agent --fn $@a }',
    },
    rc: { plain: '', prints: 'echo Welcome', mask: '', away: 'cd /', hook: '', ends: 'exit 3' },
  },
};

export interface HabitInput {
  readonly shell: string;
  readonly rc: RcFile;
  readonly way: Way;
}

/** What is written below the home of a person with a habit. */
export function filesOf({ shell, rc, way }: HabitInput): Readonly<Record<string, string>> {
  const habit = SHELLS[shell];
  if (habit === undefined) throw new Error(`no shell ${shell}`);
  const files = (of: Habit, line: string): string =>
    [
      of.set(
        'PATH',
        of.file.endsWith('.fish') ? '$HOME/bin $PATH' : of.file === '.tcshrc' ? '$HOME/bin:$PATH' : '"$HOME/bin:$PATH"',
      ),
      of.set('FROM_RC', shell),
      ...(rc === 'variables'
        ? [of.set('ENV', 'production'), of.set('BASH_ENV', '/none'), of.set('MY_TERM', 'xterm')]
        : []),
      of.ways[way],
      line,
      '',
    ].join('\n');
  if (rc !== 'replaces') return { [habit.file]: files(habit, rc === 'variables' ? '' : habit.rc[rc]) };
  const [other, file] =
    shell === 'fish' ? (['zsh', '.zshrc'] as const) : (['fish', '.config/fish/config.fish'] as const);
  const second = SHELLS[other];
  if (second === undefined) throw new Error(`no shell ${other}`);
  return { [habit.file]: `exec ${other}\n`, [file]: files(second, '') };
}

/** Every shell with every file and every way. */
export const HABITS: readonly CampaignCase<HabitInput, string>[] = Object.keys(SHELLS).flatMap((shell) =>
  RC_FILES.flatMap((rc) =>
    WAYS.map((way) => ({
      id: `${shell}-${rc}-${way.replaceAll(' ', '-')}`,
      input: { shell, rc, way },
      expect: 'as the shell itself',
    })),
  ),
);
