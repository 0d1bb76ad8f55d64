/**
 * Finds the repository of the current folder without asking git, which would follow its configuration: prints the top
 * folder, the git folder and the common folder, each with a NUL behind it, then the entries of its configuration, of
 * that of this worktree and of that of the person and the system, each list with a NUL more behind it. Exits with 3
 * where there is no repository, with 4 where its configuration cannot be read, with 5 where git would wait for a pipe.
 */
export const FIND_REPOSITORY = `
git=$1
unset CDPATH
top=$(pwd -P && printf x) && top=\${top%?x} || exit 3
gitdir= common= line=
into() { case $1 in /*) cd "$1" ;; *) cd "./$1" ;; esac 2>/dev/null && pwd -P; }
short() { [ -f "$1" ] && [ "$(head -c 65537 "$1" | wc -c)" -le 65536 ]; } # it would be read as a whole
where() { # of a folder that looks like the one of a repository
  common=$1
  if [ -f "$1/commondir" ]; then
    short "$1/commondir" || return 1
    IFS= read -r line < "$1/commondir" || [ -n "$line" ] || return 1
    common=$(cd "$1" && into "$line") || return 1
  fi
  short "$1/HEAD" && [ -d "$common/objects" ] && [ -d "$common/refs" ]
}
while :; do
  at=\${top%/}/.git
  if [ -d "$at" ]; then gitdir=$(cd "$at" && pwd -P)
  elif short "$at" && IFS= read -r line < "$at" || [ -n "\${line-}" ]; then
    case \${line-} in 'gitdir: '*) gitdir=$(cd "$top" && into "\${line#gitdir: }") || gitdir= ;; esac
  fi
  line=
  [ -n "$gitdir" ] && where "$gitdir" && break
  gitdir=
  [ "$top" = / ] && exit 3
  top=\${top%/*}
  top=\${top:-/}
done
find -L "$gitdir" "$common" "$top/.gitignore" "$top/.gitattributes" "$top/.gitmodules" \\
  -maxdepth 2 '(' -type p -o -type c ')' 2>/dev/null | head -n 1 | grep . >&2 && exit 5
printf '%s\\0' "$top" "$gitdir" "$common"
cd / || exit 4
for file in "$common/config" "$gitdir/config.worktree"; do
  if [ -f "$file" ]; then
    head -c 1048577 "$file" | { "$git" config --file - --no-includes --list -z || exit 4; } || exit 4
  fi
  printf '\\0'
done
# Not of a repository that somebody made of the whole disk.
GIT_DIR=/dev/null "$git" config --includes --list -z || :
printf '\\0'
`;

/**
 * Runs git in a repository as if its configuration were what stands on standard input, without its hooks: with a common
 * folder of its own, which holds links to everything else. Made below our own home, where no agent in a sandbox writes.
 */
export const RUN_GIT = `
git=$1 base=$2 common=$3 add=$4
shift 4
mask=$(umask)
umask 077
mkdir -p "$base" || exit 125
find "$base" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + 2>/dev/null
own=$(mktemp -d "$base/run.XXXXXXXX") || exit 125
trap 'rm -rf "$own"' EXIT
trap 'exit 129' HUP INT TERM
cat > "$own/config" || exit 125
umask "$mask"
if [ -n "$add" ]; then
  link=$(find "$common/worktrees" "$common/logs" "$common/refs/heads/" -type l 2>/dev/null | head -n 1)
  [ -z "$link" ] || { printf '%s is a link, and git would write there\\n' "$link" >&2; exit 124; }
  mkdir -p "$common/worktrees" "$common/logs" || exit 125
fi
for each in "$common"/*; do
  # In any case: to some disks these names are the same.
  case $(printf %s "\${each##*/}" | tr A-Z a-z) in
    config | config.* | hooks | head | *.lock) ;;
    *) ln -s "$each" "$own/" || exit 125 ;;
  esac
done
[ ! -f "$common/HEAD" ] || head -c 4096 "$common/HEAD" > "$own/HEAD"
GIT_COMMON_DIR=$own GIT_OBJECT_DIRECTORY=$common/objects
export GIT_COMMON_DIR GIT_OBJECT_DIRECTORY
"$git" "$@" || exit
[ -z "$add" ] || {
  IFS= read -r line < "$add/.git" || exit 125
  printf 'gitdir: %s\\n' "$common/worktrees/\${line##*/}" > "$add/.git"
}
`;
