import type { SFTPWrapper } from 'ssh2';
import { whyNotWritten } from '../../core/store/printedError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { patiently, runScript } from './hostScript.js';
import type { SshConnection } from '../ssh/sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';

/** Servers must take this much at once. */
const PIECE_BYTES = 32 * 1024;
const UPLOAD_TIMEOUT_MS = 10 * 60_000;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** How many bytes have been taken. */
  readonly onSent: (bytes: number) => void;
}

/** Files for a host, by their absolute paths there; their folders exist. */
export type Uploads = ReadonlyMap<string, Uint8Array>;

/** Puts new files on a host, 0600: by SFTP, or where there is none through a shell. */
export async function upload(connection: SshConnection, files: Uploads, options: UploadOptions): Promise<void> {
  let sftp: SFTPWrapper;
  try {
    sftp = await patiently(() => connection.sftp());
  } catch (error) {
    if (!(error instanceof ConnectionFailure) || (error.reason !== 'noSftp' && error.reason !== 'channels'))
      throw error;
    return uploadByShell(connection, files, options);
  }
  try {
    await uploadBySftp(sftp, files, options);
  } finally {
    sftp.end();
  }
}

async function uploadBySftp(sftp: SFTPWrapper, files: Uploads, { signal, onSent }: UploadOptions): Promise<void> {
  let sent = 0;
  for (const [path, bytes] of files) {
    const handle = await call<Buffer>(signal, (done) => sftp.open(path, 'wx', { mode: 0o600 }, done));
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = Buffer.from(bytes.subarray(at, at + PIECE_BYTES));
      await call<undefined>(signal, (done) =>
        sftp.write(handle, piece, 0, piece.length, at, (error) => done(error, undefined)),
      );
      sent += piece.length;
      onSent(sent);
    }
    await call<undefined>(signal, (done) => sftp.close(handle, (error) => done(error, undefined)));
  }
}

/** One step of SFTP; given up when the signal aborts. */
function call<T>(
  signal: AbortSignal,
  run: (done: (error: Error | null | undefined, value: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new CodeManagerError('cancelled', 'Cancelled'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    run((error, value) => {
      signal.removeEventListener('abort', onAbort);
      if (error == null) resolve(value);
      else reject(notTaken(error.message, error));
    });
  });
}

async function uploadByShell(
  connection: SshConnection,
  files: Uploads,
  { signal, onSent }: UploadOptions,
): Promise<void> {
  let before = 0;
  for (const [path, bytes] of files) {
    const { code, stderr } = await runScript(connection, 'umask 077; exec cat > "$1"', {
      signal,
      args: [path],
      stdin: bytes,
      onSent: (sent) => onSent(before + sent),
      timeoutMs: UPLOAD_TIMEOUT_MS,
    });
    if (code !== 0) throw notTaken(stderr);
    before += bytes.length;
  }
}

function notTaken(printed: string, cause?: Error): CodeManagerError {
  const { reason, hint } = whyNotWritten(printed);
  return new CodeManagerError('unavailable', `The host did not take a file of the agent server: ${reason}`, {
    hint,
    cause,
  });
}
