import type { TmuxFeatures } from './version.js';

/** What people are told of the keys in an attached terminal. */
const HELP = 'C-b d: leave, it goes on · C-b [ or PgUp: scroll, q ends it · C-b ]: paste · C-b C-b: types C-b';

/** For the program in the pane when it wants the mouse, or for what stands over it. */
const IS_TAKEN = '#{||:#{pane_in_mode},#{mouse_any_flag}}';

/**
 * The few keys of our tmux, and no others: what makes, closes or hides windows would put the agent behind something that
 * nobody ends. A second C-b types one, since agents have a key by that name.
 */
export function keyBindings({ extendedKeys, quietClients }: TmuxFeatures, newlineOption: string): readonly string[] {
  const taken = (otherwise: string): string => `if-shell -F '${IS_TAKEN}' 'send-keys -M' '${otherwise}'`;
  const select = (what: string): string =>
    taken(`copy-mode -H ; send-keys -X select-${what} ; run-shell -d 0.3 ; send-keys -X copy-pipe-and-cancel`);
  return [
    'set -g prefix C-b',
    'set -g prefix2 None',
    'unbind-key -a -T prefix',
    'unbind-key -a -T root',
    'bind-key d detach-client',
    'bind-key [ copy-mode',
    "bind-key ] if-shell -F '#{!=:#{buffer_sample},}' 'paste-buffer -p'",
    'bind-key PPage copy-mode -u',
    `bind-key ? display-message '${HELP}'`,
    'bind-key C-b send-prefix',
    'bind-key -n MouseDown1Pane select-pane -t = \\; send-keys -M',
    `bind-key -n MouseDown2Pane ${taken('paste-buffer -p')}`,
    `bind-key -n MouseDrag1Pane ${taken('copy-mode -M')}`,
    `bind-key -n WheelUpPane ${taken('copy-mode -e')}`,
    // The pause shows what was selected; older ones have none.
    ...(quietClients
      ? [`bind-key -n DoubleClick1Pane ${select('word')}`, `bind-key -n TripleClick1Pane ${select('line')}`]
      : []),
    ...(extendedKeys
      ? [`bind-key -n S-Enter if-shell -F '#{${newlineOption}}' 'send-keys Escape Enter' 'send-keys S-Enter'`]
      : []),
  ];
}
