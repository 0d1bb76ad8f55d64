import { posix } from 'node:path';
import type { Machine } from '../../machine/machine.js';
import { COPY_ENDINGS, GUARDED_PLACES, PRIVATE_FILES, PRIVATE_FOLDERS, PRIVATE_PLACES } from './privateNames.js';

/** Where paths of requests lead to. */
export interface Places {
  /** The folder of Code Manager's own data there, with the rules: never given away. Undefined: nothing is. */
  readonly own: string | undefined;
  /**
   * The paths with symbolic links resolved, also those of files that are not there yet; undefined for one of which that
   * cannot be told.
   * @param folder absolute; where relative paths begin
   */
  resolve(paths: readonly string[], folder: string): Promise<readonly (string | undefined)[]>;
}

/**
 * Prints for each path where it really leads to, or an empty line: links are followed one by one, also those that lead
 * nowhere; what is not there yet is added to the deepest folder that is.
 */
const SCRIPT = `
end='
.'
for path do
  rest= links=0
  while :; do
    case $path in /) break;; */) path=\${path%/}; continue;; esac
    if [ -L "$path" ]; then
      links=$((links + 1))
      if [ $links -gt 40 ] || ! target=$(readlink -- "$path" && echo .); then path=; break; fi
      target=\${target%"$end"}
      case $target in /*) path=$target;; '') path=; break;; *) path=\${path%/*}/$target;; esac
    elif [ -d "$path" ]; then
      path=$(CDPATH= cd -P -- "$path" && pwd -P && echo .) || path=
      path=\${path%"$end"}
      break
    else
      case \${path##*/} in .|..) path=; break;; esac
      rest=/\${path##*/}$rest
      path=\${path%/*}
      [ -n "$path" ] || path=/
    fi
  done
  case $path in '') echo;; /) printf '%s\\n' "\${rest:-/}";; *) printf '%s\\n' "$path$rest";; esac
done
`;

/** Asks a machine itself where paths lead to. */
export class MachinePlaces implements Places {
  readonly own: string;
  readonly #machine: Pick<Machine, 'run' | 'resolvePath'>;

  /** @param own folder of Code Manager's data there */
  constructor(machine: Pick<Machine, 'run' | 'resolvePath'>, own: string) {
    this.#machine = machine;
    this.own = own;
  }

  async resolve(paths: readonly string[], folder: string): Promise<readonly (string | undefined)[]> {
    // Programs tidy a path up before they use it or leave that to the system; behind a link the two lead elsewhere.
    const asked = paths.flatMap((path) => {
      const absolute = this.#absolute(path, folder);
      return absolute === undefined ? ['', ''] : [posix.normalize(absolute), absolute];
    });
    if (asked.every((path) => path === '')) return paths.map(() => undefined);
    const known = asked.map((path) => (path === '' ? '/' : path));
    const { code, stdout } = await this.#machine.run(['/bin/sh', '-c', SCRIPT, 'sh', ...known], { cwd: '/' });
    const lines = stdout.split('\n');
    if (code !== 0 || lines.length !== asked.length + 1) return paths.map(() => undefined);
    return paths.map((_, index) => {
      const [tidied, raw] = [lines[2 * index], lines[2 * index + 1]];
      return asked[2 * index] === '' || tidied === '' || tidied !== raw ? undefined : tidied;
    });
  }

  #absolute(path: string, folder: string): string | undefined {
    if (path === '' || /[\0\n]|…/u.test(path)) return undefined;
    if (path === '~' || path.startsWith('~/')) return this.#machine.resolvePath(path);
    if (path.startsWith('~')) return undefined;
    const base = folder === '/' ? '' : folder;
    return path.startsWith('/') ? path : folder.startsWith('/') ? `${base}/${path}` : undefined;
  }
}

/** Whether a path is a folder or in it; both resolved. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** The same where the file system may take upper and lower case, or other code points for one letter, for the same. */
export function mayBeInside(path: string, folder: string): boolean {
  return isInside(folded(path), folded(folder));
}

/** A path as the least particular file system takes it, which leaves out what nobody sees. */
function folded(path: string): string {
  const plain = path.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return plain.toUpperCase().toLowerCase().normalize('NFKC');
}

/** The names in it; some file systems leave dots and blanks at the end of a name out. */
function namesIn(path: string): readonly string[] {
  const names = folded(path).split('/').map(withoutEnd);
  return names.filter((name) => name !== '');
}

function withoutEnd(name: string): string {
  let end = name.length;
  while (end > 0 && '. '.includes(name.charAt(end - 1))) end--;
  return name.slice(0, end);
}

const LONGEST_PATH = 4096;
const LONGEST_NAME = 255;

/** Whether a path leads to what a rule does not give away unless it names it: secrets, and what programs obey. */
export function isPrivate(path: string): boolean {
  // No system opens it.
  if (path.length > LONGEST_PATH) return false;
  const parts = namesIn(path);
  const last = parts.at(-1) ?? '';
  const name = last.length > LONGEST_NAME ? '' : last;
  const whole = `/${parts.join('/')}/`;
  return (
    parts.some((part) => PRIVATE_FOLDERS.has(part)) ||
    PRIVATE_PLACES.some((place) => place.test(whole)) ||
    PRIVATE_FILES.some((file) => file.test(name) || file.test(name.replace(COPY_ENDINGS, '')))
  );
}

/** Whether writing what a path leads to makes other programs obey it, though it may be read: also by moving it there. */
export function isGuarded(path: string): boolean {
  return path.length <= LONGEST_PATH && GUARDED_PLACES.some((place) => place.test(`/${namesIn(path).join('/')}/`));
}

/** Whether a word may lead to such a path: also as `KEY=.env`, `HEAD:.env`, `@.env` or `-f.env`. */
export function namesPrivate(word: string): boolean {
  const parts = word.split(/[=:,@;]/u);
  return [word, ...parts, ...parts.map((part) => part.replace(/^-+[a-z]?/iu, ''))].some(isPrivate);
}
