// Writes docs/protocol.md from the requests of src/protocol: node scripts/protocol.mjs
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { repoRoot } from './lib/paths.mjs';

const dir = mkdtempSync(join(tmpdir(), 'cm-protocol-'));
try {
  const outfile = join(dir, 'protocolText.mjs');
  await esbuild.build({
    entryPoints: [join(repoRoot, 'scripts/lib/protocolText.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  const { protocolText } = await import(outfile);
  writeFileSync(join(repoRoot, 'docs', 'protocol.md'), await protocolText(repoRoot));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
