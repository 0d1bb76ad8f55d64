import type { HookFormat, Tool } from '../../protocol/tool.js';
import { claudeMeaning, claudeSettings } from './claudeHooks.js';
import type { HookEvent } from './hookEvent.js';
import type { HookMeaning } from './hookModel.js';
import { hookCommand } from './hookScript.js';
import { opencodeMeaning } from './opencodeEvents.js';
import { opencodeConfiguration } from './opencodePlugin.js';

/** What lies beside the sockets of a machine for the hooks of tools. */
export interface HookFiles {
  /** For tools that run a program. */
  readonly script: string;
  /** For OpenCode. */
  readonly plugin: string;
}

/** What tells a tool of its hooks at one start. */
export interface HookLaunch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Format {
  readonly meaning: (event: HookEvent) => HookMeaning | undefined;
  readonly launch: (files: HookFiles, id: string) => HookLaunch;
}

const FORMATS: Readonly<Record<HookFormat, Format>> = {
  claude: {
    meaning: claudeMeaning,
    launch: ({ script }, id) => ({ args: ['--settings', claudeSettings(hookCommand(script, id))], env: {} }),
  },
  opencode: {
    meaning: opencodeMeaning,
    launch: ({ plugin }) => ({ args: [], env: { OPENCODE_CONFIG_CONTENT: opencodeConfiguration(plugin) } }),
  },
};

const NONE: HookLaunch = { args: [], env: {} };

/** What an event of a tool's hooks means; undefined when it means nothing. */
export function hookMeaning(format: HookFormat, event: HookEvent): HookMeaning | undefined {
  return FORMATS[format].meaning(event);
}

/**
 * What tells a tool of its hooks at one start; nothing for a tool without any, and where a person's own arguments or
 * variables would be replaced.
 *
 * @param words the program with the arguments of the person
 * @param id the session
 */
export function hookLaunch(
  { hooks }: Pick<Tool, 'hooks'>,
  { words, env }: { readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> },
  files: HookFiles,
  id: string,
): HookLaunch {
  if (!hooks) return NONE;
  const end = words.indexOf('--');
  const options = (end < 0 ? words : words.slice(0, end)).map((word) => word.split('=')[0] ?? '');
  if (hooks.unless.some((name) => options.includes(name))) return NONE;
  const launch = FORMATS[hooks.format].launch(files, id);
  return Object.keys(launch.env).some((name) => Object.hasOwn(env, name)) ? NONE : launch;
}
