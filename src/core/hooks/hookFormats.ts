import { isVersionBefore } from '../../common/versions.js';
import type { HookFormat, Tool } from '../../protocol/tool.js';
import type { AnswerVia } from '../../protocol/pendingRequest.js';
import { claudeAnswer, claudeMeaning, claudeSettings } from './claudeHooks.js';
import type { HookEvent } from './hookEvent.js';
import { asAtHome, type HookAnswer, type HookMeaning } from './hookModel.js';
import { hookCommand } from './hookScript.js';
import { copilotMeaning } from './copilotHooks.js';
import { opencodeAnswer, opencodeMeaning } from './opencodeEvents.js';
import { opencodeConfiguration } from './opencodePlugin.js';

/** What lies beside the sockets of a machine for the hooks of tools. */
export interface HookFiles {
  /** For tools that run a program. */
  readonly script: string;
  /** For OpenCode. */
  readonly plugin: string;
  /** Folder of a plugin for Copilot CLI. */
  readonly copilot: string;
}

/** What tells a tool of its hooks at one start. */
export interface HookLaunch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Format {
  readonly meaning: (event: HookEvent) => HookMeaning | undefined;
  readonly launch: (files: HookFiles, id: string) => HookLaunch;
  /** What the one who waits for an answer is given, and how it hears it; undefined where nobody waits. */
  readonly direct?: { readonly answer: (answer: HookAnswer) => string; readonly via: AnswerVia };
}

const FORMATS: Readonly<Record<HookFormat, Format>> = {
  claude: {
    meaning: claudeMeaning,
    launch: ({ script }, id) => {
      const settings = claudeSettings(hookCommand(script, id), hookCommand(script, id, 'ask'));
      return { args: ['--settings', settings], env: {} };
    },
    direct: { answer: claudeAnswer, via: 'hook' },
  },
  opencode: {
    meaning: opencodeMeaning,
    launch: ({ plugin }) => ({ args: [], env: { OPENCODE_CONFIG_CONTENT: opencodeConfiguration(plugin) } }),
    direct: { answer: opencodeAnswer, via: 'api' },
  },
  copilot: {
    meaning: copilotMeaning,
    launch: ({ copilot }) => ({ args: ['--plugin-dir', copilot], env: {} }),
  },
};

const NONE: HookLaunch = { args: [], env: {} };

/**
 * What an event of a tool's hooks means; undefined when it means nothing.
 *
 * @param home the folder of the session
 */
export function hookMeaning(format: HookFormat, event: HookEvent, home: string): HookMeaning | undefined {
  return asAtHome(FORMATS[format].meaning(event), home);
}

/** Whether who has a ticket waits under it. */
export function waitsForAnswers(format: HookFormat): boolean {
  return FORMATS[format].direct !== undefined;
}

/**
 * An answer as it is given to the one who waits for it, and the way by which the tool hears it; undefined where nobody
 * waits for one.
 */
export function hookAnswer(
  format: HookFormat,
  answer: HookAnswer,
): { readonly text: string; readonly via: AnswerVia } | undefined {
  const { direct } = FORMATS[format];
  return direct && { text: direct.answer(answer), via: direct.via };
}

/** What is started. */
export interface HookedStart {
  /** The program with the arguments of the person. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the program says its version is; asked only where that counts. */
  readonly version: () => Promise<string | null>;
}

/**
 * What tells a tool of its hooks at one start; nothing for a tool without any, for a version that is too old for them,
 * and where a person's own arguments or variables would be replaced.
 *
 * @param id the session
 */
export async function hookLaunch(
  { hooks }: Pick<Tool, 'hooks'>,
  { words, env, version }: HookedStart,
  files: HookFiles,
  id: string,
): Promise<HookLaunch> {
  if (!hooks) return NONE;
  const end = words.indexOf('--');
  const options = (end < 0 ? words : words.slice(0, end)).map((word) => word.split('=')[0] ?? '');
  if (hooks.unless.some((name) => options.includes(name))) return NONE;
  const launch = FORMATS[hooks.format].launch(files, id);
  if (Object.keys(launch.env).some((name) => Object.hasOwn(env, name))) return NONE;
  const isOld = hooks.since !== undefined && isVersionBefore(await version(), hooks.since);
  return isOld ? NONE : launch;
}
