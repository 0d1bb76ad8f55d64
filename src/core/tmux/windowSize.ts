import { tmuxCommand } from '../../common/quote.js';
import type { ControlClient } from './controlClient.js';
import { HUB } from './hiddenSession.js';

const COLUMNS = 120;
const ROWS = 40;

/** Of a window to which nobody is attached, as options of tmux. Agents cut what they ask to the size of theirs. */
export const SIZE_ARGUMENTS = ['-x', String(COLUMNS), '-y', String(ROWS)] as const;

/** Commands that give a window this size until somebody attaches to it: to resize it makes tmux keep the size for good. */
export function ownSize(target: string): readonly string[] {
  return [
    tmuxCommand('resize-window', '-t', target, ...SIZE_ARGUMENTS),
    tmuxCommand('set-option', '-wu', '-t', target, 'window-size'),
  ];
}

const FORMAT = '#{session_name} #{session_attached} #{window-size} #{window_id} #{window_width} #{window_height}';

/** Gives this size to the windows that are smaller for no reason any more: whoever was attached has gone. */
export async function restoreSizes(
  control: Pick<ControlClient, 'run'>,
  onError: (error: unknown) => void,
): Promise<void> {
  const [lines = []] = await control.run(tmuxCommand('list-windows', '-a', '-F', FORMAT));
  for (const line of lines) {
    const [session, attached, by, window = '', columns, rows] = line.split(' ');
    const isSmaller = Number(columns) < COLUMNS || Number(rows) < ROWS;
    if (session === HUB || attached !== '0' || by === 'manual' || !isSmaller) continue;
    await control.run(...ownSize(window)).catch(onError);
  }
}
