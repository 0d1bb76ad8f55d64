import { formatDuration } from '../../common/text.js';
import { describe, type Word } from '../../protocol/word.js';
import { oneLine } from './plainText.js';
import type { SessionRow } from './sessionRows.js';

export type NotificationSetting = 'needsInput' | 'all' | 'off';

/** Something that happened to a session and that a person may want to be told. */
export interface Notice {
  readonly sessionId: string;
  /** Equal in all windows for one happening. */
  readonly key: string;
  readonly kind: 'needsInput' | 'failed' | 'lost' | 'finished';
  readonly text: string;
}

/** Finds out what has happened between two looks at the rows. The first look tells nothing. */
export class NoticeFinder {
  #previous: ReadonlyMap<string, string> | undefined;

  look(rows: readonly SessionRow[], setting: NotificationSetting): readonly Notice[] {
    const previous = this.#previous;
    this.#previous = new Map(rows.map((row) => [row.session.id, happening(row)]));
    if (previous === undefined || setting === 'off') return [];
    return rows.flatMap((row) => {
      if (previous.get(row.session.id) === happening(row)) return [];
      const notice = noticeOf(row);
      return notice === undefined || (notice.kind === 'finished' && setting !== 'all') ? [] : [notice];
    });
  }

  /** After the connection was lost for good there is nothing to compare with. */
  forget(): void {
    this.#previous = undefined;
  }
}

/** Without times that move by themselves; the word is that of the record, whether or not its machine is reachable. */
function happening({ session }: SessionRow): string {
  const { word } = describe(session, Date.parse(session.changed));
  const waiting = session.waiting === null ? '' : `${session.waiting.kind}:${session.waiting.text}`;
  return `${word}|${waiting}|${word === 'Needs input' ? session.changed : ''}`;
}

function noticeOf(row: SessionRow): Notice | undefined {
  const { session } = row;
  const { word, detail } = describe(session, Date.parse(session.changed));
  const kind = KINDS[word];
  if (kind === undefined || (kind !== 'needsInput' && !session.unread)) return undefined;
  return {
    sessionId: session.id,
    key: `${session.id}-${kind}-${Date.parse(session.changed)}`,
    kind,
    text: text(row, kind, detail),
  };
}

const KINDS: Partial<Record<Word, Notice['kind']>> = {
  'Needs input': 'needsInput',
  Failed: 'failed',
  Lost: 'lost',
  Finished: 'finished',
  Completed: 'finished',
};

function text({ session, machineName }: SessionRow, kind: Notice['kind'], detail: string): string {
  const name = oneLine(session.name, 60);
  switch (kind) {
    case 'needsInput':
      return `${name} ${waitingText(session)}`;
    case 'failed':
      return detail === '' ? `${name} failed` : `${name} failed (${oneLine(detail)})`;
    case 'lost': {
      const restart = /^host restarted(?: (?:at )?((?:\d{4}-\d\d-\d\d )?\d\d:\d\d))?$/.exec(detail);
      if (restart !== null) {
        const at = restart[1] === undefined ? '' : ` at ${restart[1]}`;
        return `${name} was lost: ${oneLine(machineName, 60)} restarted${at}`;
      }
      return detail === '' ? `${name} was lost` : `${name} was lost: ${oneLine(detail)}`;
    }
    case 'finished': {
      const end = session.completed ?? session.changed;
      const ms = Date.parse(end) - Date.parse(session.started ?? session.created);
      return `${name} finished after ${formatDuration(ms)}`;
    }
  }
}

function waitingText({ waiting }: SessionRow['session']): string {
  const about = oneLine(waiting?.text ?? '');
  switch (waiting?.kind) {
    case 'permission':
      return about === '' ? 'needs permission' : `needs permission: ${about}`;
    case 'question':
      return about === '' ? 'has a question' : `asks: ${about}`;
    case 'plan':
      return 'has a plan to review';
    case 'trust':
      return `asks: ${about === '' ? 'trust this folder?' : about}`;
    case 'login':
      return about === '' ? 'needs you to sign in' : `needs you: ${about}`;
    case undefined:
      return 'needs input';
  }
}

/** Several notices of one moment as one; undefined for none. */
export function mergedText(notices: readonly Notice[]): string | undefined {
  const [first] = notices;
  if (first === undefined || notices.length === 1) return first?.text;
  const count = (kind: Notice['kind']): number => notices.filter((notice) => notice.kind === kind).length;
  const parts: [number, string][] = [
    [count('needsInput'), 'input'],
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
