import { quotePosix } from '../tmux/quote.js';

/** More of an event is not written down: what is larger is a whole file or the output of a command. */
export const MAX_EVENT_BYTES = 16 * 1024;

/**
 * What the hooks of a tool run: `sh hook.sh <id>`, with the event as JSON on stdin. Adds a line `<run> <event>` to a file
 * beside the session's log.
 *
 * Whatever happens, it prints nothing, reads everything and succeeds, since the tool would obey its words and show its
 * failures. For a process that is not of the session it does nothing. One write a line: several of them run at once.
 */
export function hookScript(sessionsDirectory: string): string {
  return `umask 077
exec 2>/dev/null >&2
dir=${quotePosix(sessionsDirectory)}
if [ -n "$1" ] && [ "$CM_SESSION" = "$1" ] && [ -f "$dir/$1.json" ]; then
  new=$0.$1.$$
  { printf '%s ' "$CM_RUN"; head -c ${MAX_EVENT_BYTES} | tr '\\n\\r' '  '; echo; } >"$new" && cat "$new" >>"$dir/$1.hooks"
  rm -f "$new"
  [ ! -f "$dir/changes" ] || printf . >>"$dir/changes"
fi
cat >/dev/null
exit 0
`;
}

/** The command line for a shell that a tool runs for each event. */
export function hookCommand(script: string, id: string): string {
  // The script goes with the folder of sockets, which a system may clear away.
  return `sh ${quotePosix(script)} ${id} 2>/dev/null || cat >/dev/null`;
}
