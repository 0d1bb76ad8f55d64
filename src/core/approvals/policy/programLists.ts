/** What programs do, as far as rules have to know it. One that stands in no list is unknown: it may run anything. */

const list = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/u).filter((word) => word !== ''));

/** Programs that act for somebody else: only a rule that has all of their words lets them. */
export const PRIVILEGED = list(`
  sudo sudoedit su doas pkexec runuser run0 gosu su-exec please chroot nsenter unshare setpriv capsh login newgrp sg
  machinectl systemd-nspawn pct lxc-attach`);

/** Programs that steer Code Manager and the terminals of all sessions: no rule about commands lets them. */
export const MANAGERS = list('cm code-manager tmux byobu tmuxp tmuxinator tmate');

/** Programs that read commands of their own kind from a file, from their words, or from whatever feeds them. */
export const SHELLS = list(`
  sh bash dash zsh ksh mksh pdksh oksh ash yash rbash fish csh tcsh rc es elvish nu xonsh pwsh powershell cmd`);

/** The same in another language. */
export const INTERPRETERS = list(`
  python pypy perl ruby node nodejs deno bun php lua luajit Rscript R julia osascript tclsh wish expect java jshell
  groovy scala kotlin ghci runghc elixir erl iex swift ts-node tsx guile racket sbcl clojure bb gdb lldb psql mysql
  mariadb sqlite3 mongosh redis-cli duckdb ed ex at batch bc dc m4 octave irb ipython bpython ptpython hy coffee raku
  ocaml utop clisp ecl scheme gosh janet gforth gnuplot maxima gp sage matlab wolframscript sqlplus mongo qjs d8 jsc zx`);

/** Programs that run the command that their words are: a rule for one has to say all of its words. */
export const WRAPPERS = list(`
  env nice ionice chrt nohup timeout stdbuf setsid taskset flock time command builtin exec xargs parallel watch strace
  ltrace perf valgrind busybox toybox systemd-run dbus-run-session fakeroot faketime proot unbuffer dtach abduco entr
  watchexec hyperfine chronic ts sponge ifne pee mispipe softlimit setuidgid envdir chpst numactl cgexec prlimit catchsegv
  rlwrap firejail bwrap direnv dotenv dotenvx doppler op infisical chamber aws-vault vaultenv caffeinate arch linux32
  linux64 setarch torsocks proxychains proxychains4 tsocks xvfb-run dbus-launch ssh-agent gpg-agent runcon cpulimit
  nodemon npx pnpx bunx uvx pipx cross-env dotnet-script concurrently retry with-contenv s6-setuidgid tini dumb-init
  mise asdf rtx nvm volta fnm pyenv rbenv hatch pdm pixi conda mamba micromamba rye tox nox coroutine`);

/** Programs that may run others that their words, their files or their keys name. */
export const RUNNERS = list(`
  script find fd fdfind awk gawk mawk nawk sed gsed tar bsdtar zip rsync vim vi nvim view emacs nano less more most man
  info crontab screen zellij make gmake bmake nix nix-shell nix-build docker-compose patch cpio ld gcc g++ cc c++ clang
  clang++ rustc javac tee-exec run-parts start-stop-daemon dialog fzf gum w3m lynx mail mutt gpg openssl ctags git-lfs
  unzip 7z 7za 7zr unrar unar lha arj cabextract pax ar jar`);

/** Programs that talk to other hosts: a rule for one has to say which, or all of its words. */
export const NETWORK = list(`
  curl wget wget2 http https xh httpie aria2c axel lwp-request nc ncat netcat socat telnet ftp sftp lftp tftp ssh scp mosh
  rclone dig drill nslookup host whois ping ping6 traceroute tracepath nmap masscan gh glab hub aws gsutil s3cmd gcloud az
  kubectl oc helm websocat grpcurl iperf iperf3 smbclient ldapsearch mount.nfs sshfs ab wrk hey k6`);

/** Programs that print what their words say, or something about the machine; none of their words is a file that they open. */
export const SAYING = list(`
  echo printf pwd true false : date whoami id groups uname nproc uptime logname tty sleep usleep seq basename dirname expr
  test [ yes factor cal type which whereis printenv tr exit return wait umask hostname locale getconf ps pgrep pidof
  free kill`);

/** Programs that read the files that their words name, or their input. */
export const READING = list(`
  cat tac nl head tail wc grep egrep fgrep rg ag ack ls dir vdir stat file du df diff cmp comm md5sum sha1sum sha224sum
  sha256sum sha384sum sha512sum b2sum cksum sum md5 shasum od hexdump hd strings cut paste join column fold fmt expand
  unexpand pr rev jq realpath readlink base64 base32 zcat xzcat bzcat cd look nm size`);

/** Programs that change the files that their words name. */
export const WRITING = list(`
  cp mv rm rmdir mkdir touch tee ln install truncate dd chmod chown chgrp shred split csplit mktemp mkfifo sync unlink
  link gzip gunzip bzip2 bunzip2 xz unxz zstd unzip sort uniq xxd shuf tree`);

/** Of the ones above: they look through the folder where they are when no word names one. */
export const WALKING = list('ls dir vdir du rg ag ack tree');

/** Programs whose first name is what they look for, not where. */
export const SEARCHING = list('grep egrep fgrep rg ag ack jq');

/** Long options by which a program that runs nothing else runs one after all, also when they are cut short. */
export const RUNNING_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  sort: ['--compress-program'],
  split: ['--filter'],
  install: ['--strip-program'],
  rg: ['--pre', '--hostname-bin'],
  ag: ['--pager'],
  ack: ['--pager', '--output', '--ackrc'],
  nm: ['--plugin'],
  size: ['--plugin'],
};

/** What makes such a program open files that no word names: those in a list, and those behind links on its way. */
export const FARTHER_OPTIONS: Readonly<Record<string, RegExp>> = {
  wc: /^--f/u,
  du: /^--f|^-(?!-).*[DHL]|^--deref/u,
  sort: /^--fil/u,
  file: /^-(?!-).*f|^--f/u,
  ls: /^-(?!-).*[HL]|^--deref/u,
  grep: /^-(?!-).*R|^--deref/u,
  egrep: /^-(?!-).*R|^--deref/u,
  fgrep: /^-(?!-).*R|^--deref/u,
  rg: /^-(?!-).*L|^--follow/u,
  ag: /^-(?!-).*f|^--follow/u,
  ack: /^--follow/u,
  diff: /^-(?!-).*r|^--r/u,
  cp: /^-(?!-).*[HL]|^--deref/u,
  tree: /^-(?!-).*l/u,
};

/** Programs that only name the targets or scripts to be run: more names are more of them. */
export const TARGETS = list(`
  make gmake bmake just task rake invoke ninja samu scons waf ant mvn mvnw gradle gradlew bazel bazelisk buck buck2 pants
  tox nox hatch mage doit turbo nx lerna cmake ctest meson`);
