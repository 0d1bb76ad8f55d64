import { canonicalName, isNetwork, splitCommand, subcommandsOf } from './programs.js';

/** Options that say how much is told and change nothing else, whatever program has them. */
const EVERYWHERE = list(
  '--verbose --quiet --silent --no-color --color=always --color=never --color=auto --help --version',
);

/** The same for programs that are known and reach no other host. */
const KNOWN = list(
  '--short --porcelain --json --color --colour --oneline --stat --shortstat --numstat --name-only --name-status --cached ' +
    '--staged --coverage --ci --graph --decorate --no-pager --dry-run --reverse --long --human-readable',
);

/** By program, or by program and first name: long options, and letters behind one dash. */
interface Harmless {
  readonly letters?: RegExp;
  readonly long?: ReadonlySet<string>;
  /** Beginnings up to the `=`; the value is a text. */
  readonly valued?: ReadonlySet<string>;
}

function list(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

/** Names may follow `--`. */
const ENDS = list('--');
const GREP: Harmless = {
  letters: /^(?:[EFGPabchilnoqrsvwxzI]+|[ABCm]\d+)$/u,
  long: list(
    '-- --line-number --ignore-case --count --files-with-matches --only-matching --word-regexp --fixed-strings --recursive',
  ),
  valued: list('--include --exclude --exclude-dir --context --after-context --before-context --max-count'),
};

const HARMLESS: Readonly<Record<string, Harmless>> = {
  ls: {
    letters: /^[1AaCFGRSTUdfghiklmnopqrstux]+$/u,
    long: list('-- --all --almost-all --recursive --size --full-time'),
  },
  cat: { letters: /^[AbEnstTuv]+$/u, long: ENDS },
  head: { letters: /^(?:[nc]?\d+|[ncqv])$/u, long: ENDS },
  tail: { letters: /^(?:[nc]?\d+|[ncqvf])$/u, long: ENDS },
  wc: { letters: /^[clLmw]+$/u, long: ENDS },
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  rg: {
    letters: /^(?:[FSUcilnoqsvwxNI]+|[ABCm]\d+)$/u,
    long: list(
      '-- --line-number --ignore-case --count --files-with-matches --only-matching --word-regexp --fixed-strings --files --heading --no-heading --stats',
    ),
    valued: list('--context --after-context --before-context --max-count --max-depth --type'),
  },
  // Not what walks: it would follow links.
  diff: { letters: /^(?:[Nabiqstuwy]+|U\d+)$/u, long: list('-- --unified --brief --side-by-side') },
  sort: { letters: /^[bdfghinruV]+$/u },
  uniq: { letters: /^[cdiu]+$/u },
  cut: { letters: /^(?:[dfcb][^/]{1,40}|s)$/u },
  tr: { letters: /^[cds]+$/u },
  stat: { letters: /^[ft]+$/u },
  du: { letters: /^(?:[abchkmsx]+|d\d+)$/u },
  df: { letters: /^[aHhikT]+$/u },
  pwd: { letters: /^[LP]$/u },
  mkdir: { letters: /^[pv]+$/u, long: list('-- --parents') },
  touch: { long: ENDS },
  echo: { letters: /^[neE]+$/u },
  jq: { letters: /^[cejrSMC]+$/u },
  file: { letters: /^[bi]+$/u },
  tree: { letters: /^(?:[adfhsC]+|L)$/u },
  curl: { letters: /^[sSfiIv]+$/u, long: list('--show-error --fail --head --include --compressed') },
  pytest: {
    letters: /^(?:[qvxsl]+|r[A-Za-z]+|n\d+)$/u,
    long: list(
      '--lf --ff --sw --nf --exitfirst --last-failed --failed-first --stepwise --no-header --no-summary --collect-only --co --showlocals --pdb-off',
    ),
    valued: list('--maxfail --tb --durations'),
  },
  'git *': { long: ENDS },
  'git status': { letters: /^[bsuvz]+$/u, long: list('-- --branch --ignored --untracked-files') },
  'git diff': {
    letters: /^(?:[bpswz]+|U\d+|M|C)$/u,
    long: list('-- --word-diff --check --minimal --patch --summary --no-ext-diff --no-textconv'),
  },
  'git log': {
    letters: /^(?:\d+|[npsz]|n\d+)$/u,
    long: list('-- --all --patch --merges --no-merges --follow --first-parent --no-ext-diff'),
    valued: list('--max-count --since --until --author --grep --pretty --format --date'),
  },
  'git show': { letters: /^[psz]$/u, long: list('-- --patch --no-patch'), valued: list('--pretty --format') },
  'git branch': { letters: /^[arv]+$/u, long: list('--all --remotes --show-current --list --merged --no-merged') },
  'git add': { letters: /^[Anuv]+$/u, long: list('-- --all --update') },
  'git commit': { letters: /^(?:[avqs]*m|[avqs]+)$/u, long: list('-- --all --message --amend --no-edit --signoff') },
  'git tag': { letters: /^[aln]*m?$/u, long: list('--list --message') },
  'git stash': { letters: /^[uqm]$/u, long: list('--include-untracked --message') },
  'git rev-parse': { long: list('--abbrev-ref --show-toplevel --is-inside-work-tree') },
  'git ls-files': { letters: /^[cdmosz]+$/u, long: list('-- --others --modified --exclude-standard') },
  'git blame': { letters: /^[sefnw]+$/u, long: ENDS },
  'npm test': { long: list('--if-present --workspaces') },
  'npm run': { long: list('--if-present --workspaces') },
  'npm install': { long: list('--no-audit --no-fund --no-save --prefer-offline --offline --ignore-scripts') },
  'npm ci': { long: list('--no-audit --no-fund --prefer-offline --offline --ignore-scripts') },
  'pnpm install': { long: list('--frozen-lockfile --offline --prefer-offline --ignore-scripts') },
  'yarn install': { long: list('--frozen-lockfile --immutable --offline --ignore-scripts') },
  'cargo *': {
    letters: /^(?:[qrv]+|j\d+)$/u,
    long: list(
      '--workspace --all --release --lib --bins --tests --examples --benches --doc --all-targets --all-features --no-default-features --locked --offline --frozen --no-run --no-fail-fast --check',
    ),
  },
  'go test': {
    letters: /^(?:v|race|short|cover|failfast|json|vet=off|count=\d+|cpu=\d+|parallel=\d+|timeout=\d+[smh])$/u,
  },
  'go build': { letters: /^(?:v|race)$/u },
  'go vet': { letters: /^(?:v|race)$/u },
  make: { letters: /^(?:[sknBw]+|j\d*)$/u, long: list('--silent --keep-going --always-make') },
};

/** Options behind which a text stands that names nothing: a message. */
const TEXTS: Readonly<Record<string, RegExp>> = {
  'git commit': /^(?:-[avqs]*m|--message)$/u,
  'git tag': /^(?:-[aln]*m|--message)$/u,
  'git stash': /^(?:-m|--message)$/u,
  'git merge': /^(?:-m|--message)$/u,
  'git revert': /^(?:-m|--message)$/u,
};

function keysOf(words: readonly string[]): string[] {
  const { program, subcommand } = splitCommand(words);
  return subcommand === undefined ? [program] : [`${program} ${subcommand}`, `${program} *`, program];
}

/** Whether a word that begins with a dash may follow these words without being named by the rule. */
export function isHarmlessOption(prefix: readonly string[], option: string): boolean {
  const program = canonicalName(prefix[0] ?? '');
  if (!isNetwork(program)) {
    if (EVERYWHERE.has(option)) return true;
    const isKnown = keysOf(prefix).some((key) => Object.hasOwn(HARMLESS, key)) || subcommandsOf(program) !== undefined;
    if (isKnown && KNOWN.has(option)) return true;
  } else if (['--silent', '--help', '--version'].includes(option)) return true;
  const found = keysOf(prefix).filter((key) => Object.hasOwn(HARMLESS, key));
  return found.some((key) => {
    const { letters, long, valued } = HARMLESS[key] ?? {};
    if (long?.has(option)) return true;
    if (!option.startsWith('--')) return letters?.test(option.slice(1)) === true;
    const equals = option.indexOf('=');
    return equals > 0 && valued?.has(option.slice(0, equals)) === true;
  });
}

/** Whether the word behind this one is a text. */
export function takesText(words: readonly string[], option: string): boolean {
  return keysOf(words).some((key) => TEXTS[key]?.test(option) === true);
}
