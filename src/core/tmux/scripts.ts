import { createHash } from 'node:crypto';
import { keyBindings } from './bindings.js';
import { OWN_FILES } from '../store/ownFiles.js';
import { NEWLINE_OPTION } from './pane.js';
import { FOLDER_VARIABLE } from '../shell/firstPrompt.js';
import { GUARD_VARIABLES, SESSION_TERM } from '../shell/guardVariables.js';
import {
  hasRedirection,
  SET_VARIABLE,
  settingScript,
  TERMINAL_REDIRECTION,
  type ShellRun,
} from '../shell/throughShell.js';
import { canBeGiven } from '../tools/variables.js';
import { quotePosix } from '../../common/quote.js';
import { spelledLine } from '../../common/spelled.js';
import type { TmuxFeatures } from './version.js';

/** A tool that has not asked by then, after half a minute, never asks. */
const ANSWERS = 500;

/** In a log that is not the one that was written before. */
const REMADE_LINE = 'the log was removed or changed from outside; what was printed before this line is gone';

/**
 * What the pane runs: `sh launch.sh <id>`.
 *
 * - It takes the launch file away before it reads it: a session is never started twice. The file is read in the subshell
 *   that becomes the tool, so that a variable of the tool's is none of the launcher's, and is removed by its first line.
 * - Secrets travel in that file (0600), never in argv, and the tool sees nothing of our tmux: an agent that knows of it
 *   might end it, or speak to it instead of to a terminal. Its name is told: some tools ask for keys with modifiers, such
 *   as Shift+Enter, only of terminals whose name they know.
 * - The shell stays as the pane's process until the terminal has been read to its end; a pane whose process ends at
 *   once loses its last bytes now and then. Its traps are no-ops, not ignores: the tool gets the defaults. A hang-up ends
 *   it: when its terminal has gone, the system then tells the tool too.
 * - How the tool ended is written down before the pane ends: a shell tells signal 9 and `exit 137` apart only by the
 *   words it prints, so its own stderr goes to a file; the subshell, which becomes the tool, keeps the terminal. For
 *   SIGINT and SIGPIPE shells print nothing: those are told as exit 130 and 141.
 * - Whoever watches the folder from another host hears of it by the file of changes, where there is one.
 * - Where it cannot be written (the disk is full) tmux knows the exit code, and signals are told as 128 and more.
 */
export function launchScript(sessionsDirectory: string): string {
  return `umask 077
cd / || exit 126
dir=${quotePosix(sessionsDirectory)}
id=$1
${OWN_FILES}
own "$dir" || exit 126
mv -f "$dir/$id.launch" "$dir/$id.launched" 2>/dev/null && own "$dir/$id.launched" || exit 126
rm -f "$dir/$id.note"
set -C
exec 3>&2 2>"$dir/$id.note"
unset TMUX TMUX_PANE TERM_PROGRAM_VERSION
export TERM_PROGRAM=tmux
export COLORTERM=truecolor
trap : INT QUIT TERM USR1 USR2 ALRM
(set +C; exec 2>/dev/null; . "$dir/$id.launched")
code=$?
if [ "$code" -gt 128 ] && [ -s "$dir/$id.note" ]; then end="signal $((code - 128))"; else end="exit $code"; fi
sleep 0.1 2>/dev/null || sleep 1
own "$dir" || exit "$code"
rm -f "$dir/$id.note" "$dir/$id.exit.new"
{ printf '%s\\n' "$end" >"$dir/$id.exit.new" && mv -f "$dir/$id.exit.new" "$dir/$id.exit"; } 2>/dev/null
tell
exit "$code"
`;
}

/** What the terminal shows when a folder that was there cannot be worked in: what a shell says names our script. */
function cannotEnter(folder: string): string {
  return `The folder ${spelledLine(folder)} cannot be entered. Check who may, or start in another one.`;
}

/**
 * What `pipe-pane` runs: `sh pipe.sh <id> [gap FROM|answer]`. Appends the raw bytes to the log and says when the last one
 * is on disk, or that writing failed, with how many there were. After a gap a line in the log says so.
 *
 * With an offset FROM above 0 the log is not the one that was written before: it goes on at that offset, behind a hole,
 * and what is in its place is kept beside it, as is what is no file of ours.
 *
 * With `answer` what it prints is typed into the pane: that reports of a tool's state are read. A tool asks that and at
 * once what the terminal is (`CSI c`); tmux answers the second question and not the first, and sooner than anybody else
 * could. What was answered a moment before counts, so it is answered all the time from the tool's first escape sequence
 * until it has asked, which takes a second. What prints only lines gets nothing, as a script around the tool that asks
 * something itself.
 */
export function pipeScript(sessionsDirectory: string): string {
  return `umask 077
dir=${quotePosix(sessionsDirectory)}
log=$dir/$1.log
closed=$dir/$1.closed
exec 3>&1 >/dev/null
${OWN_FILES}
own "$dir" || exit 1
close() { if [ -e "$closed" ] || [ -L "$closed" ]; then rm -f "$closed"; fi; set -C; echo "$1" 2>/dev/null >"$closed"; tell; }
size() { echo $(($(wc -c <"$log"))); }
aside() { mv -f "$log" "$log.bad-$$"; }
rm -f "$closed"
free "$log" || aside || exit 1
if [ "\${3:-0}" -gt 0 ]; then
  # Another file: whoever still reads the one that was cut takes nothing of this one for what comes behind it.
  [ ! -s "$log" ] || aside
  rm -f "$log"
  : >>"$log"
  dd if=/dev/null of="$log" bs=1 count=0 seek="$3" 2>/dev/null
  if [ "$(size)" -lt "$3" ]; then close 0; exit 1; fi
  printf '\\r\\n[Code Manager: ${REMADE_LINE}]\\r\\n' >>"$log"
elif [ "$2" = gap ]; then
  printf '\\r\\n[Code Manager: output before this line may be missing; the log could not be written]\\r\\n' >>"$log"
fi
: >>"$log"
[ ! -f "$log" ] || exec 5<"$log"
tell
if [ "$2" = answer ]; then
  from=$(size)
  esc=$(printf '\\033')
  said() { tail -c "+$((from + 1))" "$log" | grep -qF "$esc$1"; }
  (
    n=0
    isUp=
    while [ "$n" -lt ${ANSWERS} ]; do
      n=$((n + 1))
      sleep 0.04 || break
      [ "$isUp" ] || { said '' && isUp=1; } || continue
      said '[c' && break
      printf '\\033]7501;?\\033\\\\' >&3
    done
  ) 2>/dev/null </dev/null &
fi
exec 3>&-
cat >>"$log"
# Who looks counts a log that is where it was; to do it here would start a process for each of many that end together.
if [ "$log" -ef /dev/fd/5 ] 2>/dev/null; then written=; else written=$(($(wc -c <&5))); fi
close "$written"
`;
}

export interface Launch {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** The whole environment of the tool, without what a terminal sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The mask with which it makes files. */
  readonly umask: number;
  /** The person's own shell runs it; `argv` is what that is started with. */
  readonly through?: ShellRun | undefined;
  /** A file that only its person may read, for the variable by which the tool hears of it. */
  readonly file?: { readonly variable: string; readonly path: string } | undefined;
}

/**
 * What a shell does not let be set, or changes by itself on the way to the tool: handed on by `env`, which becomes the
 * tool. Its arguments can be seen for a moment, as none of these is a secret.
 */
const HANDED_ON =
  /^(?:_|IFS|OPTIND|OPTARG|OPTERR|LINENO|S?RANDOM|SECONDS|EPOCH(?:SECONDS|REALTIME)|SHLVL|GROUPS|FUNCNAME|FUNCNEST|DIRSTACK|HISTCMD|HISTSIZE|COMP_WORDBREAKS|BASH_(?!ENV$).*|BASHPID|PIPESTATUS|COLUMNS|LINES|LANG|LC_.*|TMOUT|MAILCHECK|KSH_.*|KSH.ID|USER_ID|PGRP|GID|EGID|USERNAME|ERRNO|TTYIDLE|status|argv|path|histchars)$/;

/**
 * What ends a tool that a shell runs, and of which that shell tells only the status, is told as of any other: the
 * subshell ends in the same way. That of Ctrl+C is told as an exit, as always.
 */
const END_ALIKE = `code=$?
case $code in 129|13[124569]|137|139|143) trap - HUP QUIT TERM; ulimit -c 0; sh -c "kill -$((code - 128)) \\$PPID"; esac
exit "$code"`;

/** The launch file: read once by {@link launchScript}, in the subshell that becomes the tool. */
export function launchFile({ argv, env, cwd, umask, through, file }: Launch): string {
  const all = file === undefined ? env : { ...env, [file.variable]: file.path };
  const given = Object.entries(through === undefined ? all : shellVariables(all, through, cwd)).filter(
    ([name, value]) => canBeGiven(name, value),
  );
  const handed = given.filter(([name]) => HANDED_ON.test(name)).map(([name, value]) => `${name}=${value}`);
  const run = through !== undefined && hasRedirection(through.shell) ? `"$@" ${TERMINAL_REDIRECTION}` : '"$@"';
  return [
    'rm -f "$dir/$id.launched"',
    `cd -- ${quotePosix(cwd)} || { printf '%s\\n' ${quotePosix(cannotEnter(cwd))}; exit 126; }`,
    ...(file === undefined ? [] : [`: >${quotePosix(file.path)}`]),
    ...given.filter(([name]) => !HANDED_ON.test(name)).map(([name, value]) => `export ${name}=${quotePosix(value)}`),
    `set -- ${[...(handed.length === 0 ? [] : ['/usr/bin/env', ...handed]), ...argv].map(quotePosix).join(' ')}`,
    `umask ${umask.toString(8).padStart(4, '0')}`,
    'exec 2>&3 3>&-',
    ...(through === undefined ? [`exec ${run}`] : ['trap : INT QUIT TERM USR1 USR2 ALRM', run, END_ALIKE]),
    '',
  ].join('\n');
}

/** What the person's shell starts with: what it would in a new terminal, and what it has to set for the tool. */
function shellVariables(
  env: Readonly<Record<string, string>>,
  { shell, env: base, own }: ShellRun,
  cwd: string,
): Readonly<Record<string, string>> {
  const set = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => own[name] !== value && canBeGiven(name, value)),
  );
  const unset = Object.keys(GUARD_VARIABLES).filter((name) => name !== 'TERM');
  const { CM_SESSION, CM_RUN } = env;
  const marks = Object.entries({ CM_SESSION, CM_RUN }).filter(([, value]) => value !== undefined);
  return {
    ...base,
    ...GUARD_VARIABLES,
    ...(Object.fromEntries(marks) as Record<string, string>),
    [FOLDER_VARIABLE]: cwd,
    [SET_VARIABLE]: settingScript(shell.kind, { unset, set }),
  };
}

/** How a tool ended, as the launcher wrote it. */
export type Exit =
  { readonly kind: 'code'; readonly code: number } | { readonly kind: 'signal'; readonly number: number };

/** What {@link parseExit} reads. */
export function formatExit(exit: Exit): string {
  return exit.kind === 'code' ? `exit ${exit.code}\n` : `signal ${exit.number}\n`;
}

/** Reads the note that the launcher writes at the end; undefined for anything else. */
export function parseExit(text: string): Exit | undefined {
  const match = /^(exit|signal) (\d+)\n/.exec(text);
  if (!match) return undefined;
  return match[1] === 'exit' ? { kind: 'code', code: Number(match[2]) } : { kind: 'signal', number: Number(match[2]) };
}

/** Prints every process with its pid and arguments, one a line; not every system has `ps`. */
export const LIST_PROCESSES = `ps -A -ww -o pid=,args= 2>/dev/null || for d in /proc/[0-9]*; do
  printf '%s ' "\${d#/proc/}"
  tr '\\0\\n' '  ' <"$d/cmdline"
  echo
done 2>/dev/null`;

/**
 * Terminals that tell keys with modifiers apart when they are asked to, or take no notice of that. Others would take the
 * sequence for underlined text.
 */
const EXTENDED_KEY_TERMINALS = ['xterm*', 'foot*', 'alacritty*', 'wezterm*', 'contour*', 'tmux*'];

/** Option of tmux that tells which configuration it has read. */
export const CONFIG_OPTION = '@cm_config';

/**
 * tmux's configuration on the private socket: sizes and history before any pane exists, windows that stay when their
 * process ends so that its exit status can be read, no bar, since the editor or the terminal around has one, and few keys.
 * Its last line tells by {@link CONFIG_OPTION} which configuration that was.
 */
export function tmuxConfig(features: TmuxFeatures): string {
  const extendedKeys = EXTENDED_KEY_TERMINALS.map((name) => `set -ga terminal-features '${name}:extkeys'`);
  const lines = [
    'set -s exit-empty off',
    'set -s escape-time 10',
    'set -s focus-events on',
    ...(features.extendedKeys ? ['set -s extended-keys on'] : []),
    // What a program in a session prints never sets the clipboard of who is attached; tmux's own copying does.
    'set -s set-clipboard external',
    ...(features.passthrough ? ['set -g allow-passthrough off', "setw -g remain-on-exit-format ''"] : []),
    ...(features.windowSize === null ? [] : ['set -g default-size 120x40']),
    'set -g history-limit 20000',
    'set -g status off',
    'set -g mouse on',
    'set -g display-time 5000',
    'set -g set-titles off',
    'set -g detach-on-destroy on',
    'set -g destroy-unattached off',
    "set -g update-environment ''",
    `set -g default-terminal ${SESSION_TERM}`,
    ...(features.extendedKeys
      ? ["set -ga terminal-features '*:RGB'", ...extendedKeys]
      : ["set -ga terminal-overrides ',*:Tc'"]),
    'setw -g remain-on-exit on',
    'setw -g automatic-rename off',
    'setw -g allow-rename off',
    ...(features.windowSize === null ? [] : [`setw -g window-size ${features.windowSize}`]),
    'setw -g aggressive-resize on',
    'setw -g monitor-activity off',
    'setw -g monitor-bell off',
    'setw -g alternate-screen on',
    ...keyBindings(features, NEWLINE_OPTION),
  ];
  const text = lines.join('\n');
  return `${text}\nset -s ${CONFIG_OPTION} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}\n`;
}
