/** Whether two texts are one but for the blanks at which a screen wraps it. */
export function isSameText(a: string, b: string): boolean {
  return withoutBlanks(a) === withoutBlanks(b);
}

/** Whether two paths may be one: a screen shows it from the folder of the session, or wrapped. */
export function isSamePath(a: string, b: string): boolean {
  const [short = '', long = ''] = [withoutBlanks(a), withoutBlanks(b)].sort((x, y) => x.length - y.length);
  return short === long || (short !== '' && long.endsWith(`/${short.replace(/^\.\//u, '')}`));
}

export function withoutBlanks(text: string): string {
  return text.replace(/\s+/gu, '');
}

/** An option's label without the mark that it gets while it is being chosen. */
export function withoutTick(label: string): string {
  return label.replace(/\s+[✓✔☑]$/u, '');
}

/** Whether two descriptions of one thing say the same, as far as both of them tell. */
export function agree<T>(
  a: T | null | undefined,
  b: T | null | undefined,
  isSame: (a: T, b: T) => boolean = (one, other) => one === other,
): boolean {
  return a == null || b == null || isSame(a, b);
}
