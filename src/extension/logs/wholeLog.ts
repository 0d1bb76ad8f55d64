import type * as vscode from 'vscode';
import type { Client } from '../../client/api.js';
import { followText } from '../../client/followText.js';
import { WHOLE_LINE } from '../../client/render/lineText.js';
import { Deferred } from '../../common/async.js';
import { formatBytes } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Session } from '../../protocol/session.js';
import { joinLines, logFooter, logHeader } from '../../view/logText.js';

/** More than this is not rendered: it would take minutes. */
const MAX_RAW_BYTES = 64 * 1024 * 1024;
/** More than this the editor shows badly. */
const MAX_TEXT_LENGTH = 20 * 1024 * 1024;

/**
 * Reads the log of a session as far as it has come, as text for people. Rejects with `cancelled` by the token.
 *
 * @param machine name of its machine when that is another one than this window's
 */
export async function readWholeLog(
  client: Client,
  session: Session,
  toolName: string,
  machine: string | undefined,
  token: vscode.CancellationToken,
): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  let note = '';
  const done = new Deferred<void>();
  const follower = followText(client, session.id, {
    from: { tail: MAX_RAW_BYTES },
    follow: false,
    renderer: { maxLine: WHOLE_LINE },
    onStart: ({ offset, path }) => {
      if (offset > 0)
        note = `— ${formatBytes(offset)} earlier are only in the raw log, ${path}${machine === undefined ? '' : ` on ${machine}`} —\n`;
    },
    onLines: (lines) => {
      const text = joinLines(lines, WHOLE_LINE);
      parts.push(text);
      length += text.length;
      for (let first = parts[0]; length > MAX_TEXT_LENGTH && first !== undefined; first = parts[0]) {
        parts.shift();
        length -= first.length;
        note = `— the beginning is left out; the raw log is complete —\n`;
      }
    },
    onEnd: () => done.resolve(),
    onError: (error) => done.reject(error),
  });
  const cancelled = token.onCancellationRequested(() => done.reject(new CodeManagerError('cancelled', 'Cancelled')));
  try {
    await done.promise;
  } finally {
    cancelled.dispose();
    follower.dispose();
  }
  const footer = logFooter(session);
  return [`${logHeader(session, toolName, machine)}\n`, note, ...parts, footer === undefined ? '' : `${footer}\n`].join(
    '',
  );
}
