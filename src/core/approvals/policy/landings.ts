import { posix } from 'node:path';
import { canonicalName, isWriting, splitCommand } from './programs.js';

/** What is copied or moved into a folder lands in it under its own name. */
const MOVING = new Set(['cp', 'mv', 'ln', 'link', 'install']);

/** Whether it writes, moves or removes what its words name. @param words from the program on */
export function isChanging(words: readonly string[]): boolean {
  return isWriting(words[0] ?? '') || isMovingInGit(words);
}

/** Where the files of a command land if its last word is a folder. @param words as paths, from the program on */
export function landingsOf(words: readonly string[]): string[] {
  if (!MOVING.has(canonicalName(words[0] ?? '')) && !isMovingInGit(words)) return [];
  const names = words
    .slice(isMovingInGit(words) ? splitCommand(words).at + 1 : 1)
    .filter((word) => !word.startsWith('-'));
  const folder = names.at(-1) ?? '';
  return names.slice(0, -1).map((name) => `${folder}/${posix.basename(name)}`);
}

function isMovingInGit(words: readonly string[]): boolean {
  const { program, subcommand } = splitCommand(words);
  return program === 'git' && subcommand === 'mv';
}
