import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { Machine } from '../machine/machine.js';
import { isAskedAbout, isRemoteUrl, isTaken, keyKind, makesFetch } from './configKeys.js';
import type { ConfigEntry } from './configText.js';
import type { GitTrust } from './gitTrust.js';
import type { Hook, HookPlace } from './hooks.js';
import { LIST_FILES } from './scripts.js';

/** What a repository has of its own that the person decides on. */
export interface OwnParts {
  readonly entries: readonly ConfigEntry[];
  /** What counts then: these, and the same as the person's own. */
  readonly counted: readonly ConfigEntry[];
  /** None where git would run none. */
  readonly hooks: readonly Hook[];
}

/** What the person decided when they were shown it; `no` leaves out whatever it is. */
export type GitDecision = { readonly digest: string; readonly use: boolean } | 'no';

const NO_TEXT = '(a program that cannot be shown; it is never run)';
/** More words than that nobody has looked at. */
const MAX_WORDS = 2_000;
/** By these a script finds what stands beside it. */
const BESIDE = /\$0|\$\{0|BASH_SOURCE|__file__|__dirname/u;

/** What differs from what the person's own configuration says, and needs a decision. */
export function ownParts({ entries, personal }: HookPlace, hooks: readonly Hook[]): OwnParts {
  const fetches = entries.some(({ key }) => makesFetch(key));
  const asked = entries.filter(
    (entry) => isAskedAbout(entry.key) || runsMonitor(entry) || (fetches && isRemoteUrl(entry.key)),
  );
  const isFromPerson = ({ key, value }: ConfigEntry): boolean =>
    personal.some((entry) => entry.key === key && entry.value === value);
  return { entries: asked.filter((entry) => !isFromPerson(entry)), counted: asked, hooks };
}

/** The program that tells which files changed, of the repository's own. */
export function monitorOf({ entries }: OwnParts): string | undefined {
  return entries.findLast(runsMonitor)?.value;
}

/** Words for yes and no are the monitor of git's own, which is never started. */
function runsMonitor({ key, value }: ConfigEntry): boolean {
  return key === 'core.fsmonitor' && value !== undefined && !/^(?:|true|false|yes|no|on|off|\d+)$/iu.test(value);
}

export function isNothing({ entries, hooks }: OwnParts): boolean {
  return entries.length === 0 && hooks.length === 0;
}

/** What people are shown, with the digest of all that would count; the same in another repository is another content. */
export function ownGit(machine: string, { common, entries }: HookPlace, parts: OwnParts): OwnGit {
  const asked = parts.entries;
  const hooks = parts.hooks.map(({ name, text }) => [name, text ?? null]);
  const content = JSON.stringify([
    machine,
    common,
    asked.map(({ key, value }) => [key, value ?? null]),
    ...(hooks.length === 0 ? [] : [hooks]),
  ]);
  return {
    digest: createHash('sha256').update(content).digest('hex').slice(0, 32),
    entries: [
      ...asked.map(shown),
      ...parts.hooks.map(({ name, text }) => ({ key: `hook ${name}`, value: text ?? NO_TEXT })),
    ],
    never: entries
      .filter(
        ({ key }) =>
          !isAskedAbout(key) &&
          !asked.some((entry) => entry.key === key) &&
          !(parts.hooks.length > 0 && key === 'core.hookspath') &&
          !isTaken(key) &&
          keyKind(key) !== 'harmless',
      )
      .map(shown),
  };
}

function shown({ key, value }: ConfigEntry): OwnGit['entries'][number] {
  return { key, value: value ?? 'true' };
}

/**
 * Writes down what the person decided on.
 * @throws CodeManagerError `conflict` when it is something else by now, or can be another one tomorrow
 */
export async function decide(
  machine: Machine,
  trust: Pick<GitTrust, 'decide'>,
  { root }: HookPlace,
  parts: OwnParts,
  { digest }: OwnGit,
  decision: GitDecision,
): Promise<void> {
  if (decision === 'no') return await trust.decide(digest, false);
  if (digest !== decision.digest) {
    throw new CodeManagerError('conflict', 'What the repository has of its own for git has changed', {
      hint: 'Look at it again.',
    });
  }
  if (decision.use) {
    const changing = await findChanging(machine, root, parts);
    if (changing !== undefined) {
      throw new CodeManagerError('conflict', `${changing}, which can change at any time`, {
        hint: 'Leave it out, or put it elsewhere and the setting into your own git configuration.',
      });
    }
  }
  await trust.decide(digest, decision.use);
}

/** What is not all of what would run, in words. */
async function findChanging(machine: Machine, root: string, parts: OwnParts): Promise<string | undefined> {
  for (const { name, text } of parts.hooks) {
    if (text === undefined) return `The hook ${name} is a program that cannot be shown`;
    if (BESIDE.test(text)) return `The hook ${name} runs what stands beside it in the repository`;
  }
  const texts = parts.hooks.map(({ text = '' }) => text.replaceAll(/^[\t ]*#.*$/gmu, ''));
  const ofHooks = new Set(texts.flatMap(wordsOf).flatMap((word) => insideOf(root, word)));
  const ofEntries = new Set(
    parts.entries.flatMap(({ value = '' }) => wordsOf(value)).flatMap((word) => insideOf(root, word)),
  );
  const words = new Set([...ofHooks, ...ofEntries]);
  if (words.size > MAX_WORDS) return 'It has too many words to tell whether one is a file of the repository';
  const { stdout } = await machine.run(['/bin/sh', '-c', LIST_FILES, 'sh', root, ...words]);
  for (const line of stdout.split('\0').filter((each) => each !== '')) {
    const [kind, word] = [line.charAt(0), line.slice(1)];
    // A folder's name alone is most often just a word of a script.
    if (kind === 'f' || ofEntries.has(word) || word.slice(2).includes('/'))
      return `${word.slice(2)} is a file of the repository`;
  }
  return undefined;
}

function wordsOf(text: string): string[] {
  return text.split(/[\s'"`=;&|()<>$]+/u).filter((word) => word !== '');
}

/** The word as a path from the top of the repository, when it is one. */
function insideOf(root: string, word: string): string[] {
  const path = word.startsWith('/') ? word : join(root, word);
  if (path === root) return ['./.'];
  return path.startsWith(`${root}/`) ? [`./${path.slice(root.length + 1)}`] : [];
}
