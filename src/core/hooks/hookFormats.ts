import type { HookFormat, Tool } from '../../protocol/tool.js';
import { claudeMeaning, claudeSettings } from './claudeHooks.js';
import type { HookEvent } from './hookEvent.js';
import type { HookMeaning } from './hookModel.js';

interface Format {
  readonly meaning: (event: HookEvent) => HookMeaning | undefined;
  /** Arguments that tell the tool of its hooks at one start. */
  readonly args: (command: string) => readonly string[];
}

const FORMATS: Readonly<Record<HookFormat, Format>> = {
  claude: { meaning: claudeMeaning, args: (command) => ['--settings', claudeSettings(command)] },
};

/** What an event of a tool's hooks means; undefined when it means nothing. */
export function hookMeaning(format: HookFormat, event: HookEvent): HookMeaning | undefined {
  return FORMATS[format].meaning(event);
}

/**
 * What tells a tool of its hooks at one start; nothing for a tool without any, and where a person's own arguments would
 * take their place.
 *
 * @param words the program with the arguments of the person
 * @param command a command line for a shell
 */
export function hookArguments(
  { hooks }: Pick<Tool, 'hooks'>,
  words: readonly string[],
  command: string,
): readonly string[] {
  if (!hooks) return [];
  const end = words.indexOf('--');
  const options = (end < 0 ? words : words.slice(0, end)).map((word) => word.split('=')[0] ?? '');
  return hooks.unless.some((name) => options.includes(name)) ? [] : FORMATS[hooks.format].args(command);
}
