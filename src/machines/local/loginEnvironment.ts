import { readFileSync, statSync } from 'node:fs';
import { formatDuration } from '../../common/text.js';
import type { LoginEnvironment } from '../../core/machine/machine.js';
import type { Shell } from '../../core/shell/shellKind.js';
import { readLogin, type Failure, type ReadLoginOptions } from '../loginShell.js';
import type { Question } from '../shellQuestion.js';
import { askShell } from './askShell.js';
import { startupFiles } from './shells.js';

const MAX_RC_BYTES = 1024 * 1024;
const MAX_NAMED = 4;

/**
 * What the login shell of this host has at its first prompt in a folder. Never rejects.
 *
 * @param umask the mask with which it starts; our own is stricter
 */
export async function readLoginEnvironment(options: ReadLoginOptions, umask: number): Promise<LoginEnvironment> {
  const { base } = options;
  const home = base['HOME'] ?? '/';
  const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const folder = [options.folder, home].find(isFolder) ?? '/';
  const asker = {
    ask: (question: Question, how: Parameters<typeof askShell>[1]) => askShell(question, how, umask),
    explain: (
      failure: Failure,
      { shell, interactive, timeoutMs }: { shell: Shell; interactive: boolean; timeoutMs: number },
    ) => explain(failure, { shell, files: startupFiles(shell, home, base, { interactive }), home, timeoutMs }),
  };
  return readLogin(asker, { ...options, folder });
}

interface Circumstances {
  readonly shell: Shell;
  readonly files: readonly string[];
  readonly home: string;
  readonly timeoutMs: number;
}

/** One sentence about what went wrong, with the file to look at. */
function explain(result: Failure, about: Circumstances): string {
  const { shell, files, home, timeoutMs } = about;
  const show = (path: string): string => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);
  const all = files.slice(0, MAX_NAMED).map(show).join(', ') || `The start of ${shell.path}`;
  const oneOf = files.length > 1 ? `One of ${all}` : all;
  switch (result.kind) {
    case 'late': {
      const limit = formatDuration(timeoutMs);
      const reading = result.openFiles.find((path) => files.includes(path) || path.startsWith(`${home}/`));
      const running = result.running.find((command) => !command.startsWith(shell.path));
      const place = running === undefined ? undefined : findLine(files, commandPattern(running));
      // Arguments may hold a secret.
      const what = running === undefined ? '' : ` (it waits for \`${programName(running)}\`)`;
      if (place !== undefined) return `${show(place.file)} did not finish within ${limit}: line ${place.line}${what}`;
      if (reading !== undefined) return `${show(reading)} did not finish within ${limit}${what}`;
      return `${oneOf} did not finish within ${limit}${what}`;
    }
    case 'ended': {
      const place = findLine(files, /(?:^|[\s;&|({])((?:exec|exit|logout)\b(?:[ \t]+[A-Za-z0-9./_-]+)?)/);
      if (place === undefined) return `${oneOf} ended ${shell.path} before it was ready`;
      return `${show(place.file)} ended or replaced the shell: line ${place.line}, \`${place.match}\``;
    }
    case 'flooded':
      return `${oneOf} prints without end`;
    case 'broken':
      return `${shell.path} could not be asked for its environment: ${result.reason}`;
  }
}

function programName(command: string): string {
  return (command.split(' ')[0] ?? '').replace(/^.*\//, '').slice(0, 40);
}

/** Finds a command line where a person wrote it: with or without the folder of its program, with any quotes. */
function commandPattern(command: string): RegExp {
  const words = [programName(command), ...command.split(' ').slice(1, 2)];
  const whole = words.map((word) => `(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`);
  return new RegExp(whole.join('.*'));
}

function findLine(
  files: readonly string[],
  pattern: RegExp,
): { readonly file: string; readonly line: number; readonly match: string } | undefined {
  for (const file of files) {
    let text: string;
    try {
      if (statSync(file).size > MAX_RC_BYTES) continue;
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const [i, line] of text.split('\n').entries()) {
      const match = line.trimStart().startsWith('#') ? null : pattern.exec(line);
      if (match !== null) return { file, line: i + 1, match: match[1] ?? match[0] };
    }
  }
  return undefined;
}
