/** One line of a git configuration; a key without `=` has no value and counts as true. */
export interface ConfigEntry {
  /** As git lists it: section and name in small letters, the part between them as it was written. */
  readonly key: string;
  readonly value: string | undefined;
}

/** What `git config --list -z` prints. */
export function parseConfigList(text: string): ConfigEntry[] {
  return text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('\n');
      return end < 0 ? { key: entry, value: undefined } : { key: entry.slice(0, end), value: entry.slice(end + 1) };
    });
}

/** A configuration file that git reads as exactly these entries. */
export function formatConfig(entries: readonly ConfigEntry[]): string {
  return entries.map(({ key, value }) => `${header(key)}\n\t${nameOf(key)}${valueText(value)}\n`).join('');
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

function header(key: string): string {
  const [first, last] = [key.indexOf('.'), key.lastIndexOf('.')];
  if (first === last) return `[${key.slice(0, first)}]`;
  return `[${key.slice(0, first)} "${key.slice(first + 1, last).replace(/["\\]/gu, String.raw`\$&`)}"]`;
}

function valueText(value: string | undefined): string {
  if (value === undefined) return '';
  const quoted = value.replace(/["\\]/gu, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
  return ` = "${quoted}"`;
}
