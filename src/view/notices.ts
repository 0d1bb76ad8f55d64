import { NoticeFinder, noticeOf, type Notice, type NoticeKind } from '../protocol/notice.js';
import type { SessionRow } from './sessionRows.js';

export type NotificationSetting = 'needsInput' | 'all' | 'off';

/** Finds what a person wants to be told of, by their setting. */
export class RowNotices {
  readonly #finder = new NoticeFinder();

  look(rows: readonly SessionRow[], setting: NotificationSetting): readonly Notice[] {
    const found = this.#finder.look(rows);
    return setting === 'off' ? [] : found.filter(({ kind }) => setting === 'all' || kind !== 'finished');
  }

  forget(): void {
    this.#finder.forget();
  }
}

/** What is still worth telling a moment later, one notice for each session and as it is known by then. */
export function stillTrue(
  notices: readonly Notice[],
  find: (sessionId: string) => SessionRow | undefined,
): readonly Notice[] {
  const kinds = new Map(notices.map(({ sessionId, kind }) => [sessionId, kind]));
  return [...kinds].flatMap(([sessionId, kind]) => {
    const row = find(sessionId);
    if (row === undefined || (kind === 'needsInput' && row.description.word !== 'Needs input')) return [];
    const notice = noticeOf(row);
    return notice?.kind === kind ? [notice] : [];
  });
}

/** Several notices of one moment as one; undefined for none. */
export function mergedText(notices: readonly Notice[]): string | undefined {
  const [first] = notices;
  if (first === undefined || notices.length === 1) return first?.text;
  const count = (kind: NoticeKind): number => notices.filter((notice) => notice.kind === kind).length;
  const parts: [number, string][] = [
    [count('needsInput'), 'input'],
    [count('error'), 'ended in an error'],
    [count('failed'), 'failed'],
    [count('lost'), 'were lost'],
    [count('finished'), 'finished'],
  ];
  const said = parts
    .filter(([number]) => number > 0)
    .map(([number, what], index) => {
      const verb =
        what === 'input'
          ? number === 1
            ? 'needs input'
            : 'need input'
          : what === 'were lost' && number === 1
            ? 'was lost'
            : what;
      return index === 0 ? `${number} ${number === 1 ? 'session' : 'sessions'} ${verb}` : `${number} ${verb}`;
    });
  return said.join(', ');
}
