import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followText } from '../../src/client/followText.js';
import { openHeadlessTerminal, type HeadlessTerminal } from '../../src/client/render/headlessTerminal.js';
import { errorText } from '../../src/protocol/errors.js';
import { FIRST_SIZE } from '../../src/protocol/logSize.js';
import type { Bench } from '../bench/figure.js';
import { sleep, waitFor } from '../bench/numbers.js';
import { essay } from '../model/essay.js';
import { Bed, type Where } from './bed.js';
import {
  bare,
  judgeLog,
  sentencesOf,
  unitsOf,
  wrongOf,
  type LogVerdict,
  type RecordedStep,
  type TimedLine,
  type Unit,
} from './logJudge.js';
import type { Program } from './programs.js';
import { Random } from './random.js';

/** The readable log of streamed answers of one program beside its own record. */
export interface Logged {
  readonly program: string;
  readonly answers: number;
  readonly verdicts: readonly LogVerdict[];
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

export interface LogsOptions {
  readonly where: Where;
  /** So many answers. */
  readonly count: number;
  readonly seed: string;
  /** Where recordings are written. */
  readonly out: string;
}

/** Answers in one session. */
const ANSWERS = 5;
const WORDS = 500;
type Size = { readonly columns: number; readonly rows: number };
const SIZES: readonly [Size, ...Size[]] = [
  { columns: 80, rows: 24 },
  { columns: 60, rows: 20 },
  { columns: 100, rows: 30 },
];

/** Answers of 500 words, streamed in small pieces, while somebody attaches from other sizes and leaves. */
export async function driveLogs(
  program: Program,
  bench: Bench,
  { where, count, seed, out }: LogsOptions,
): Promise<Logged> {
  const bed = await Bed.open(program, bench, where);
  const verdicts: LogVerdict[] = [];
  const wrong: string[] = [];
  for (let done = 0; done < count; done += ANSWERS) {
    const random = new Random(`${seed}-${program.name}-${done}`);
    const answers = Math.min(ANSWERS, count - done);
    try {
      await bed.start();
      const watch = await Watch.begin(bed);
      for (let index = 0; index < answers; index++) {
        bench.progress(`answer ${done + index + 1} of ${count}`);
        await streamAnswer(bed, watch, random, `${seed}-${done + index}`, index > 0);
      }
      const verdict = await watch.end(join(out, `logs-${program.name}-${done}.json`));
      verdicts.push(verdict);
      wrong.push(...wrongOf(verdict).map((line) => `${program.name} ${done}: ${line}`));
    } catch (error) {
      wrong.push(`${program.name} ${done}: ${errorText(error)}`);
    }
    await bed.kill();
  }
  return { program: program.name, answers: count, verdicts, wrong };
}

/** One prompt and its answer, with a tool call in between half of the time, and with somebody who looks in. */
async function streamAnswer(bed: Bed, watch: Watch, random: Random, seed: string, isResized: boolean): Promise<void> {
  bed.begin();
  const calls = random.next() < 0.5;
  const parts: [string, number][] = calls
    ? [
        [`${seed}a`, 80],
        [`${seed}b`, WORDS - 80],
      ]
    : [[seed, WORDS]];
  const steps = parts.map(([name, words]) => `do:essay(${name},${words})`);
  const prompt = `${steps.join(' do:read(README.md) ')} do:pieces(${seed})`;
  watch.expect({ kind: 'prompt', text: bed.tagged(prompt) });
  for (const [index, [name, words]] of parts.entries()) {
    if (index > 0) watch.expect({ kind: 'call', text: 'README.md' });
    for (const text of sentencesOf(essay(name, words))) watch.expect({ kind: 'sentence', text });
  }
  await bed.prompt(prompt);
  const isOver = bed.until('said', 180_000);
  while (
    isResized &&
    !(await Promise.race([isOver.then(() => true), sleep(random.seconds(2, 8) * 1000).then(() => false)]))
  ) {
    const terminal = await bed.product.client.openTerminal(bed.session.id, random.pick(SIZES));
    terminal.onData(() => undefined);
    await sleep(random.seconds(1, 4) * 1000);
    terminal.dispose();
  }
  await isOver;
  await bed.settle(20_000);
}

/** Follows the log of a session as a person does, and beside it what stands on its screen. */
class Watch {
  readonly #bed: Bed;
  readonly #steps: RecordedStep[] = [];
  readonly #lines: TimedLine[] = [];
  readonly #stood: Record<string, number> = {};
  readonly #expected = new Set<string>();
  /** What the agent was told and told to say, in order. */
  readonly #said: Unit[] = [];
  #screen: HeadlessTerminal | undefined;
  #frame = '';
  #stop: (() => void)[] = [];

  private constructor(bed: Bed) {
    this.#bed = bed;
  }

  static async begin(bed: Bed): Promise<Watch> {
    const watch = new Watch(bed);
    const { client } = bed.product;
    const { id } = bed.session;
    watch.#screen = await openHeadlessTerminal(FIRST_SIZE.columns, FIRST_SIZE.rows, ({ rows }) => {
      watch.#frame = rows.map(({ text }) => bare(text)).join('');
    });
    const log = followText(client, id, {
      onLines: (lines) => {
        for (const text of lines) watch.#lines.push({ time: performance.now(), text });
      },
    });
    const screen = watch.#screen;
    const decoder = new TextDecoder();
    const bytes = client.followLog(id, {
      onResize: ({ columns, rows }) => {
        watch.#steps.push({ time: performance.now(), columns, rows });
        screen.resize(columns, rows, () => undefined);
      },
      onChunk: async (chunk) => {
        const time = performance.now();
        watch.#steps.push({ time, bytes: Buffer.from(chunk.bytes).toString('latin1') });
        await screen.write(decoder.decode(chunk.bytes, { stream: true }));
        screen.snapshot();
        for (const sentence of watch.#expected) {
          if (!watch.#frame.includes(sentence)) continue;
          watch.#stood[sentence] = time;
          watch.#expected.delete(sentence);
        }
      },
    });
    watch.#stop = [() => log.dispose(), () => bytes.dispose(), () => screen.dispose()];
    return watch;
  }

  /** This will stand on the screen next. */
  expect(unit: Unit): void {
    this.#said.push(unit);
    if (unit.kind === 'sentence') this.#expected.add(bare(unit.text));
  }

  async end(path: string): Promise<LogVerdict> {
    const { client } = this.#bed.product;
    const { id } = this.#bed.session;
    const { keepsConversation } = this.#bed.program;
    const conversation = !keepsConversation
      ? undefined
      : await waitFor(
          'its record',
          () => client.request('session/transcript', { session: id }, { timeoutMs: 30_000 }).catch(() => undefined),
          { timeoutMs: 60_000 },
        );
    for (const stop of this.#stop) stop();
    const units = conversation === undefined ? this.#said : unitsOf(conversation);
    const results = (conversation?.entries ?? []).flatMap(({ kind, text }) => (kind === 'toolResult' ? [text] : []));
    const recording = { units, results, stood: this.#stood };
    mkdirSync(join(path, '..'), { recursive: true });
    const whole = { program: this.#bed.program.name, ...recording, steps: this.#steps, lines: this.#lines };
    writeFileSync(path, JSON.stringify(whole));
    return judgeLog(recording, this.#lines);
  }
}
