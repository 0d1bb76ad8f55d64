import { StringDecoder } from 'node:string_decoder';
import type { Disposable } from '../../common/disposable.js';
import { quotePosix } from '../../common/quote.js';
import { whyNotWritten } from '../../core/store/printedError.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import type { Program } from './program.js';

/** A line that is longer is no name of ours. */
const MAX_LINE = 4096;

/**
 * Prints the names of files in a folder that were made, changed or removed, and before them `.` once it has begun.
 *
 * Nothing is looked at while nothing happens: `tail` waits for what the logs and the file of changes get, and says when
 * one is removed, replaced or cut; each time the folder is listed once and compared with the last listing, here, so that only names travel. What grows before the
 * new `tail` has opened it is caught by writing to the file of changes a little later. A folder that can have no FIFO is
 * looked at once a second instead. It ends with its input: nobody else would end a `tail` whose connection was cut.
 */
export function watchScript(directory: string): string {
  return `cd ${quotePosix(directory)} || exit 1
exec 3<&0
export LC_ALL=C
umask 077
(
pause() { sleep "$1" 2>/dev/null || sleep 1; }
[ -f changes ] && [ ! -L changes ] || mv -f changes changes.bad 2>/dev/null
[ -e changes ] && [ "$(wc -c <changes)" -lt 100000 ] || : >changes
tell() {
  { printf '%s\\n--\\n%s\\n' "$known" "$1"; } | awk '
    $0 == "--" { rest = 1; next }
    $NF == "changes" || NF < 9 { next }
    !rest { old[$0] = 1; name[$NF] = 1; next }
    { now[$NF] = 1; if (!($0 in old)) print $NF }
    END { for (n in name) if (!(n in now)) print n }'
}
files() { while IFS= read -r f; do [ ! -f "$f" ] || printf '%s\\n' "$f"; done; }
logs() { ls -t 2>/dev/null | grep '^[0-9a-z]*\\.log$' | files | head -n 400 | sort; }
known=$(ls -lni)
echo .
pipe=.watch-$$-$(date +%s)
if mkfifo -m 600 "$pipe"; then exec 4<>"$pipe"; rm -f "$pipe"; else pipe=; fi
watched=none; p=
while :; do
  if [ -n "$pipe" ]; then
    files=$(logs)
    if [ "$files" != "$watched" ]; then
      [ -z "$p" ] || kill "$p" 2>/dev/null
      watched=$files
      tail -n 0 -F changes $files >&4 2>&4 4>&- & p=$!
      (for s in 0.2 1 4; do pause "$s"; printf . >>changes; done) >/dev/null 2>&1 &
    fi
    dd bs=65536 count=1 <&4 >/dev/null 2>&1
  else
    sleep 1
  fi
  new=$(ls -lni)
  if [ "$new" != "$known" ]; then tell "$new"; known=$new; pause 0.1; fi
done
) &
cat <&3 >/dev/null
kill -KILL 0`;
}

/** Watches a folder of a host; see {@link watchScript}. `onLost` is called once when it cannot go on. */
export class FileWatch implements Disposable {
  readonly #onLost: (error: Error) => void;
  readonly #listener: (name: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #program: Program | undefined;
  #rest = '';
  #disposed = false;

  constructor(starting: Promise<Program>, listener: (name: string) => void, onLost: (error: Error) => void) {
    this.#listener = listener;
    this.#onLost = onLost;
    starting.then(
      (program) => this.#run(program),
      (error: unknown) => this.#lose(toCodeManagerError(error)),
    );
  }

  #run(program: Program): void {
    if (this.#disposed) return program.dispose();
    this.#program = program;
    program.onData((data) => this.#take(this.#decoder.write(Buffer.from(data))));
    program.onExit(({ error, stderr }) =>
      this.#lose(
        error ??
          new CodeManagerError(
            'unavailable',
            `A folder of the host cannot be watched: ${whyNotWritten(stderr).reason}`,
          ),
      ),
    );
    program.resume();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const name of lines) {
      if (this.#isDisposed()) return;
      if (name !== '' && !name.includes('/')) this.#listener(name);
    }
  }

  // A method, since a listener may dispose.
  #isDisposed(): boolean {
    return this.#disposed;
  }

  #lose(error: Error): void {
    if (this.#disposed) return;
    this.dispose();
    this.#onLost(error);
  }

  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
    this.#program = undefined;
  }
}
