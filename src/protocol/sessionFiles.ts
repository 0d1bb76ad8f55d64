/** Until when a kind of file is kept: as long as its session, until its next run, or only while it runs. */
type Kept = 'always' | 'untilResumed' | 'whileRunning';

/** The files of a session, `<id>.<kind>` in the folder of its record. Nothing else there is ever moved or deleted. */
const SESSION_FILES = {
  /** The record. */
  json: 'always',
  /** Every byte that its terminal printed. */
  log: 'always',
  /** The sizes that its terminal had. */
  sizes: 'always',
  /** What it was doing, and when. */
  history: 'always',
  /** How it ended, as its launcher wrote it. */
  exit: 'untilResumed',
  /** Nobody writes its log any more. */
  closed: 'untilResumed',
  /** What its launcher starts; by the second name once that has taken it. */
  launch: 'whileRunning',
  launched: 'whileRunning',
  /** What its launcher's shell complains of. */
  note: 'whileRunning',
  'exit.new': 'whileRunning',
  /** What the hooks of its tool told. */
  hooks: 'whileRunning',
  /** Calls that its tool wrote down. */
  calls: 'whileRunning',
} as const satisfies Readonly<Record<string, Kept>>;

/** A kind of file of a session, which is the ending of its name. */
export type SessionFile = keyof typeof SESSION_FILES;

const KINDS = Object.keys(SESSION_FILES) as SessionFile[];

/** What goes where the record goes, and with it. */
export const BESIDE_RECORD = KINDS.filter((kind) => kind !== 'json' && SESSION_FILES[kind] !== 'whileRunning');

/** What is removed before a session runs again. */
export const OF_ONE_RUN = KINDS.filter((kind) => SESSION_FILES[kind] !== 'always');

/** What an id of a session may be made of, so that the names of its files stay in their folder. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function isSessionId(id: string): boolean {
  return ID.test(id);
}

/** `<id>.log` */
export function sessionFileName(id: string, kind: SessionFile): string {
  return `${id}.${kind}`;
}

/** The same file of a session as another kind; a path that ends in no `from` stays. */
export function siblingPath(path: string, from: SessionFile, to: SessionFile): string {
  return path.endsWith(`.${from}`) ? `${path.slice(0, -from.length)}${to}` : path;
}

/** Whose file it is, and of which kind; undefined for what is none of ours. */
export function parseSessionFileName(name: string): { readonly id: string; readonly kind: SessionFile } | undefined {
  const dot = name.indexOf('.');
  const [id, kind] = [name.slice(0, dot), name.slice(dot + 1)];
  return dot > 0 && isSessionId(id) && isKind(kind) ? { id, kind } : undefined;
}

function isKind(text: string): text is SessionFile {
  return Object.hasOwn(SESSION_FILES, text);
}
