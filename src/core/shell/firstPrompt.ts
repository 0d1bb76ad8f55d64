import type { Shell } from './shellKind.js';

/** Holds the folder of the session while a shell gets ready in it. */
export const FOLDER_VARIABLE = 'CM_SHELL_FOLDER';

const ENTER = `cd "$${FOLDER_VARIABLE}" || :`;

/**
 * What a shell does between its files and its first prompt in a folder, as a line of its own language: it goes there, in
 * the person's own way where they have one (nvm), and runs what the person's tools have hung onto its prompt (direnv,
 * mise). Empty for a shell that has no such thing.
 */
export function firstPrompt({ kind, path }: Shell): string {
  switch (kind) {
    case 'bash':
      return `${ENTER}; for CM_HOOK in \${PROMPT_COMMAND+"\${PROMPT_COMMAND[@]}"}; do eval "$CM_HOOK"; done; unset CM_HOOK`;
    case 'zsh':
      return `${ENTER}; if (( $+functions[precmd] )); then precmd; fi; for CM_HOOK in \${precmd_functions[@]}; do if (( $+functions[$CM_HOOK] )); then $CM_HOOK; fi; done; unset CM_HOOK`;
    case 'fish':
      // One after another, as it tells nobody of a folder that it is in already; what fish itself does is for a terminal.
      return `cd "$${FOLDER_VARIABLE}"; for line in (begin; functions --handlers-type variable; functions --handlers-type generic; end | string match -r '^(?:PWD|fish_prompt) .*'); for hook in (string split -n ' ' -- $line)[2..]; string match -q '__fish*' -- $hook; or $hook; end; end`;
    case 'sh':
      return path.endsWith('/yash') ? `${ENTER}; eval "\${PROMPT_COMMAND-}"` : ENTER;
    case 'csh':
      return `cd "$${FOLDER_VARIABLE}"; precmd`;
    case 'elvish':
    case 'other':
      return '';
  }
}
