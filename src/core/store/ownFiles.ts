/**
 * What stands in a script before whatever it writes into the folder `$dir`, which must be ours: nothing is written
 * through a link, into what is no file, or into another user's. A shell whose `test` knows no owners looks for links
 * alone. Between the look and the writing whoever may write in that folder can still change it; that is its owner alone.
 *
 * - `free FILE`: it may be made or added to.
 * - `tell`: whoever watches the folder from another host hears of it by the file of changes, where there is one.
 */
export const OWN_FILES = `own() { [ ! -L "$1" ] && { [ -O "$1" ] 2>/dev/null || [ $? -gt 1 ]; }; }
free() { if [ -e "$1" ] || [ -L "$1" ]; then [ -f "$1" ] && own "$1"; fi; }
tell() { [ ! -f "$dir/changes" ] || ! own "$dir/changes" || printf . >>"$dir/changes"; }`;
