interface Parsed {
  readonly numbers: readonly number[];
  readonly prerelease: string;
}

function parse(version: string): Parsed {
  const [core = '', ...rest] = version.replace(/^v/, '').replace(/\+.*$/, '').split('-');
  return { numbers: core.split('.').map((part) => Number.parseInt(part, 10) || 0), prerelease: rest.join('-') };
}

function compareNumbers({ numbers: left }: Parsed, { numbers: right }: Parsed): number {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Orders two versions as semver does: negative when `a` is older, 0 when equal, positive when newer. */
export function compareVersions(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  const difference = compareNumbers(left, right);
  if (difference !== 0 || left.prerelease === right.prerelease) return difference;
  if (left.prerelease === '') return 1;
  if (right.prerelease === '') return -1;
  return left.prerelease.localeCompare(right.prerelease, 'en', { numeric: true });
}

/** Whether a version is another one or newer, by its numbers alone: `0.41.0-preview.1` is since `0.41`. */
export function isVersionSince(version: string, since: string): boolean {
  return /^\d/.test(version) && compareNumbers(parse(version), parse(since)) >= 0;
}

/** Whether a version is older than another one, as semver has it: of one that cannot be told that is not known. */
export function isVersionBefore(version: string | null, other: string): boolean {
  return version !== null && /^\d+\.\d/.test(version) && compareVersions(version, other) < 0;
}
