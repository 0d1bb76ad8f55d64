/**
 * Finds the repository of the current folder without asking git, which would follow its configuration: prints the top
 * folder, the git folder and the common folder, each with a NUL behind it, then the entries of its configuration, of
 * that of this worktree and of that of the person and the system, each list with a NUL more behind it. Exits with 3
 * where there is no repository, with 4 where its configuration cannot be read, with 5 where git would wait for a pipe in
 * its folders.
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
[ "$gitdir" = "$common" ] || set -- "$gitdir"/*
find -H "$common"/* "$@" -maxdepth 5 \\
  '(' -type p -o -type c -o -type l '(' -exec test -p {} ';' -o -exec test -c {} ';' ')' ')' -print 2>/dev/null |
  head -n 1 | grep . >&2 && exit 5
# Below them git follows links to folders; what is in a reference it takes as a whole.
find -L "$common/refs" "$gitdir/refs" -maxdepth 10 \\
  '(' -type p -o -type c -o -type f -size +128 ')' 2>/dev/null | head -n 1 | grep . >&2 && exit 5
find -L "$common/packed-refs" -size +2097152 2>/dev/null | grep . >&2 && exit 5
find -L "$common/objects" -maxdepth 3 '(' -type p -o -type c ')' 2>/dev/null | head -n 1 | grep . >&2 && exit 5
borrowed() { # objects of other places, as far as git follows them
  [ "$2" -lt 6 ] && short "$1/info/alternates" || return 0
  grep -v "^#" "$1/info/alternates" | head -n 100 | while IFS= read -r line; do
    # Quoted as C has it; no git writes that.
    case $line in '"'*) printf '%s\\n' "$1/info/alternates"; break ;; esac
    from=$(cd "$1" && into "$line") || continue
    find -L "$from" -maxdepth 3 '(' -type p -o -type c ')' 2>/dev/null | head -n 1
    borrowed "$from" $(($2 + 1))
  done
}
borrowed "$common/objects" 1 | head -n 1 | grep . >&2 && exit 5
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
 * Prints of the hooks in a folder that are named behind it, and that git would run: the name, `text` or `other`, and the
 * text, each with a NUL behind it.
 */
export const LIST_HOOKS = `
cd "$1" 2>/dev/null || exit 0
shift
for name; do
  [ -f "$name" ] && [ -x "$name" ] || continue
  size=$(head -c 65537 "$name" | wc -c) plain=$(head -c 65537 "$name" | tr -d '\\000' | wc -c)
  if [ "$size" -le 65536 ] && [ "$size" -eq "$plain" ]; then
    printf '%s\\0text\\0' "$name"
    cat "$name"
    printf '\\0'
  else
    printf '%s\\0other\\0\\0' "$name"
  fi
done
`;

/** Prints those of the given words that are files or folders, seen from a folder: `f` or `d` before each, a NUL behind. */
export const LIST_FILES = `
cd "$1" || exit
shift
for word; do
  if [ -f "$word" ]; then printf 'f%s\\0' "$word"
  elif [ -d "$word" ]; then printf 'd%s\\0' "$word"
  fi
done
`;

/** Whether git would wait for a pipe in the repository that the file `.git` leads to. Holds no single quote. */
const LEADS_TO_PIPE = `
head -c 4096 "$1" | {
  IFS= read -r line
  case $line in "gitdir: "*) ;; *) exit 1 ;; esac
  cd "\${1%/*}" && cd "\${line#gitdir: }" 2>/dev/null || exit 1
  line=.
  [ ! -f commondir ] || line=$(head -c 4096 commondir | head -n 1)
  case $line in /*) ;; *) line=./$line ;; esac
  {
    find -H . "$line"/. -maxdepth 5 \\( -type p -o -type c -o -name packed-refs -size +2097152 \\)
    find -L "$line"/refs -maxdepth 10 \\( -type p -o -type c \\)
  } 2>/dev/null | grep -q .
}`;

/**
 * Names a file below the current folder for which git would wait, or that is too large to be read whole, in the file
 * `$odd`, and ends the process `$run`. Only what git opens by its name.
 */
const WATCH = `
find . -path ./.git -prune -o \\
  '(' -name .gitignore -o -name .gitattributes -o -name .gitmodules -o -name .mailmap -o -name .git -o -path '*/.git/*' ')' \\
  '(' -type p -o -type c -o -type l '(' -exec test -p {} ';' -o -exec test -c {} ';' ')' \\
    -o -path '*/.git/refs/*' -type l -exec test -d {} ';' -o -path '*/.git/packed-refs' -size +2097152 \\
    -o -type f -name '.git[iam]*' -size +204800 -o -type f -name .git -exec sh -c "$leads" sh {} ';' ')' \\
  -exec sh -c 'set -C; printf "%s\\n" "$1" > "$2" && kill "$3"' sh {} "$odd" "$run" ';' </dev/null >/dev/null 2>&1 &
`;

/**
 * Runs git in a repository as if its configuration were what stands on standard input, without its hooks but those that
 * are given: with a common folder of its own, which holds links to everything else. Made below our own home, where no
 * agent in a sandbox writes. With `add` it makes a worktree there; with `look` files of the work tree are read, and it
 * exits with 123 where git would wait for one of them.
 */
export const RUN_GIT = `
git=$1 base=$2 common=$3 add=$4 look=$5 hooks=$6
shift 6
ulimit -d 4194304 2>/dev/null # git takes some files into its memory as a whole, however large they are
mask=$(umask)
umask 077
mkdir -p "$base" || exit 125
find "$base" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + 2>/dev/null
own=$(mktemp -d "$base/run.XXXXXXXX") || exit 125
trap 'rm -rf "$own"' EXIT
trap 'exit 129' HUP INT TERM
cat > "$own/config" || exit 125
[ "$hooks" = 0 ] || mkdir "$own/hooks" || exit 125
while [ "$hooks" -gt 0 ]; do
  printf %s "$2" > "$own/hooks/$1" && chmod 700 "$own/hooks/$1" || exit 125
  hooks=$((hooks - 1))
  shift 2
done
[ ! -d "$own/hooks" ] || set -- -c "core.hooksPath=$own/hooks" "$@"
umask "$mask"
if [ -n "$add" ]; then
  link=$(
    find "$common/refs" -maxdepth 0 -type l 2>/dev/null
    find "$common/worktrees" "$common/logs" "$common/refs/heads" -type l 2>/dev/null | head -n 1
  )
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
if [ -n "$look" ]; then
  leads='${LEADS_TO_PIPE}'
  odd=$own/odd
  "$git" "$@" &
  run=$!
  ${WATCH.trim()}
  watch=$!
  trap 'kill "$run" "$watch" 2>/dev/null; exit 129' HUP INT TERM
  wait "$run"
  code=$?
  # What made it fail may not be found yet.
  if [ "$code" = 0 ]; then kill "$watch" 2>/dev/null; else wait "$watch"; fi
  [ "$code" = 0 ] || [ ! -s "$odd" ] || { head -n 1 "$odd" >&2; exit 123; }
  exit "$code"
fi
"$git" "$@"
code=$?
# Also where a hook failed behind it.
[ -z "$add" ] || [ ! -f "$add/.git" ] || {
  IFS= read -r line < "$add/.git" || exit 125
  printf 'gitdir: %s\\n' "$common/worktrees/\${line##*/}" > "$add/.git"
}
exit "$code"
`;
