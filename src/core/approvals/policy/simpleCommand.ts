/** A program with its words as it would get them, quotes and escapes resolved. */
export interface SimpleCommand {
  /** Assignments first (`CI=1`), then the program, then what follows. Never empty, unless it only redirects. */
  readonly words: readonly string[];
  /** How many of the words are assignments. */
  readonly assignments: number;
  /** Which of the words begin with a `~` that was quoted: it is that of a name, not of a home. */
  readonly tildes: readonly number[];
  /** Files that it opens. */
  readonly files: readonly OpenedFile[];
}

export interface OpenedFile {
  readonly mode: 'read' | 'write';
  /** As written; a quoted `~` begins with `./`. */
  readonly path: string;
}
