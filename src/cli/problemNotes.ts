import { stripTerminal } from '../common/terminalText.js';
import type { App } from './app.js';

/** Names the files of the agent server that are not used, as far as a list is about them. */
export async function noteProblems(app: App, about: RegExp): Promise<void> {
  const { client, output } = app;
  if (output.json) return;
  // An older agent server does not tell.
  const problems = await client.request('server/problems', {}).catch(() => []);
  for (const problem of problems) if (about.test(problem)) output.note(stripTerminal(problem));
}
