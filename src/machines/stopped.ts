/** A process as far as it tells whether what a person started is stopped. */
export interface ProcessState {
  readonly pid: number;
  readonly ppid: number;
  /** Process group. */
  readonly pgid: number;
  /** As `ps` tells it: `S`, `T+`, `Z`. */
  readonly state: string;
}

/** No tool is started by more programs in a row. */
export const MOST_WRAPPERS = 6;

/**
 * Which launchers of sessions have a tool that a signal has stopped: their child, or the only child of that in its own
 * group and so on, since many tools are started by a small program. What a tool itself starts beside others is none.
 *
 * @param processes of one launcher at least all of that chain
 */
export function stoppedAmong(launchers: readonly number[], processes: readonly ProcessState[]): Set<number> {
  const children = new Map<number, ProcessState[]>();
  for (const process of processes) {
    if (/^[ZXx]/u.test(process.state)) continue;
    children.set(process.ppid, [...(children.get(process.ppid) ?? []), process]);
  }
  return new Set(launchers.filter((launcher) => isStopped(launcher, children)));
}

function isStopped(launcher: number, children: ReadonlyMap<number, readonly ProcessState[]>): boolean {
  let [process] = children.get(launcher) ?? [];
  for (let depth = 0; process !== undefined && depth < MOST_WRAPPERS; depth++) {
    if (process.state.startsWith('T')) return true;
    const { pid, pgid } = process;
    const own = (children.get(pid) ?? []).filter((child) => child.pgid === pgid);
    process = own.length === 1 ? own[0] : undefined;
  }
  return false;
}

/** Reads lines `pid ppid pgid state`. */
export function parseProcessStates(text: string): ProcessState[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)/u.exec(line);
    if (!match) return [];
    const [, pid, ppid, pgid, state = ''] = match;
    return [{ pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), state }];
  });
}

/**
 * Script that prints such lines for what launchers have started, without starting a program where the system has a list of
 * children for each process; else for all processes.
 */
export function processStatesScript(launchers: readonly number[]): string {
  return `if [ -r /proc/$$/task/$$/children ]; then
for l in ${launchers.join(' ')}; do
  p=$l; g=; n=0
  while [ -n "$p" ] && [ "$n" -lt ${MOST_WRAPPERS} ]; do
    c=; read -r c <"/proc/$p/task/$p/children"
    p=; n=$((n + 1))
    for k in $c; do
      s=; read -r s <"/proc/$k/stat"
      [ -n "$s" ] || continue
      set -- \${s##*) }
      echo "$k $2 $3 $1"
      [ -n "$p" ] || { [ -n "$g" ] && [ "$3" != "$g" ]; } || p=$k
    done
    [ -n "$g" ] || [ -z "$p" ] || { read -r s <"/proc/$p/stat"; set -- \${s##*) }; g=$3; }
  done
done 2>/dev/null
else ps -ax -o pid= -o ppid= -o pgid= -o stat=
fi
exit 0`;
}
