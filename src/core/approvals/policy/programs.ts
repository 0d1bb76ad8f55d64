/** They act for somebody else: only a rule that begins with them lets them. */
const PRIVILEGED = new Set('sudo su doas pkexec runuser chroot nsenter unshare setpriv login newgrp sg'.split(' '));

/** They run what their words say: a rule for one has to say all of its words. */
const RUNNERS = new Set(
  (
    'sh bash dash zsh ksh fish csh tcsh env xargs nice ionice nohup timeout stdbuf setsid taskset chrt flock script ' +
    'time command builtin exec parallel watch strace ltrace gdb expect coproc busybox toybox find fd awk gawk mawk ' +
    'sed perl python python2 python3 ruby node nodejs deno bun php lua Rscript osascript tclsh java jshell ghci ' +
    'npx pnpx bunx uvx pipx nix nix-shell tmux screen at batch crontab systemd-run vim vi ex ed emacs nano less more ' +
    'man tar zip rsync docker-compose entr direnv watchexec hyperfine dtach unbuffer proot fakeroot faketime dbus-run-session'
  ).split(' '),
);

/** They talk to other hosts: a rule for one has to say which, or all of its words. */
const NETWORK = new Set(
  (
    'curl wget http https xh aria2c nc ncat netcat socat telnet ftp sftp lftp ssh scp mosh rclone dig nslookup host ' +
    'whois ping openssl gh glab aws gcloud az kubectl helm'
  ).split(' '),
);

/** Their first word says what they do: a rule has to say it, and for these second words everything else too. */
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  git: 'bisect submodule config difftool mergetool filter-branch worktree send-email credential daemon clone fetch pull push remote grep archive'.split(
    ' ',
  ),
  npm: 'exec x init create config set explore edit publish'.split(' '),
  pnpm: 'exec dlx create config publish'.split(' '),
  yarn: 'exec dlx create config publish node'.split(' '),
  docker: 'run exec compose buildx'.split(' '),
  podman: 'run exec compose'.split(' '),
  cargo: 'run config publish'.split(' '),
  go: 'run generate tool env'.split(' '),
  pip: 'config install download'.split(' '),
  pip3: 'config install download'.split(' '),
  uv: 'run tool pip'.split(' '),
  poetry: 'run config publish'.split(' '),
  bundle: 'exec config'.split(' '),
  dotnet: 'run exec tool'.split(' '),
  brew: 'sh'.split(' '),
  apt: [],
  'apt-get': [],
  systemctl: [],
  terraform: [],
  make: [],
};

/** They say how much is told and change nothing else, wherever they are known. */
const HARMLESS = new Set(
  (
    '--verbose --quiet --silent --short --porcelain --json --color --no-color --colour --color=always --color=never ' +
    '--color=auto --help --version --oneline --stat --shortstat --numstat --name-only --name-status --cached --staged ' +
    '--coverage --ci --graph --decorate --no-pager --dry-run --reverse --long --human-readable'
  ).split(' '),
);

/** Letters that are harmless after one dash, by program or by program and subcommand. */
const LETTERS: Readonly<Record<string, RegExp>> = {
  ls: /^[1AaCFGHLRSTUdfghiklmnopqrstux]+$/u,
  cat: /^[AbEnstTuv]+$/u,
  head: /^(?:[nc]?\d+|[ncqv])$/u,
  tail: /^(?:[nc]?\d+|[ncqv])$/u,
  wc: /^[clLmw]+$/u,
  grep: /^(?:[EFGHLRabchilnoqrsvwxz]+|[ABC]\d+)$/u,
  du: /^[abchkmsx]+$/u,
  df: /^[aHhikT]+$/u,
  pwd: /^[LP]$/u,
  mkdir: /^[pv]+$/u,
  'git status': /^[bsuvz]+$/u,
  'git diff': /^(?:[bpswz]+|U\d+)$/u,
  'git log': /^(?:\d+|[npsz]|n\d+)$/u,
  'git show': /^[psz]$/u,
  'git branch': /^[arv]+$/u,
};

export function isPrivileged(program: string): boolean {
  return PRIVILEGED.has(program);
}

export function isNetwork(program: string): boolean {
  return NETWORK.has(program);
}

/** It runs other programs that its words name. */
export function isRunner(program: string): boolean {
  return RUNNERS.has(program.replace(/[\d.]+$/u, '')) || RUNNERS.has(program) || PRIVILEGED.has(program);
}

/** The name of a program without its folder. */
export function programName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** A rule for these words fits nothing but exactly them: more words could make them do anything. */
export function mustBeWhole(prefix: readonly string[]): boolean {
  const words = prefix.filter((word) => !/^[A-Za-z_]\w*\+?=/u.test(word));
  const [program, subcommand] = [programName(words[0] ?? ''), words[1]];
  if (isRunner(program)) return true;
  const dangerous = Object.hasOwn(SUBCOMMANDS, program) ? SUBCOMMANDS[program] : undefined;
  return dangerous !== undefined && (subcommand === undefined || dangerous.includes(subcommand));
}

/** Whether a word that begins with a dash may follow these words without being named by the rule. */
export function isHarmlessOption(prefix: readonly string[], option: string): boolean {
  if (HARMLESS.has(option)) return true;
  if (!/^-[^-]/u.test(option)) return false;
  const [program = '', subcommand = ''] = prefix;
  const own = [`${program} ${subcommand}`, program].find((key) => Object.hasOwn(LETTERS, key));
  return own !== undefined && (LETTERS[own]?.test(option.slice(1)) ?? false);
}
