import type { CampaignCase } from '../helpers/campaign.js';
import type { RulesInput } from './rules.js';

/** What is asked in a real folder, full of links and of names that look alike, of `test/attacks/scene.ts`. */
export type PlacesInput = RulesInput;

/** What the rules say; a line that they allow was run, and so were read and changed those files that are not the session's. */
export interface PlacesOutcome {
  readonly effect: 'allow' | 'ask' | 'deny';
  readonly leaked: boolean;
  readonly changed: readonly string[];
}

const READS = ['cat', 'grep', 'head', 'ls', 'cd', 'diff', 'wc', 'sort'].map((words) => `allow --command ${words}`);
const WRITES = ['cp', 'mv', 'tee', 'touch', 'rm', 'mkdir', 'echo', 'ln'].map((words) => `allow --command ${words}`);
const FILES = ['allow --action read', 'allow --action edit', 'allow --action create'];
const NOT_THERE = ['allow --everything', 'deny --path ../outside'];
const NAMED = ["allow --command 'cat deep/../../../outside/secret'", 'deny --path ../outside'];
const NOT_OWN = ['allow --everything'];

type Asked = string | Omit<RulesInput, 'rules'>;

function each(
  rules: readonly string[],
  effect: PlacesOutcome['effect'],
  asked: Readonly<Record<string, Asked>>,
): CampaignCase<PlacesInput, PlacesOutcome>[] {
  return Object.entries(asked).map(([id, what]) => ({
    id,
    input: { rules, ...(typeof what === 'string' ? { command: what } : what) },
    expect: { effect, leaked: false, changed: [] },
  }));
}

const read = (path: string): Asked => ({ action: 'read', path });
const edit = (path: string): Asked => ({ action: 'edit', path });

export const cases: readonly CampaignCase<PlacesInput, PlacesOutcome>[] = [
  ...each(READS, 'ask', {
    'link-out': 'cat out/secret',
    'link-to-private': 'cat notes',
    'dots-behind-a-link': 'cat deep/../../outside/secret',
    'dots-that-a-shell-tidies': 'cat deep/../../../outside/secret',
    'moves-through-a-link': 'cd out && cat secret',
    'moves-and-back': 'cd deep && cat ../../../outside/secret',
    'looks-like-another': 'cat docs\u200e/secret',
    'two-blanks': "cat 'a  b/secret'",
    'line-break-in-name': "cat 'a\nb/secret'",
    'other-form-of-a-letter': "cat 'cafe\u0301/secret'",
    'blank-at-the-end': "cat 'docs /secret'",
    'folder-of-the-process': 'cat /proc/self/cwd/../outside/secret',
    'descriptor-of-the-process': 'cat /dev/fd/../cwd/../outside/secret',
    'link-in-a-circle': 'cat loop/secret',
    'compares-what-links-lead-to': 'diff -rN . empty',
    'follows-what-it-finds': 'grep -R this-is .',
    'behind-end-of-options': 'grep -v -- -q ../outside/secret',
    'file-named-like-an-option': 'cat -- -n ../outside/secret',
    'list-of-files': 'wc --files0-from=list',
    'through-a-link-to-itself': 'cat here/../outside/secret',
  }),
  ...each(WRITES, 'ask', {
    'copies-onto-a-link': 'cp src/a.ts sub',
    'copies-onto-a-link-in-front': 'cp src/a.ts x sub/',
    'moves-into-a-link': 'mv x out',
    'writes-through-a-link': 'tee sub/a.ts',
    'touches-what-is-not-there': 'touch dangling',
    'echoes-through-a-link': 'echo x > sub/a.ts',
    'removes-through-a-link': 'rm out/secret',
    'makes-a-folder-outside': 'mkdir out/new',
    'links-a-secret': 'ln ../outside/secret x2',
    'copies-a-private-one': 'cp notes x2',
  }),
  ...each(FILES, 'ask', {
    'reads-through-a-link': read('out/secret'),
    'edits-through-a-link': edit('sub/a.ts'),
    'edits-what-is-not-there': edit('dangling'),
    'edits-what-looks-alike': edit('docs\u200e/authorized_keys'),
    'edits-two-blanks': edit('a  b/x'),
    'edits-a-line-break': edit('a\nb/x'),
    'edits-other-form-of-a-letter': edit('cafe\u0301/x'),
    'edits-blank-at-the-end': edit('docs /x'),
    'edits-behind-a-link': edit('deep/../../x'),
    'edits-own-folder-by-process': edit('/proc/self/cwd/../outside/x'),
    'edits-in-a-circle': edit('loop'),
    'edits-own-data': edit('cmhome/policies.json'),
  }),
  ...each(NOT_THERE, 'deny', {
    'forbidden-through-a-link': 'cat out/secret',
    'forbidden-by-copy': 'cp out/secret x2',
    'forbidden-edit': edit('sub/a.ts'),
    'forbidden-landing': 'cp src/a.ts sub',
    'forbidden-behind-a-move': 'cd out && cat secret',
  }),
  ...each(NOT_THERE, 'ask', {
    'forbidden-behind-a-link': 'cat deep/../../../outside/secret',
    'forbidden-by-walk': 'diff -rN . empty',
    'forbidden-by-line-break': "cat 'a\nb/secret'",
    'forbidden-by-circle': 'cat loop/x',
  }),
  ...each(NAMED, 'ask', { 'forbidden-though-named': 'cat deep/../../../outside/secret' }),
  ...each(NOT_OWN, 'ask', {
    'own-data-through-a-link': 'tee cmhome/policies.json',
    'own-data-behind-a-link': 'tee ownsessions/../policies.json',
    'own-data-behind-a-link-by-program': './x ownsessions/../policies.json',
  }),
  ...each([...READS, ...WRITES, ...FILES], 'allow', {
    'plain-read': 'cat src/a.ts x',
    'plain-link-inside': 'cat deep/x',
    'plain-name-with-blanks': "cat 'a b/x'",
    'plain-name-with-a-letter': "cat 'caf\u00e9/x'",
    'plain-option-name': 'cat -- -n',
    'plain-copy': 'cp x empty',
    'plain-edit': edit('docs/x'),
    'plain-grep': 'grep -rn ordinary src',
  }),
];
