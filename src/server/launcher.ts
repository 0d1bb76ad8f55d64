import { join } from 'node:path';
import { shortHostName } from '../common/home.js';
import { writeFileAtomic } from '../core/store/atomicFile.js';
import { quotePosix } from '../common/quote.js';

/**
 * Lines of a shell that become this program, or do nothing when it has gone. Whoever comes over ssh reads them, because
 * neither Node nor the bundle need to be in a PATH.
 */
function launcherText(node: string, bundle: string, isElectron: boolean): string {
  const electron = isElectron ? 'ELECTRON_RUN_AS_NODE=1; export ELECTRON_RUN_AS_NODE; ' : '';
  const [program, script] = [quotePosix(node), quotePosix(bundle)];
  return [
    '# Becomes the agent server of this host; written by it.',
    `if [ -x ${program} ] && [ -f ${script} ]; then ${electron}exec ${program} ${script} "$@"; fi`,
    '',
  ].join('\n');
}

/** Notes how the agent server of this host is started. */
export async function writeLauncher(home: string, bundle: string): Promise<void> {
  const isElectron = process.versions['electron'] !== undefined;
  const file = join(home, 'servers', `${shortHostName()}.sh`);
  await writeFileAtomic(file, launcherText(process.execPath, bundle, isElectron));
}
