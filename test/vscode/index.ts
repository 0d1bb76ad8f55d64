import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

interface Failure {
  readonly name: string;
  readonly error: string;
}

/**
 * What the extension host calls: runs every suite of this folder. Counts go to the file that `CM_TEST_RESULTS` names;
 * a rejection is how VS Code learns of a failure.
 */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, forbidOnly: true });
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.js'))) {
    mocha.addFile(join(__dirname, file));
  }

  let passed = 0;
  const failures: Failure[] = [];
  const runner = await new Promise<Mocha.Runner>((resolve) => {
    const started = mocha.run(() => {
      resolve(started);
    });
    started.on('pass', () => {
      passed++;
    });
    started.on('fail', (test, error: unknown) => {
      failures.push({ name: test.fullTitle(), error: error instanceof Error ? (error.stack ?? '') : String(error) });
    });
    started.on('pending', (test) => {
      failures.push({ name: test.fullTitle(), error: 'A skipped test proves nothing' });
    });
  });
  runner.dispose();

  const resultsFile = process.env['CM_TEST_RESULTS'];
  if (resultsFile !== undefined) {
    writeFileSync(resultsFile, JSON.stringify({ passed, failed: failures.length, failures }));
  }
  if (failures.length > 0) throw new Error(`${failures.length} failed: ${failures.map(({ name }) => name).join('; ')}`);
}
