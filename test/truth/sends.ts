import { CodeManagerError, errorText } from '../../src/protocol/errors.js';
import type { Bench } from '../bench/figure.js';
import { sleep, waitFor } from '../bench/numbers.js';
import { Bed, type Where } from './bed.js';
import { Onlooker } from './onlooker.js';
import type { Program } from './programs.js';
import { Random } from './random.js';

/** What a text is sent into. */
export type Into = 'idle' | 'work' | 'copy mode' | 'interrupted' | 'draft' | 'dialog' | 'ended';

export interface Sends {
  readonly program: string;
  /** How often a text was sent into what, and how often it arrived whole and once, or was refused. */
  readonly counts: Readonly<Partial<Record<Into, { readonly sent: number; readonly well: number }>>>;
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

export interface SendsOptions {
  readonly where: Where;
  /** So many texts. */
  readonly count: number;
  readonly seed: string;
}

const MIXED: readonly [Into, ...Into[]] = [
  ...['idle', 'idle', 'work', 'work', 'copy mode', 'copy mode', 'interrupted', 'interrupted'],
  ...['draft', 'dialog', 'ended'],
] as [Into, ...Into[]];
const HALF = 'half a line';
/** The first request of a program on a busy machine takes its time. */
const SLOW_MS = 180_000;

/** Texts sent to an agent while it works, asks, was broken off, and while people type and read in its terminal. */
export async function driveSends(program: Program, bench: Bench, { where, count, seed }: SendsOptions): Promise<Sends> {
  const bed = await Bed.open(program, bench, where);
  const random = new Random(`${seed} ${program.name} sends`);
  const onlooker = new Onlooker(bed.product.client, new Random(`${seed} ${program.name} onlooker`));
  const counts: Partial<Record<Into, { sent: number; well: number }>> = {};
  const wrong: string[] = [];
  for (let number = 1; number <= count; number++) {
    const into = random.pick(MIXED);
    bench.progress(`text ${number} of ${count}, ${into}`);
    const told = (counts[into] ??= { sent: 0, well: 0 });
    told.sent++;
    try {
      if (!bed.isRunning) await bed.start();
      bed.begin();
      await onlooker.change(bed.session.id);
      await new One(bed, random, number).into(into);
      told.well++;
    } catch (error) {
      const seen = await bed.screen().catch(() => 'nothing is known of it');
      wrong.push(`text ${number}, ${into}: ${errorText(error)}\n${seen}`);
      onlooker.leave();
      await bed.kill();
    }
  }
  onlooker.leave();
  await bed.kill();
  return { program: program.name, counts, wrong };
}

/** One text on its way. */
class One {
  readonly #bed: Bed;
  readonly #random: Random;
  readonly #text: string;

  constructor(bed: Bed, random: Random, number: number) {
    this.#bed = bed;
    this.#random = random;
    // Of any length, and in some with lines of its own.
    const words = random.pick([['short'], ['with', 'some', 'words'], Array<string>(40).fill('longer')]);
    const gap = random.pick([' ', ' ', '\n']);
    this.#text = `do:say(text${number}) ${words.join(gap)} end${number}`;
  }

  async into(into: Into): Promise<void> {
    const bed = this.#bed;
    switch (into) {
      case 'idle':
        await this.#arrives();
        break;
      case 'work':
        await bed.prompt('do:delay(4) do:say(done)');
        await bed.until('asked', SLOW_MS);
        await sleep(this.#random.seconds(0, 2) * 1000);
        await this.#arrives();
        break;
      case 'copy mode':
        bed.tmux('copy-mode', '-t', bed.target);
        await sleep(this.#random.seconds(0, 1) * 1000);
        await this.#arrives();
        break;
      case 'interrupted':
        await bed.prompt('do:delay(60) do:say(broken off)');
        await bed.until('asked', SLOW_MS);
        await sleep(this.#random.seconds(1, 3) * 1000);
        await bed.interrupt();
        await sleep(this.#random.seconds(0, 2) * 1000);
        await this.#arrives();
        break;
      case 'draft':
        for (const letter of HALF) await bed.key(letter === ' ' ? 'Space' : letter);
        await waitFor('the half typed line', async () => (await bed.draft()) === HALF, { timeoutMs: 30_000 });
        await this.#isRefused();
        if ((await bed.draft()) !== HALF) throw new Error(`${JSON.stringify(await bed.draft())} stands in its box`);
        for (const _ of HALF) await bed.key('BSpace');
        break;
      case 'dialog': {
        await bed.prompt(`do:${bed.program.bash}(mktemp dialog-XXXXXX) do:say(done)`);
        const request = await bed.asks('permission', 60_000);
        await this.#isRefused();
        await bed.answer(request, { type: 'allow', always: false });
        await bed.until('said', 60_000);
        break;
      }
      case 'ended':
        await bed.stop();
        await this.#isRefused();
        return;
    }
    await waitFor('it to be idle', () => bed.session.state === 'idle', { timeoutMs: 60_000 });
    await waitFor('its box to be empty', async () => (await bed.draft()) === null, { timeoutMs: 30_000 });
  }

  async #send(): Promise<void> {
    const { product, session } = this.#bed;
    await product.client.request('session/send', { session: session.id, text: this.#text }, { timeoutMs: 60_000 });
  }

  async #isRefused(): Promise<void> {
    const refusal = await this.#send().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal === undefined) throw new Error('It was not refused');
    if (!isConflict(refusal)) throw new Error(`It was refused otherwise: ${errorText(refusal)}`);
    await sleep(1000);
    if (this.#came().length > 0) throw new Error('It was refused, and arrived');
  }

  /** Whole and once. */
  async #arrives(): Promise<void> {
    await this.#send();
    await waitFor('the text to arrive', () => this.#came().length > 0, { timeoutMs: SLOW_MS });
    await waitFor('it to be done with it', () => this.#bed.session.state === 'idle', { timeoutMs: SLOW_MS });
    await sleep(500);
    const [prompt = '', ...more] = this.#came();
    if (more.length > 0) throw new Error(`It arrived ${more.length + 1} times`);
    const [before, ...after] = bare(prompt).split(bare(this.#text));
    if (after.length !== 1) throw new Error(`It arrived as ${JSON.stringify(prompt)}`);
    // What was sent while it worked may be told with it.
    if (before?.includes('brokenoff') === true) throw new Error(`It is glued to ${JSON.stringify(prompt)}`);
  }

  /** The different prompts with it. */
  #came(): string[] {
    const [mark = ''] = /text\d+/u.exec(this.#text) ?? [];
    const events = this.#bed.model.events.filter(({ what }) => what.type === 'came');
    return [...new Set(events.map(({ prompt }) => prompt))].filter((prompt) => prompt.includes(`(${mark})`));
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof CodeManagerError && error.code === 'conflict';
}

/** Programs wrap and trim what they are told. */
function bare(text: string): string {
  return text.replace(/\s+/gu, '');
}
