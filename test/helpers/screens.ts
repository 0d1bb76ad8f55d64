import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const SCREENS = join(process.cwd(), 'test/fixtures/screens');

/** A recorded screen of a real agent: `claude/01-first.txt`. */
export function recordedScreen(name: string): string {
  return readFileSync(join(SCREENS, name), 'utf8');
}

/** Names of all recorded screens of real agents. */
export const recordedScreens: readonly string[] = [
  'claude',
  'claude-2.1.197',
  'codex',
  'gemini',
  'opencode',
  'copilot',
].flatMap((folder) =>
  readdirSync(join(SCREENS, folder))
    .sort()
    .map((file) => `${folder}/${file}`),
);

/** The agent that a recorded screen is of; folders may carry its version. */
export function toolOf(name: string): string {
  return name.replace(/\/.*/u, '').replace(/-2.*/u, '');
}

const Collected = z.array(
  z.object({
    id: z.string(),
    tool: z.string(),
    screen: z.string(),
    expect: z.object({
      confirm: z.unknown().optional(),
      boot_confirm: z.unknown().optional(),
      boot_ready: z.boolean().optional(),
      ready: z.boolean().optional(),
      busy: z.boolean().optional(),
      completion: z.string().nullable().optional(),
      state: z.string().nullable().optional(),
      parsed: z.object({ dialog: z.string(), target: z.string(), options: z.number() }).optional(),
      residue: z.object({ char: z.string(), count: z.number() }).optional(),
    }),
  }),
);

/** Screens that were collected with what is to be read from each. */
export const collectedScreens = Collected.parse(JSON.parse(recordedScreen('collected.json')));
