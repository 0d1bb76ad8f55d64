import type { SimpleCommand } from './simpleCommand.js';

/** Programs after which relative paths begin elsewhere. */
const MOVERS = new Set(['cd', 'chdir', 'pushd', 'popd']);
/** More moves in one line are followed by nobody. */
const MOST_MOVES = 3;

/** Whether relative paths begin elsewhere after it. */
export function isMove({ words, assignments }: Pick<SimpleCommand, 'words' | 'assignments'>): boolean {
  return MOVERS.has(words[assignments] ?? '');
}

/** A command's words as paths begin: a `~` that was quoted is no home. */
export function wordsAsPaths({ words, tildes }: Pick<SimpleCommand, 'words' | 'tildes'>): string[] {
  return words.map((word, index) => (tildes.includes(index) ? `./${word}` : word));
}

/**
 * For each command the folders where it may run, as paths from the folder of the session: a `cd` may fail, or be one of
 * a subshell. Undefined once that cannot be told.
 */
export function foldersOf(commands: readonly SimpleCommand[]): readonly (readonly string[] | undefined)[] {
  let folders: readonly string[] | undefined = ['.'];
  let moves = 0;
  return commands.map((command) => {
    const here = folders;
    if (isMove(command)) {
      const target = targetOf(command);
      moves++;
      folders =
        here === undefined || target === undefined || moves > MOST_MOVES
          ? undefined
          : [...new Set([...here, ...here.map((folder) => below(folder, target))])];
    }
    return here;
  });
}

function targetOf(command: SimpleCommand): string | undefined {
  const [program, target, ...more] = wordsAsPaths(command).slice(command.assignments);
  if (program !== 'cd' || command.assignments > 0 || more.length > 0) return undefined;
  if (target === undefined) return '~';
  return target === '' || target.startsWith('-') ? undefined : target;
}

/** A path as it is seen from the folder of the session by a command that runs in another one. */
export function below(folder: string, path: string): string {
  return folder === '.' || /^[/~]/u.test(path) ? path : `${folder}/${path}`;
}
