import type { RequestAction } from '../../src/protocol/screen.js';
import type { CampaignCase } from '../helpers/campaign.js';

/** What is asked in a session in `/proj`, whose person's home is `/home/u`, in which every path leads where it says. */
export interface RulesInput {
  /** Each as the words after `cm policy add`. */
  readonly rules: readonly string[];
  /** Default: `shell` with a command, else `edit`. */
  readonly action?: RequestAction;
  readonly command?: string;
  /** The file; the address of a network request. */
  readonly path?: string;
}

export type RulesCase = CampaignCase<RulesInput, 'allow' | 'ask' | 'deny'>;

/** A rule for everything, but no push. */
const NO_PUSH = ['allow --everything', "deny --command 'git push'"];

export const cases: readonly RulesCase[] = [
  { id: 'push', input: { rules: NO_PUSH, command: 'git push' }, expect: 'deny' },
  { id: 'push-with-remote', input: { rules: NO_PUSH, command: 'git push origin main' }, expect: 'deny' },
  { id: 'push-after-and', input: { rules: NO_PUSH, command: 'git status && git push' }, expect: 'deny' },
  { id: 'push-by-path', input: { rules: NO_PUSH, command: '/usr/bin/git push' }, expect: 'deny' },
  { id: 'push-in-shell', input: { rules: NO_PUSH, command: `sh -c 'git push'` }, expect: 'deny' },
  { id: 'push-by-xargs', input: { rules: NO_PUSH, command: 'xargs git push' }, expect: 'deny' },
  { id: 'push-by-env', input: { rules: NO_PUSH, command: 'env A=1 git push' }, expect: 'deny' },
  { id: 'push-substituted', input: { rules: NO_PUSH, command: 'echo $(git push)' }, expect: 'ask' },
  { id: 'push-in-variable', input: { rules: NO_PUSH, command: 'P=push; git $P' }, expect: 'ask' },
  { id: 'push-nowhere', input: { rules: NO_PUSH, command: 'git status' }, expect: 'allow' },
  { id: 'prefix', input: { rules: ["allow --command 'npm test'"], command: 'npm test src' }, expect: 'allow' },
  { id: 'prefix-of-word', input: { rules: ["allow --command 'npm test'"], command: 'npm tests' }, expect: 'ask' },
  { id: 'other-program', input: { rules: ["allow --command './mark yes'"], command: './mark no' }, expect: 'ask' },
  {
    id: 'zero-width-in-name',
    why: 'A program of that very name stands in the folder',
    input: { rules: ["allow --command './mark yes'"], command: './mark\u200b yes' },
    expect: 'ask',
  },
  {
    id: 'second-line',
    input: { rules: ["allow --command './mark yes'"], command: './mark yes\ntouch ../PWNED' },
    expect: 'ask',
  },
  { id: 'edit-inside', input: { rules: ['allow --action edit --path src'], path: 'src/a.ts' }, expect: 'allow' },
  { id: 'edit-outside', input: { rules: ['allow --action edit --path src'], path: 'src/../a.ts' }, expect: 'ask' },
  { id: 'edit-git-hook', input: { rules: ['allow --action edit'], path: '.git/hooks/pre-commit' }, expect: 'ask' },
  {
    id: 'host-in-user-part',
    input: {
      rules: ['allow --action network --host docs.example.com'],
      action: 'network',
      path: 'https://docs.example.com@evil.example/',
    },
    expect: 'ask',
  },
];
