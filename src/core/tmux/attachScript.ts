import type { Nesting } from '../../protocol/sessionRequests.js';

/** Terminals that a tmux may know when it does not know the one around: it draws in all of them as these want it. */
const FALLBACKS = 'xterm-256color xterm screen-256color screen vt100';

/** What whoever attaches inside another tmux has to know, since that takes the first C-b for itself. */
export const NESTING_HINTS: Readonly<Record<Nesting, string>> = {
  yes: 'Leave with C-b C-b d: the first C-b is for the tmux around',
  perhaps: 'Leave with C-b d, inside another tmux with C-b C-b d',
};

/**
 * `sh attach.sh NAME ID TMUX…` runs a terminal client of tmux. The client draws by its standard input; what it says
 * itself is read instead of shown, and told in our words. A terminal that it does not know is taken for one that it knows.
 */
export const ATTACH_SCRIPT = `name=$1 id=$2
shift 2
for TERM in "$TERM" ${FALLBACKS}; do
  export TERM
  said=$("$@" 2>&1)
  code=$?
  case $said in *'open terminal failed'* | *'suitable terminal'*) isUnknown=1 ;; *) isUnknown= && break ;; esac
done
case $isUnknown:$code:$said in
1:*) printf 'This terminal cannot show %s: no kind of terminal that it could be is known there.\\n' "$name" ;;
:0:*'[detached'*) printf 'Left %s; it goes on. Attach again: cm attach %s\\n' "$name" "$id" ;;
:0:*'[exited'*) printf '%s has ended.\\n' "$name" ;;
:0:*) ;;
*"can't find"* | *'no sessions'*) printf '%s has just ended.\\n' "$name" ;;
*) printf 'The terminal of %s was closed. Attach again: cm attach %s\\n' "$name" "$id" ;;
esac
exit "$code"
`;
