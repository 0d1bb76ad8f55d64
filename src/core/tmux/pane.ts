/** A pane of ours as tmux sees it. `session` is the id that the pane itself carries. */
export interface Pane {
  readonly session: string;
  readonly window: string;
  readonly pane: string;
  readonly pid: number;
  readonly dead: boolean;
  /** Exit code or signal of the pane's process, where tmux knows it. */
  readonly exitCode: number | null;
  readonly signal: number | null;
  /** The log is being written. */
  readonly piped: boolean;
  readonly columns: number;
  readonly rows: number;
  /** As the program set it; not neutralised. */
  readonly title: string;
}

/** The pane option that holds the id of its session. */
export const SESSION_OPTION = '@cm_session';

/** A pane in our tmux that somebody else has opened there, beside that of a session or in a session of its own. */
export interface Guest {
  /** The session beside whose pane it is, or what it calls its own. */
  readonly session: string;
  readonly window: string;
  readonly pid: number;
}

// Names come last, since they may have blanks.
export const GUEST_FORMAT = `_#{${SESSION_OPTION}} #{window_id} #{pane_id} #{pane_pid} #{session_name}`;

/**
 * Guests among lines of {@link GUEST_FORMAT}.
 *
 * @param hub session that shows the windows of all others
 */
export function parseGuests(lines: readonly string[], hub: string): Guest[] {
  const panes = new Map<number, Guest & { readonly tag: string }>();
  for (const line of lines) {
    const match = /^_(\S*) (@\d+) %(\d+) (\d+) (.*)$/s.exec(line);
    if (!match) continue;
    const [, tag = '', window = '', pane, pid, session = ''] = match;
    if (session !== hub) panes.set(Number(pane), { tag, session, window, pid: Number(pid) });
  }
  const own = new Set<string>();
  // Old ones tell what is a window's of each of its panes: the oldest is the session's own.
  return [...panes]
    .sort(([a], [b]) => a - b)
    .flatMap(([, { tag, ...guest }]) => {
      if (tag === '' || own.has(tag)) return [guest];
      own.add(tag);
      return [];
    });
}

/** A pane got another size. */
export type PaneSize = Pick<Pane, 'pane' | 'columns' | 'rows'>;

/** Option of a pane: the folder in which its session works. */
export const FOLDER_OPTION = '@cm_folder';
/** Option of a pane whose program takes Escape and Enter for Shift+Enter. */
export const NEWLINE_OPTION = '@cm_newline';

// The title comes last, since it may hold anything.
export const PANE_FORMAT = `#{${SESSION_OPTION}} #{window_id} #{pane_id} #{pane_pid} #{pane_dead} _#{pane_dead_status} _#{pane_dead_signal} #{pane_pipe} #{pane_width} #{pane_height} #{pane_title}`;

/** Reads a line of {@link PANE_FORMAT}; undefined for a pane that is not ours. */
export function parsePane(line: string): Pane | undefined {
  const match = /^(\S+) (@\d+) (%\d+) (\d+) ([01]) _(\d*) _(\d*) ([01]) (\d+) (\d+) ?(.*)$/s.exec(line);
  if (!match) return undefined;
  const [, session = '', window = '', pane = '', pid, dead, exitCode, signal, piped, columns, rows, title = ''] = match;
  const number = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text));
  return {
    session,
    window,
    pane,
    pid: Number(pid),
    dead: dead === '1',
    exitCode: number(exitCode),
    signal: number(signal),
    piped: piped === '1',
    columns: Number(columns),
    rows: Number(rows),
    title,
  };
}

/** Old ones tell of each pane of a window what is told of the window: the oldest one is the session's own. */
export function ownPanes(panes: readonly Pane[]): readonly Pane[] {
  const number = ({ pane }: Pane): number => Number(pane.slice(1));
  const own = new Map<string, Pane>();
  for (const pane of panes) {
    const known = own.get(pane.session);
    if (known === undefined || number(pane) < number(known)) own.set(pane.session, pane);
  }
  return [...own.values()];
}

/** What programs ask a terminal about its graphics, such as `Gi=31,s=1,v=1,a=q;AAAA`. */
const GRAPHICS = /^G(?:[a-zA-Z]=[^,;\s]*)(?:,[a-zA-Z]=[^,;\s]*)*(?:;[A-Za-z0-9+/=]*)?$/u;

/** Whether a pane's title is one that people should see: tmux takes every application program command for a title. */
export function isTitle(title: string): boolean {
  return title !== '' && !GRAPHICS.test(title);
}

/** Reads what `%layout-change` says: `@1 b25e,80x24,0,0,1 b25e,80x24,0,0,1 *`. The second layout is what is visible. */
export function parseLayout(rest: string): PaneSize[] {
  const [, layout = '', visible = layout] = rest.split(' ');
  // `80x24,0,0,1` is pane %1; `80x24,0,0{…}` holds others.
  return [...visible.matchAll(/(\d+)x(\d+),\d+,\d+,(\d+)/g)].map(([, columns, rows, pane = '']) => ({
    pane: `%${pane}`,
    columns: Number(columns),
    rows: Number(rows),
  }));
}
