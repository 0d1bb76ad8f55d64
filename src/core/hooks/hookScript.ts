import { OWN_FILES } from '../store/ownFiles.js';
import { quotePosix } from '../../common/quote.js';

/** More of an event is not written down: what is larger is a whole file or the output of a command. */
export const MAX_EVENT_BYTES = 16 * 1024;

/** Where the tmux is by which a hook that waits for an answer is woken. */
export interface HookTmux {
  /** Absolute path of the program. */
  readonly program: string;
  readonly socket: string;
}

/** The name of what a hook waits for in tmux. */
export function hookChannel(ticket: string): string {
  return `cm-${ticket}`;
}

/** The end of the name of the file with an answer: beside the program of the hooks, the ticket before it. */
export const ANSWER = '.answer';

/**
 * What the hooks of a tool run: `sh hook.sh <id> [tell|ask]`, with the event as JSON on stdin. Adds a line `<run> <event>` to a
 * file beside the session's log.
 *
 * Whatever happens, it prints nothing unasked, reads everything and succeeds, since the tool would obey its words and show
 * its failures. For a process that is not of the session it does nothing. One write a line: several of them run at once.
 *
 * With `tell` or `ask` the line begins with `<run>/<ticket>`, a ticket that nobody can know beforehand and that stands for
 * this event alone. With `ask` the tool can be answered by it, too: it waits until tmux wakes it. Then it prints the answer
 * if one lies there, and nothing if not: it has it by renaming its file, as has the one who takes it back, so that it is
 * given or not given for certain. Its dialog does not wait meanwhile.
 */
export function hookScript(sessionsDirectory: string, { program, socket }: HookTmux): string {
  return `umask 077
exec 3>&1
exec 2>/dev/null >&2
dir=${quotePosix(sessionsDirectory)}
${OWN_FILES}
if [ -n "$1" ] && [ "$CM_SESSION" = "$1" ] && [ -f "$dir/$1.json" ] && own "$dir" && free "$dir/$1.hooks"; then
  new=$0.$1.$$
  ticket=
  [ -z "$2" ] || ticket=$1.$$.$(od -An -N8 -tu8 /dev/urandom | tr -d ' ')
  { printf '%s ' "$CM_RUN\${ticket:+/$ticket}"; head -c ${MAX_EVENT_BYTES} | tr '\\n\\r' '  '; echo; } >"$new" && cat "$new" >>"$dir/$1.hooks"
  rm -f "$new"
  tell
  if [ "$2" = ask ]; then
    cat >/dev/null
    ${quotePosix(program)} -S ${quotePosix(socket)} wait-for "${hookChannel('$ticket')}" </dev/null 3>&- &
    tmux=$!
    trap 'kill "$tmux"; exit 0' HUP INT TERM
    wait "$tmux"
    answer=\${0%/*}/$ticket${ANSWER}
    [ -f "$answer" ] && own "$answer" && mv -f "$answer" "$answer.taken" && cat "$answer.taken" >&3
    rm -f "$answer.taken"
  fi
fi
cat >/dev/null
exit 0
`;
}

/**
 * The command line for a shell that a tool runs for each event.
 *
 * @param how `ask` where the tool takes an answer
 */
export function hookCommand(script: string, id: string, how?: 'ask'): string {
  const words = [quotePosix(script), id, ...(how === undefined ? [] : [how])];
  // The script goes with the folder of sockets, which a system may clear away.
  return `sh ${words.join(' ')} 2>/dev/null || cat >/dev/null`;
}
