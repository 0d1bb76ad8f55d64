import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { atMost, type Bench, type Row } from './figure.js';
import { median } from './numbers.js';

interface Times {
  readonly compile: number;
  readonly load: number;
  readonly activate: number;
}

/** What the extension costs the editor at its start, with a stand-in for the editor. */
export async function extension(bench: Bench): Promise<readonly Row[]> {
  const rounds = bench.quick ? 5 : 15;
  const bundle = join(bench.product, 'dist', 'extension.js');
  const times: Times[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = bench.scratch.folder();
    mkdirSync(folder);
    const program = join(bench.programs, 'loadExtension.mjs');
    const env = { ...process.env, CM_HOME: join(folder, 'home') };
    times.push(JSON.parse(await runOrThrow(process.execPath, [program, bundle, folder], { env })) as Times);
  }
  const size = statSync(bundle).size / 1024;
  const compile = median(times.map((one) => one.compile));
  const load = median(times.map((one) => one.load));
  const activate = median(times.map((one) => one.activate));
  const heavy = packagesIn(`${bundle}.map`).filter((name) => name === 'ssh2' || name.startsWith('@xterm/'));
  const note = `median of ${rounds}, outside the editor with a stand-in for its API`;
  return [
    {
      figure: 'extension: activate()',
      unit: 'ms',
      measured: activate,
      raw: null,
      goal: atMost(activate, 30, 'ms'),
      note,
    },
    {
      figure: 'extension: loading the bundle',
      unit: 'ms',
      measured: load,
      raw: { what: 'compiling it', value: compile },
      goal: null,
      note,
    },
    {
      figure: 'extension: size of the bundle',
      unit: 'KiB',
      measured: size,
      raw: null,
      goal: atMost(size, 400, 'KiB'),
      note: `without ssh2 and the headless terminal: ${heavy.length === 0 ? 'yes' : `no, it has ${heavy.join(', ')}`}`,
    },
  ];
}

/** The npm packages whose code is in a bundle, by its source map. */
function packagesIn(sourceMap: string): string[] {
  const { sources } = JSON.parse(readFileSync(sourceMap, 'utf8')) as { sources: string[] };
  const names = sources.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
