interface Parsed {
  readonly numbers: readonly number[];
  readonly prerelease: string;
}

function parse(version: string): Parsed {
  const [core = '', ...rest] = version.replace(/^v/, '').replace(/\+.*$/, '').split('-');
  return { numbers: core.split('.').map((part) => Number.parseInt(part, 10) || 0), prerelease: rest.join('-') };
}

/** Orders two versions as semver does: negative when `a` is older, 0 when equal, positive when newer. */
export function compareVersions(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.prerelease === right.prerelease) return 0;
  if (left.prerelease === '') return 1;
  if (right.prerelease === '') return -1;
  return left.prerelease.localeCompare(right.prerelease, 'en', { numeric: true });
}
