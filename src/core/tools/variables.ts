import { CodeManagerError } from '../../protocol/errors.js';

/** What a shell does not let be set: given to one, it ends, or reads its own files in another way. */
const BREAKS_A_SHELL = new Set(['UID', 'EUID', 'PPID', 'SHELLOPTS', 'BASHOPTS', 'BASH_VERSINFO']);
/** What a session is known by. */
const OURS = new Set(['CM_SESSION', 'CM_RUN']);
/** Linux takes no longer one, with its name. */
const MAX_BYTES = 128 * 1024 - 1;

/** Whether a program that a shell starts can get a variable. */
export function canBeGiven(name: string, value: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !BREAKS_A_SHELL.has(name) && !value.includes('\0');
}

/**
 * Looks at the variables that a person names for a session: each arrives, or is refused.
 *
 * @throws CodeManagerError `invalid` with the reason
 */
export function checkVariables(given: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(given)) {
    const why = refusal(name, value);
    if (why === undefined) continue;
    throw new CodeManagerError('invalid', `${name} cannot be given to a session: ${why}`, {
      hint: 'Start it without that variable.',
    });
  }
}

function refusal(name: string, value: string): string | undefined {
  if (BREAKS_A_SHELL.has(name)) return 'a shell sets it itself and lets nobody else do so';
  if (OURS.has(name)) return 'Code Manager knows the session by it';
  if (value.includes('\0')) return 'its value contains a NUL character';
  if (Buffer.byteLength(`${name}=${value}`) > MAX_BYTES) return 'it is longer than the 128 KB that a system takes';
  return canBeGiven(name, value) ? undefined : 'a variable has letters, digits and underscores';
}
