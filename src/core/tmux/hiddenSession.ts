import type { ControlClient } from './controlClient.js';
import { SESSION_OPTION } from './pane.js';
import { tmuxCommand } from '../../common/quote.js';

/** The hidden session that holds a link to every window, so that one client hears of all of them. */
export const HUB = '_cm';

/** Makes it. Its own window does nothing. */
export const MAKE_HUB = ['new-session', '-d', '-s', HUB, 'exec sleep 2147483647'] as const;

/** Links every window of ours, also those that were made without the hidden session or survived its end. */
export async function linkAll(control: ControlClient, onError: (error: unknown) => void): Promise<void> {
  const [lines = []] = await control.run(
    tmuxCommand('list-windows', '-a', '-F', `#{window_id} #{session_name} #{${SESSION_OPTION}}`),
  );
  const windows = lines.map((line) => line.split(' '));
  const linked = new Set(windows.filter(([, session]) => session === HUB).map(([window]) => window));
  for (const [window = '', session = '', id = ''] of windows) {
    if (session === HUB || id === '' || linked.has(window)) continue;
    await control.run(tmuxCommand('link-window', '-d', '-s', window, '-t', `=${HUB}:`)).catch(onError);
  }
}
