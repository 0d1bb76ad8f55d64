import { quotePosix } from '../common/quote.js';

/** Files of a person, below home, and of the system that shells read at their start. */
const OWN = [
  ...[
    '.profile',
    '.bash_profile',
    '.bash_login',
    '.bashrc',
    '.bash_aliases',
    '.zshenv',
    '.zprofile',
    '.zshrc',
    '.zlogin',
  ],
  ...['.shrc', '.kshrc', '.mkshrc', '.yash_profile', '.yashrc', '.tcshrc', '.cshrc', '.login', '.xonshrc'],
  ...['.config/fish/config.fish', '.config/fish/conf.d/*.fish', '.config/fish/fish_variables'],
  ...['.config/elvish/rc.elv', '.elvish/rc.elv', '.config/nushell/*.nu', '.config/mise/config.toml', '.tool-versions'],
];
const SYSTEM = [
  ...['profile', 'profile.d/*.sh', 'bash.bashrc', 'bashrc', 'environment', 'zsh/*', 'zshenv', 'zprofile', 'zshrc'],
  ...['fish/config.fish', 'fish/conf.d/*.fish', 'csh.cshrc', 'csh.login'],
];
/** Files by which tools know what a folder wants, in it or in one above. */
const OF_FOLDER =
  '.envrc .env .tool-versions .mise.toml mise.toml .mise.local.toml .nvmrc .node-version .python-version .ruby-version';
/** Folders whose names tell what a person has allowed, or which functions there are. */
const LISTED =
  '.local/share/direnv/allow .local/share/direnv/deny .local/state/mise/trusted-configs .config/fish/functions';
/** Of each file that another one names. */
const MAX_BYTES = 65_536;

/**
 * A POSIX script that prints another sum when what a login shell in a folder reads has changed: its files, those that
 * they name, and those by which tools know what the folder wants.
 */
export function startStamp(folder: string): string {
  return `(cd / || exit 1
h=$HOME z=\${ZDOTDIR:-$HOME} d=${quotePosix(folder)}
set -- ${OWN.map((name) => `"$h"/${name}`).join(' ')} "$z"/.zshenv "$z"/.zprofile "$z"/.zshrc "$z"/.zlogin
files() { for f do [ -f "$f" ] && [ -r "$f" ] && printf '%s\\n' "$f"; done; }
read_all() { set --; while IFS= read -r f; do set -- "$@" "$f"; done; [ $# -eq 0 ] || head -c ${MAX_BYTES} "$@" /dev/null; }
named() {
  tr '\\0' ' ' | grep -oE '(~|[$]HOME|[$][{]HOME[}]|[$]ZDOTDIR)?/[][A-Za-z0-9._@+/-]+' | sort -u | head -n 300 |
    while IFS= read -r f; do
      case $f in
      '~'/*) f=$h\${f#?} ;;
      '$HOME'/*) f=$h\${f#?????} ;;
      '\${HOME}'/*) f=$h\${f#???????} ;;
      '$ZDOTDIR'/*) f=$z\${f#????????} ;;
      /dev/*|/proc/*|/sys/*|/bin/*|/usr/bin/*) continue ;;
      esac
      files "$f"
    done
}
{
  files "$@" | read_all
  one=$(files "$@" | read_all | named)
  printf '%s\\n' "$one" | read_all
  printf '%s\\n' "$one" | while IFS= read -r f; do case $f in "$h"/*) printf '%s\\n' "$f" ;; esac; done | read_all | named | read_all
  files ${SYSTEM.map((name) => `/etc/${name}`).join(' ')} | read_all
  while [ -n "$d" ]; do
    for n in ${OF_FOLDER}; do files "$d/$n"; done
    d=\${d%/*}
  done | read_all
  for n in ${LISTED}; do ls -a "$h/$n"; done
} 2>/dev/null | cksum)`;
}
