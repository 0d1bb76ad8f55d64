export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where the code says what it does. VS Code's LogOutputChannel fits this shape too. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
