export type ShellKind = 'bash' | 'zsh' | 'fish' | 'sh' | 'csh' | 'elvish' | 'other';

/** A shell that a person uses. */
export interface Shell {
  readonly path: string;
  readonly kind: ShellKind;
  /** False for one that another one's files put in its place without calling it that. */
  readonly isLogin?: boolean;
}

/** Which shell a program is, by its name. */
export function shellKind(path: string): ShellKind {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^bash/.test(name)) return 'bash';
  if (/^zsh/.test(name)) return 'zsh';
  if (/^fish/.test(name)) return 'fish';
  if (/^t?csh/.test(name)) return 'csh';
  if (/^elvish/.test(name)) return 'elvish';
  if (/^(sh|dash|ash|ksh|ksh93|mksh|oksh|yash|loksh)$/.test(name)) return 'sh';
  return 'other';
}
