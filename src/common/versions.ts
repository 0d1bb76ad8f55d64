/** Whether a version is another one or newer, by its leading numbers: `0.41.0-preview.1` is since `0.41`. */
export function isVersionSince(version: string, since: string): boolean {
  const own = numbers(version);
  for (const [index, wanted] of numbers(since).entries()) {
    const have = own[index] ?? 0;
    if (have !== wanted) return have > wanted;
  }
  return own.length > 0;
}

function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').filter(Boolean).map(Number);
}
