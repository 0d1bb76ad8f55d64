/** What `TERM` is in a session's window. */
export const SESSION_TERM = 'screen-256color';

/** Asks for the variables that rc files test before they do what only makes sense in front of a person. */
export const GUARD_VARIABLES: Readonly<Record<string, string>> = {
  TERM: SESSION_TERM,
  // A tmux that is started in spite of it finds no server there and cannot start one either.
  TMUX: '/dev/null/none,0,0',
  TMUX_PANE: '%0',
  STY: '0.none',
  ZELLIJ: '0',
  VSCODE_RESOLVING_ENVIRONMENT: '1',
  ZSH_TMUX_AUTOSTARTED: 'true',
  DISABLE_AUTO_UPDATE: 'true',
  POWERLEVEL9K_DISABLE_CONFIGURATION_WIZARD: 'true',
};
