import { join } from 'node:path';
import { stripTerminal } from '../../common/terminalText.js';
import { ConfigFile } from '../../protocol/files.js';
import { faultText } from '../../protocol/refusal.js';
import { readJsonObject } from './jsonFile.js';

export interface ConfigRead {
  readonly config: ConfigFile;
  /** What was wrong with the file, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Reads `config.json`. A wrong setting gets its default and is named in `problems`; the file, which people write, is
 * never changed. Never rejects.
 */
export async function readConfig(home: string): Promise<ConfigRead> {
  const read = await readJsonObject(join(home, 'config.json'));
  if (read.kind === 'missing') return { config: ConfigFile.parse({}), problems: [] };
  if (read.kind !== 'object') {
    return { config: ConfigFile.parse({}), problems: [`config.json is not used: ${read.reason}`] };
  }
  const parsed = ConfigFile.safeParse(read.value);
  if (parsed.success) return { config: parsed.data, problems: [] };
  const wrong = new Map(parsed.error.issues.map((issue) => [String(issue.path[0]), faultText({ issues: [issue] })]));
  const usable = Object.entries(read.value).filter(([key]) => !wrong.has(key));
  return {
    config: ConfigFile.parse(Object.fromEntries(usable)),
    problems: [...wrong].map(([key, fault]) => `config.json: ${stripTerminal(key)} is not used: ${fault}`),
  };
}
