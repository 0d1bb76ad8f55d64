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

/** A pane got another size. */
export type PaneSize = Pick<Pane, 'pane' | 'columns' | 'rows'>;

/** The pane option that holds the id of its session. */
export const SESSION_OPTION = '@cm_session';
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
