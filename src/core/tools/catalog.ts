import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readText } from '../../common/files.js';
import { errorCode, reasonOf } from '../../common/systemError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { faultText } from '../../protocol/refusal.js';
import { Tool } from '../../protocol/tool.js';
import { parseJsonObject } from '../store/jsonFile.js';
import { BUILT_IN, patternsIn } from './builtIn.js';
import { slowPatterns } from './slowPatterns.js';

/** Larger files in the folder are no tool descriptions. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A file that was skipped. */
export interface ToolProblem {
  readonly file: string;
  /** What is wrong, with the field. */
  readonly message: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** The tools that are known: the built-in ones, and the files of a folder that add to them or override their fields. */
export class ToolCatalog {
  readonly #directory: string;
  #tools: ReadonlyMap<string, Tool>;
  #problems: readonly ToolProblem[] = [];
  /** From which file a tool is, or a part of it. */
  #files: ReadonlyMap<string, string> = new Map();

  /** Has the built-in tools only, until `reload` has read the folder. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#tools = parseBuiltIn().tools;
  }

  /** Files that were skipped at the last `reload`. */
  get problems(): readonly ToolProblem[] {
    return this.#problems;
  }

  /** Expressions of the folder's files that took too long on a screen, each once, with what to do. */
  get tooSlow(): readonly string[] {
    return [...this.#files].flatMap(([id, file]) => {
      const tool = this.#tools.get(id);
      if (!tool) return [];
      const { startup, screen, signals } = tool;
      return patternsIn({ startup, screen, signals }, id)
        .filter(({ source }) => slowPatterns().has(source))
        .map(
          ({ field, source }) =>
            `${file}: ${field} takes too long on some screens, so its sessions may be unknown: ${source}`,
        );
    });
  }

  /** Reads the folder again. A folder that does not exist is an empty one; never rejects. */
  async reload(): Promise<void> {
    const { tools, fields } = parseBuiltIn();
    const problems: ToolProblem[] = [];
    const files = new Map<string, string>();
    for (const file of await toolFiles(this.#directory, problems)) {
      try {
        const own = readFields(await readText(file, MAX_FILE_BYTES));
        const id = own['id'] ?? fileId(file);
        const known = typeof id === 'string' ? fields.get(id) : undefined;
        const merged = merge(known ?? {}, { ...own, id });
        const tool = Tool.parse(merged);
        fields.set(tool.id, merged);
        tools.set(tool.id, tool);
        files.set(tool.id, file);
      } catch (error) {
        problems.push({ file, message: problemText(error) });
      }
    }
    this.#tools = tools;
    this.#problems = problems;
    this.#files = files;
  }

  all(): readonly Tool[] {
    return [...this.#tools.values()];
  }

  /** @throws CodeManagerError `notFound` with the nearest name and all known ones as hint */
  get(id: string): Tool {
    const tool = this.#tools.get(id);
    if (tool !== undefined) return tool;
    const ids = [...this.#tools.keys()];
    const near = nearest(id, ids);
    throw new CodeManagerError('notFound', `No agent is called "${id.slice(0, 60)}"`, {
      hint: `${near === undefined ? '' : `Did you mean ${near}? `}Known are ${ids.join(', ')}.`,
    });
  }
}

/** Fields are kept beside the parsed tool, since a user's file is merged with what was written, not with defaults. */
function parseBuiltIn(): { tools: Map<string, Tool>; fields: Map<string, Fields> } {
  const tools = new Map<string, Tool>();
  const fields = new Map<string, Fields>();
  for (const written of BUILT_IN) {
    const tool = Tool.parse(written);
    tools.set(tool.id, tool);
    fields.set(tool.id, written as Fields);
  }
  return { tools, fields };
}

async function toolFiles(directory: string, problems: ToolProblem[]): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      problems.push({ file: directory, message: problemText(error) });
    }
    return [];
  }
}

function readFields(text: string): Fields {
  const read = parseJsonObject(text);
  if (read.kind === 'object') return read.value;
  throw new Error(read.kind === 'missing' ? 'it is empty' : read.reason);
}

function fileId(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1, -'.json'.length);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects are merged field by field; lists and everything else are replaced. */
function merge(base: Fields, over: Fields): Fields {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = Object.hasOwn(base, name) ? base[name] : undefined;
    merged[name] = isFields(below) && isFields(value) ? merge(below, value) : value;
  }
  return merged;
}

function problemText(error: unknown): string {
  if (!(error instanceof z.ZodError)) return reasonOf(error);
  return faultText(error);
}

/** The known id that a mistyped one most likely means, if any is near enough. */
function nearest(id: string, known: readonly string[]): string | undefined {
  const wanted = id.toLowerCase().slice(0, 60);
  const scored = known
    .map((name) => ({ name, distance: name.startsWith(wanted) && wanted !== '' ? 0 : editDistance(wanted, name) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = scored;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
