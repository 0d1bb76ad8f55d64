import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * An esbuild plugin: `import all from './*.json?all'` gives the values of all JSON files of a folder, by their names. A file that
 * is put there is found without being named anywhere.
 * @type {import('esbuild').Plugin}
 */
export const jsonFolder = {
  name: 'json-folder',
  setup(build) {
    build.onResolve({ filter: /\/\*\.json\?all$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\*\.json\?all$/, '')),
      namespace: 'json-folder',
    }));
    build.onLoad({ filter: /.*/, namespace: 'json-folder' }, async ({ path }) => {
      const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
      const imports = names.map((name, index) => `import value${index} from ${JSON.stringify(`./${name}`)};`);
      const values = names.map((_, index) => `value${index}`).join(', ');
      return { contents: `${imports.join('\n')}\nexport default [${values}];`, resolveDir: path, watchDirs: [path] };
    });
  },
};
