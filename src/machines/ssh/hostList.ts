import { promises as fs } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { parse, type Line } from 'ssh-config';
import { stripTerminal } from '../../common/terminalText.js';
import { expandHome, personHome } from './configValues.js';

/** A host that the person's ssh configuration names; null for what it leaves to defaults. */
export interface KnownHost {
  readonly alias: string;
  readonly hostName: string | null;
  readonly user: string | null;
}

/** Like ssh itself, against files that include each other. */
const MAX_DEPTH = 16;
const MAX_FILES = 500;

/**
 * The hosts to pick from: every name of a `Host` line of `~/.ssh/config` and what it includes, without patterns, in the
 * order of the files. A file that cannot be read or understood has none.
 */
export async function listSshHosts(
  options: { readonly env?: NodeJS.ProcessEnv; readonly configFile?: string | undefined } = {},
): Promise<KnownHost[]> {
  const env = options.env ?? process.env;
  const folder = join(personHome(env), '.ssh');
  const hosts = new Map<string, KnownHost>();
  let files = 0;
  const readFile = async (file: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH || ++files > MAX_FILES) return;
    await readLines(await parseFile(file), [], depth);
  };
  const readLines = async (lines: readonly Line[], aliases: readonly string[], depth: number): Promise<void> => {
    for (const line of lines) {
      if (!('param' in line)) continue;
      const name = line.param.toLowerCase();
      if (name === 'include') {
        for (const pattern of words(line.value)) {
          const path = expandHome(pattern, env);
          for (const file of await expandGlob(isAbsolute(path) ? path : join(folder, path))) {
            await readFile(file, depth + 1);
          }
        }
      } else if (name === 'host' || name === 'match') {
        const named = name === 'host' ? words(line.value).filter(isPlain) : [];
        for (const alias of named) {
          if (!hosts.has(alias)) hosts.set(alias, { alias, hostName: null, user: null });
        }
        if ('config' in line) await readLines(line.config, named, depth);
      } else if (name === 'hostname' || name === 'user') {
        const value = words(line.value)[0] ?? '';
        for (const alias of aliases) {
          const host = hosts.get(alias);
          if (host === undefined || value === '') continue;
          // The first one counts, as for ssh.
          if (name === 'user') hosts.set(alias, { ...host, user: host.user ?? stripTerminal(value) });
          else {
            const hostName = host.hostName ?? stripTerminal(value.replace(/%[hn]/g, alias));
            hosts.set(alias, { ...host, hostName });
          }
        }
      }
    }
  };
  await readFile(options.configFile ?? join(folder, 'config'), 0);
  return [...hosts.values()];
}

async function parseFile(file: string): Promise<readonly Line[]> {
  try {
    return parse(await fs.readFile(file, 'utf8'));
  } catch {
    return [];
  }
}

/** A name that one can connect to: no pattern, no exception, nothing that only confuses. */
function isPlain(name: string): boolean {
  return name !== '' && !/[*?!\s\p{C}]/u.test(name) && !name.startsWith('-');
}

function words(value: string | readonly { readonly val: string }[]): string[] {
  return typeof value === 'string' ? value.split(/\s+/) : value.map(({ val }) => val);
}

/** The files that a path with `*` and `?` means, sorted. */
async function expandGlob(path: string): Promise<string[]> {
  let found = [resolve(path).split(/[\\/]/)[0] ?? ''];
  for (const part of resolve(path).split(/[\\/]/).slice(1)) {
    if (!/[*?]/.test(part)) {
      found = found.map((folder) => `${folder}/${part}`);
      continue;
    }
    const pattern = new RegExp(
      `^${part
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
    const matches: string[] = [];
    for (const folder of found) {
      const names = await fs.readdir(`${folder}/`).catch(() => []);
      // As in a shell, a star does not mean hidden files.
      const fitting = names.filter((name) => pattern.test(name) && (part.startsWith('.') || !name.startsWith('.')));
      matches.push(...fitting.sort().map((name) => `${folder}/${name}`));
    }
    found = matches;
  }
  return found;
}
