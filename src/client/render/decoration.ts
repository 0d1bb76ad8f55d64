/**
 * What on a screen is decoration and not conversation. The tables describe how terminal programs in general draw such
 * things; nothing here knows one particular program.
 */

const DURATION = /(?:\d+(?:\.\d+)?(?:ms|s|m|h|d)\s?)+/.source;

/** Only lines, corners and blocks: rules, edges of boxes. */
const RULE = /^[\s\u2500-\u259f─-]*$/;
/** Drawings in block or braille characters: logos, bars. */
const ART = /[\u2580-\u259f](?:\s*[\u2580-\u259f]){2}|[\u2800-\u28ff]{3}|[■⬝▰▱]{4}/;
/** The glyphs with which spinners begin; bullets of lists are not among them. */
const SPINNER = /^(?:(?:[✢✳✶✻✽⏳]|[\u2801-\u28ff](?![\u2800-\u28ff]))\s*\S|[-|/\\*·∗◐◓◑◒] (?=\S+…))/;
/** "esc to interrupt" and its kin are shown while a program works. */
const INTERRUPT = /\besc(?:ape)?(?: again)?(?: to)? (?:interrupt|cancel|stop)\b/i;
/** `(3s · 12 tokens)`, `(1m 20s)` at the end of a line of status. */
const COUNTER = new RegExp(`(?:…|\\.\\.\\.) \\((?:${DURATION}|[^()]* · ${DURATION})[^()]*\\)$`);
/** `Worked for 8s · 09:06`, `▣ Build · Model · 2.9s`: how long something took. */
const ELAPSED = new RegExp(`^(?:\\W*\\p{L}+ for ${DURATION}(?:[·•].*)?|▣ [^·]+·[^·]+(?:· ${DURATION})?)$`, 'u');
const TIP = /^\W*(?:Tip|Hint): /;
/** A row of a menu of commands: `/exit   Leave the program`. */
const COMMAND_MENU = /^[❯›> ]*\/[\w:-]+\s{2,}\S/;
/** Keys and what they do, as footers and dialogs name them. */
const KEY_HINT =
  /(?:^|[\s(·•])(?:esc|escape|enter|return|tab|shift\+tab|ctrl[+-]\w|\?|↑\/?↓|f\d+)(?: again)?(?: to| for)? (?:interrupt|cancel|confirm|select|submit|dismiss|commands|agents|shortcuts|cycle|quit|exit|view|toggle|navigate|amend|explain|queue|edit|send|fullscreen|accept|paste)\b/i;
/** An option with the cursor on it, or the buttons of a dialog. */
const OPTION = /^\s*[│┃]?\s*[❯›▸→●]\s+\d+[.)]\s|\bAllow once\b.*\bReject\b/;
/** The hint on keys that closes a dialog. */
const DIALOG_HINT = /\b(?:enter|return)(?: to)? (?:confirm|select|submit)\b|\besc(?: to)? (?:cancel|dismiss)\b/i;
/** The first row of an input box. */
const INPUT = /^\s{0,2}(?:[│┃]\s)?\s?(?:[❯›>](?:\s|$)|[*!]\s{3}\S)/;
/** The glyph or bullet with which a message, a tool call or its result begins. */
const MESSAGE = /^\s{0,2}[●•⏺■✔✗✘✕✖✓⎿└├✦✻ℹ✶✢✽◦]\s/;
const TITLED_BOX = /^\s*[╭┌]─+ [^─].* ─+[╮┐]$/;
const BOX_END = /^\s*[╰└]─+/;
const RAIL = /^\s*[┃▌▎▏](?:\s|$)/;
const RAIL_END = /^\s*[╹╰└]?[▀▔─━]{10,}\s*$/;

/** The folder in which the program works, maybe with its branch. */
const FOLDER = /^\s*[~/]\S*(?: \[[^\]]+\])?$/;

export const isFolder = (row: string): boolean => FOLDER.test(row);
export const isRule = (row: string): boolean => RULE.test(row) && /[\u2580-\u259f]|\S{3}/.test(row);
export const isArt = (row: string): boolean => ART.test(row);
export const isTitledBox = (row: string): boolean => TITLED_BOX.test(row);
export const isBoxEnd = (row: string): boolean => BOX_END.test(row);
export const isClosedBoxEnd = (row: string): boolean => /^\s*╰─+.*╯$/.test(row);
export const isRail = (row: string): boolean => RAIL.test(row);
export const isRailEnd = (row: string): boolean => RAIL_END.test(row);
export const isMessage = (row: string): boolean => MESSAGE.test(row);
export const isInput = (row: string): boolean => INPUT.test(row);
export const isOption = (row: string): boolean => OPTION.test(row);
export const isKeyHint = (row: string): boolean => KEY_HINT.test(row);
export const isDialogHint = (row: string): boolean => DIALOG_HINT.test(row);

/** A rule that spans at least half of the screen: the border of an input area or a dialog. */
export function isWideRule(row: string, columns: number): boolean {
  return isRule(row) && row.trim().length >= columns / 2;
}

/** A row that says that the program works: a spinner, a counter of seconds, how to interrupt. */
export function isStatus(row: string): boolean {
  const text = row.trim();
  return !ELAPSED.test(text) && (SPINNER.test(text) || INTERRUPT.test(text) || COUNTER.test(text));
}

/** A row that says nothing of the conversation. */
export function isAside(row: string): boolean {
  const text = row.trim();
  return ELAPSED.test(text) || TIP.test(text) || COMMAND_MENU.test(text);
}

/** A result or remark that hangs below the row above it. */
export function isChild(row: string): boolean {
  return /^\s*[⎿└╰]\s/.test(row);
}

/** What is still being done and will be replaced by its outcome. */
export function isProvisional(text: string): boolean {
  return /(?:…|\.\.\.)$/.test(text);
}

/** `row` without panels that float over its right side, borders, rails and hints on keys. */
export function undecorate(row: string): string {
  return row
    .replace(/\s{3,}┃.*┃\s*$/, '')
    .replace(/\s{3,}[█▀▄▐┃]\s*$/, '')
    .replace(/^(\s*)[│┃▌▎▏](?=\s|$)/, '$1 ')
    .replace(/^(\s*)[└╰](?=\s)/, '$1⎿')
    .replace(/\s+[│┃]\s*$/, '')
    .replace(/(?<=\s)[│┃](?=\s)/g, ' ')
    .replace(/\s+\((?:ctrl|cmd|alt|shift|option)\+\S+ (?:to|for) [\w ]+\)$/i, '')
    .trimEnd();
}
