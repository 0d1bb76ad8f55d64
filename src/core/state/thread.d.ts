/** The code of a thread as text (`scripts/lib/threads.mjs`). */
declare module '*.js?worker' {
  const code: string;
  export default code;
}
