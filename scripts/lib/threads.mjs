import { join } from 'node:path';

/**
 * An esbuild plugin: `import code from './name.js?worker'` gives the bundled code of a thread as text, so that whoever starts
 * it needs no second file beside their own.
 * @type {import('esbuild').Plugin}
 */
export const threads = {
  name: 'threads',
  setup(build) {
    build.onResolve({ filter: /\.js\?worker$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\.js\?worker$/, '.ts')),
      namespace: 'thread',
    }));
    build.onLoad({ filter: /.*/, namespace: 'thread' }, async ({ path }) => {
      const { outputFiles, metafile } = await build.esbuild.build({
        entryPoints: [path],
        bundle: true,
        write: false,
        metafile: true,
        platform: 'node',
        format: 'cjs',
        target: 'node20',
        minify: true,
        keepNames: true,
        logLevel: 'warning',
      });
      return { contents: outputFiles[0]?.text ?? '', loader: 'text', watchFiles: Object.keys(metafile.inputs) };
    });
  },
};
