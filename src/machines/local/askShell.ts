import { promises as fs } from 'node:fs';
import { reasonOf } from '../../common/systemError.js';
import { MAX_ANSWER_BYTES, type Question } from '../shellQuestion.js';
import type { Failure, Reply } from '../loginShell.js';
import { killTree } from './processTree.js';
import { closeAfterExit, spawnDetached } from './runProcess.js';

interface How {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly timeoutMs: number;
}

/**
 * Asks a shell of this host. It has no terminal and reads nothing that a person might be waited for; what does not end in
 * time is killed with all that it started.
 */
export async function askShell(question: Question, how: How, umask: number): Promise<Reply> {
  try {
    return await ask(question, how, umask);
  } catch (error) {
    return { output: '', failure: { kind: 'broken', reason: reasonOf(error) } };
  }
}

function ask({ command, mark }: Question, { env, folder, timeoutMs }: How, umask: number): Promise<Reply> {
  const options = {
    cwd: folder,
    // The marker finds what the files start and leave behind when it has to be ended.
    env: { ...env, CM_SESSION: mark },
  };
  const child = spawnDetached(['/bin/sh', '-c', `umask ${umask.toString(8)}; exec "$@"`, 'sh', ...command], options, [
    'ignore',
    'pipe',
    'ignore',
  ]);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let tail = '';
    let settled = false;
    const endMark = `\n${mark} end\n`;
    const settle = (failure: Failure | undefined | Promise<Failure>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      const output = Buffer.concat(chunks).toString();
      resolve(Promise.resolve(failure).then((known) => ({ output, failure: known })));
    };
    const giveUp = <F extends Failure>(failure: F): F => {
      child.stdout?.removeAllListeners('data').destroy();
      // The answer does not wait for the last of them.
      void killTree(child.pid ?? null, mark).catch(() => undefined);
      return failure;
    };
    const timer = setTimeout(() => {
      settle(whatRuns(child.pid).then((seen) => giveUp({ kind: 'late', ...seen })));
    }, timeoutMs);
    child.once('error', (error) => settle({ kind: 'broken', reason: reasonOf(error) }));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (settled) return;
      chunks.push(chunk);
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-endMark.length);
      if (bytes > MAX_ANSWER_BYTES) settle(giveUp({ kind: 'flooded' }));
      if (tail !== endMark) return;
      // What the files left running in the background, an ssh-agent say, may hold the stream open: it is the person's.
      settle(undefined);
      child.stdout?.destroy();
      child.unref();
    });
    closeAfterExit(child);
    child.once('close', () => {
      const isWhole = Buffer.concat(chunks).includes(endMark);
      settle(isWhole ? undefined : { kind: 'ended' });
    });
  });
}

/** What a shell that does not end is doing, where the system tells it. */
async function whatRuns(
  pid: number | undefined,
): Promise<{ readonly running: readonly string[]; readonly openFiles: readonly string[] }> {
  if (pid === undefined || process.platform !== 'linux') return { running: [], openFiles: [] };
  const running = await commandLines(pid, 0);
  const names = await fs.readdir(`/proc/${pid}/fd`).catch(() => []);
  const openFiles = await Promise.all(
    names
      .map(Number)
      .sort((a, b) => b - a)
      .map((fd) => fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return { running, openFiles: openFiles.filter((path) => path.startsWith('/') && !path.startsWith('/dev/')) };
}

/** Command lines of a process and its children, the innermost first: an outer one waits for it. */
async function commandLines(pid: number, depth: number): Promise<string[]> {
  if (depth > 8) return [];
  const children = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const inner: string[] = [];
  for (const child of children
    .split(' ')
    .filter((text) => text !== '')
    .slice(0, 32)) {
    inner.push(...(await commandLines(Number(child), depth + 1)));
  }
  const own = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = own.replace(/\0+$/, '').replaceAll('\0', ' ');
  return command === '' ? inner : [...inner, command];
}
