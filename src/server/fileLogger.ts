import { chmodSync, lstatSync, renameSync } from 'node:fs';
import { appendTextSync } from '../common/files.js';
import type { Logger, LogLevel } from '../common/logger.js';
import { redact } from '../common/redact.js';

const MAX_BYTES = 4 * 1024 * 1024;
const KEPT = 3;
const CHECK_EVERY = 200;

/** Writes lines with time and level to a file (0600) without secrets; at 4 MB it begins a new one and keeps three. */
export class FileLogger implements Logger {
  readonly #path: string;
  readonly #echo: boolean;
  readonly #debug: boolean;
  #written = 0;

  /** @param echo also to stderr, for a server in the foreground */
  constructor(path: string, { echo = false, debug = false }: { echo?: boolean; debug?: boolean } = {}) {
    this.#path = path;
    this.#echo = echo;
    this.#debug = debug;
    this.#rotate();
  }

  debug(message: string): void {
    if (this.#debug) this.#write('debug', message);
  }
  info(message: string): void {
    this.#write('info', message);
  }
  warn(message: string): void {
    this.#write('warn', message);
  }
  error(message: string): void {
    this.#write('error', message);
  }

  #write(level: LogLevel, message: string): void {
    const line = `${new Date().toISOString()} ${level.padEnd(5)} ${redact(message)
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '�')
      .replaceAll('\n', '\n  ')}\n`;
    if (this.#echo) process.stderr.write(line);
    try {
      appendTextSync(this.#path, line);
    } catch {
      // A full disk, or a link in its place, must not end the server for want of a log line.
    }
    if (++this.#written % CHECK_EVERY === 0) this.#rotate();
  }

  #rotate(): void {
    try {
      const file = lstatSync(this.#path);
      if (!file.isFile() || file.size < MAX_BYTES) return;
      for (let n = KEPT - 1; n >= 1; n--) {
        try {
          renameSync(n === 1 ? this.#path : `${this.#path}.${n - 1}`, `${this.#path}.${n}`);
        } catch {
          // There are not that many yet.
        }
      }
      chmodSync(this.#path, 0o600);
    } catch {
      // There is no log yet.
    }
  }
}
