import type { PendingRequest } from '../../../protocol/pendingRequest.js';

/**
 * Whether a command stands on the screen with the line breaks that it is known by. A line that was too long for the
 * screen was put together again, and then a blank in it may have been a line break, which begins another command.
 */
export function isShownWhole({ command }: Pick<PendingRequest, 'command'>, screen: readonly string[]): boolean {
  if (command === null) return true;
  const shown = screen.map((line) => line.trim());
  const lines = command.split('\n').map((line) => line.trim());
  if (!lines.every((line) => line === '' || shown.includes(line))) return false;
  return !shown.some((line, index) => {
    const next = shown[index + 1];
    return line !== '' && next !== undefined && next !== '' && command.includes(`${line} ${next}`);
  });
}
