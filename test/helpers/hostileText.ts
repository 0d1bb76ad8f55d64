/** One line each, and each would leave the file `run` in the home if anything ran it. */
export const HOSTILE: readonly string[] = [
  `it's "quoted"`,
  '$(touch "$HOME/run") `touch $HOME/run`',
  '; touch $HOME/run #',
  '#{pane_id} #(touch $HOME/run) #[fg=red]',
  '%H:%M %% %1 @1 $1 =x:y.z',
  '-n --help',
  '{node} {task} {media}',
  'emoji 🦊 and ümläuts 漢字',
  '~ * ? [a] \\ \\n !! ^x',
];
