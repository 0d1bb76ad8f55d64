import { MARKER, type ProcessFiles, type ProcessId, type ProcessTree } from '../../core/machine/machine.js';
import { quotePosix } from '../../common/quote.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ShellAnswer } from './commandShell.js';

/**
 * Shell functions for the processes of a host. One program reads all of them, from /proc where there is one.
 *
 * - `list` prints `P pid parent group session state start` of each; `start` names with the pid one process for ever.
 * - `marked` prints `M pid marker` of those that carry a marker in their environment. What else stands there, also line
 *   breaks, makes no line of its own.
 * - `find` prints `tree pid start` of those that belong to a tree, by one look for all trees: they are marked, descend from
 *   the root or share a group or session that one of them leads. `$trees` has a line `T tree root marker` for each; `$known`
 *   has what was found before, as `K tree pid start`, for when parents are gone; what does not stand there as `S tree pid
 *   start` is printed with a `+` behind it. Our own shell and what it has started are never among them.
 */
const FUNCTIONS = `
export LC_ALL=C
list() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat | awk '{ p = $1; sub(/^.*\\) /, ""); print "P", p, $2, $3, $4, $1, $20 }'
  else
    ps -ax -o pid= -o ppid= -o pgid= -o stat= -o lstart= |
      awk '{ s = $5; for (i = 6; i <= NF; i++) s = s "_" $i; print "P", $1, $2, $3, 0, $4, s }'
  fi
}
marked() {
  if [ -r /proc/self/environ ]; then
    if printf 'b\\0a\\0' | grep -qzxF a; then grep -zaH '^${MARKER}=' /proc/[0-9]*/environ | tr '\\n\\0' '_\\n'
    else grep -aoH '${MARKER}=[A-Za-z0-9_-]*' /proc/[0-9]*/environ
    fi | awk -F / '{ i = index($0, "${MARKER}="); print "M", $3, substr($0, i + ${MARKER.length + 1}) }'
  else
    { ps -axEww -o pid= -o command= || ps axeww -o pid= -o command=; } |
      awk '{ for (i = 2; i <= NF; i++) if (index($i, "${MARKER}=") == 1) print "M", $1, substr($i, ${MARKER.length + 2}) }'
  fi
}
find() {
  { printf '%s' "$trees" "$known"; marked; list; } | awk -v self=$$ '
    $1 == "T" { root[$2] = $3; if ($4 != "") tree[$4] = $2; next }
    $1 == "K" || $1 == "S" { known[$3] = $4; of[$3] = $2; if ($1 == "S") seen[$3 " " $4]; next }
    $1 == "M" { if ($3 in tree) marked[$2] = tree[$3]; next }
    $1 == "P" { n++; pid[n] = $2; parent[$2] = $3; group[$2] = $4; session[$2] = $5; state[$2] = $6; start[$2] = $7 }
    END {
      for (i = 1; i <= n; i++) {
        p = pid[i]
        if (p in marked) m[p] = marked[p]; else if ((p in known) && known[p] == start[p]) m[p] = of[p]
      }
      for (t in root) {
        r = root[t]
        if (r <= 1) continue
        if (!(r in start)) { known[r] = "-"; of[r] = t } else if (!(r in known) || known[r] == start[r]) m[r] = t
      }
      own = group[self]
      for (p in m) if (p <= 1 || group[p] == own) delete m[p]
      for (grown = 1; grown;) {
        grown = 0
        for (i = 1; i <= n; i++) {
          p = pid[i]
          if ((p in m) || p <= 1 || group[p] == own) continue
          g = group[p]; s = session[p]
          if (parent[p] in m) m[p] = m[parent[p]]
          else if (g in m) m[p] = m[g]
          else if ((g in known) && !(g in start)) m[p] = of[g]
          else if (s > 0 && (s in m)) m[p] = m[s]
          else if (s > 0 && (s in known) && !(s in start)) m[p] = of[s]
          else continue
          grown = 1
        }
      }
      for (p in m) if (state[p] !~ /^[ZXx]/) print m[p], p, start[p] ((p " " start[p]) in seen ? "" : " +")
    }'
}
known=
`;

// Stopped first, so that none can fork while it is looked for. What is there so long after it was killed stays: how long
// looking takes does not count.
const KILL_TREES = `
IFS='
'
round=0; killed=
while :; do
  before=$(date +%s); found=$(find); fresh=; all=; round=$((round + 1))
  [ -n "$found" ] || break
  for l in $found; do
    p=\${l#* }; p=\${p%% *}; all="$all
$p"
    case $l in *' +') fresh="$fresh
$p"; known="\${known}S \${l% +}
";; esac
  done
  [ -z "$fresh" ] || killed=
  if [ -n "$fresh" ] && [ "$round" -lt 20 ]; then kill -STOP $fresh; continue; fi
  done=; for p in $all; do kill -KILL "$p" && done=1; done
  if [ -z "$done" ] && [ "$round" -gt 3 ] || [ -n "$killed" ] && [ $((before - killed)) -gt 10 ] || [ "$round" -gt 1000 ]; then break; fi
  killed=\${killed:-$(date +%s)}
  sleep 0.02 || sleep 1
done
printf '%s' "$known"
for l in $found; do echo "L $l"; done`;

/** What became of a tree that was to be ended: how many processes it had, or why some are still there. */
export type TreeEnd = number | CodeManagerError;

/**
 * Ends every process of each tree, also what is started meanwhile. All are looked for together.
 * @param run runs a script where it may take seconds
 */
export async function killHostTrees(
  run: (script: string) => Promise<ShellAnswer>,
  trees: readonly ProcessTree[],
): Promise<readonly TreeEnd[]> {
  const { code, output } = await run(`${treesScript(trees)}{${KILL_TREES}\n} 2>/dev/null`);
  if (code !== 0) throw new CodeManagerError('unavailable', 'The processes of the host cannot be listed');
  const lines = output.toString().split('\n');
  return trees.map((_, index) => {
    const pids = (kind: string): string[] =>
      lines.flatMap((line) => (line.startsWith(`${kind} ${index} `) ? (line.split(' ')[2] ?? []) : []));
    const left = pids('L');
    if (left.length === 0) return pids('S').length;
    return new CodeManagerError('timeout', `These processes cannot be ended: ${left.slice(0, 20).join(', ')}`, {
      hint: 'They belong to another user or hang in the system.',
    });
  });
}

/** The functions with what they are asked about. */
function treesScript(trees: readonly ProcessTree[]): string {
  const lines = trees.map(({ root, marker }, index) => `T ${index} ${rootPid(root)} ${marker.replace(/\s/g, '_')}\n`);
  const known = trees.flatMap(({ known = [] }, index) =>
    known.map(({ pid, start }) => `K ${index} ${pid} ${start.replace(/\s/g, '_')}\n`),
  );
  return `${FUNCTIONS}trees=${quotePosix(lines.join(''))}\nknown=${quotePosix(known.join(''))}\n`;
}

/** Script that prints `tree pid start` of the processes of each tree; see {@link parseProcesses}. */
export function processesScript(trees: readonly ProcessTree[]): string {
  return `${treesScript(trees)}find\nexit 0`;
}

/** Reads what {@link processesScript} prints. */
export function parseProcesses(output: string, count: number): readonly (readonly ProcessId[])[] {
  const found = Array.from({ length: count }, (): ProcessId[] => []);
  for (const line of output.split('\n')) {
    const [tree, pid, start] = line.split(' ');
    if (start !== undefined) found[Number(tree)]?.push({ pid: Number(pid), start });
  }
  return found;
}

/** Whom a signal is for: the group of a leader. */
export interface GroupSignal {
  readonly leader: number;
  readonly signal: NodeJS.Signals;
}

/**
 * Script that signals every process of each group but its leader, and of the groups that its children lead in its terminal.
 * Prints the index of each group in which there is one.
 */
export function signalGroupsScript(groups: readonly GroupSignal[]): string {
  const lines = groups.map(
    ({ leader, signal }, index) => `G ${index} ${leader} ${signal.replace(/^SIG/, '').replace(/[^A-Z0-9]/g, '')}\n`,
  );
  return `${FUNCTIONS}groups=${quotePosix(lines.join(''))}
{ printf '%s' "$groups"; list; } | awk '
  $1 == "G" { leader[$2] = $3; name[$2] = $4; next }
  { n++; pid[n] = $2; up[n] = $3; group[n] = $4; session[n] = $5; state[n] = $6; of[$2] = $4 }
  END {
    for (t in leader) {
      g = leader[t]; split("", ids); ids[g] = 1
      for (i = 1; i <= n; i++) if (pid[i] == group[i] && (of[up[i]] == g) && (session[i] == 0 || session[i] == g)) ids[pid[i]] = 1
      for (i = 1; i <= n; i++) if ((group[i] in ids) && pid[i] != g && state[i] !~ /^[ZXx]/) print t, name[t], pid[i]
    }
  }' | while read -r t name p; do kill "-$name" "$p"; echo "$t"; done
exit 0`;
}

/** Script that prints `pid` or `pid TAB path` for the files that processes hold open; see {@link parseOpenFiles}. */
export function openFilesScript(of: { readonly root: number | null; readonly marker: string } | null): string {
  const folders = of === null ? '/proc/[0-9]*/fd' : `$(find | awk '{ print "/proc/" $2 "/fd" }')`;
  return `${of === null ? FUNCTIONS : treesScript([of])}[ -r /proc/self/stat ] || exit 0
ls -l /proc/self/fd ${folders} | awk '
  /^\\/proc\\/[^ ]*\\/fd:$/ { split($0, part, "/"); pid = part[3]; if (pid != "self") print pid; next }
  pid != "self" { i = index($0, " -> /"); if (i) { f = substr($0, i + 4); if (f !~ /^\\/dev\\//) print pid "\\t" f } }'
exit 0`;
}

/** Reads what `openFilesScript` prints. */
export function parseOpenFiles(output: string): ProcessFiles[] {
  const files = new Map<number, Set<string>>();
  for (const line of output.split('\n')) {
    const [pid = '', path] = line.split('\t', 2);
    if (!/^\d+$/.test(pid)) continue;
    const known = files.get(Number(pid)) ?? new Set();
    files.set(Number(pid), known);
    if (path !== undefined) known.add(path);
  }
  return [...files].map(([pid, paths]) => ({ pid, files: [...paths] }));
}

function rootPid(root: number | null): number {
  return root !== null && Number.isInteger(root) && root > 1 ? root : 0;
}
