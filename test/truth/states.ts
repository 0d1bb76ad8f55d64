import type { Bench } from '../bench/figure.js';
import type { AskedAndShown } from './asked.js';
import { Bed, type Where } from './bed.js';
import { FLOWS, NAMES, type Flow } from './flows.js';
import { Onlooker, sizeName, SIZES } from './onlooker.js';
import type { Program } from './programs.js';
import { Random } from './random.js';
import { compare, isLongWrong, type Finding } from './timeline.js';

/** One true state of one program, once. */
export interface Sample extends Finding {
  readonly program: string;
  readonly flow: string;
  readonly round: number;
  /** As people call it. */
  readonly name: string;
  /** Of the terminal that somebody looks from. */
  readonly size: string;
  /** Of another one, from which somebody looked in meanwhile; null: nobody did. */
  readonly visit: string | null;
  /** Why something wrong was shown, where it still was at the end. */
  readonly why: string | null;
}

/** What an agent asked, and what was shown of it. */
export interface Asked extends AskedAndShown {
  readonly program: string;
  readonly flow: string;
  readonly round: number;
  readonly size: string;
  readonly visit: string | null;
}

export interface Broken {
  readonly program: string;
  readonly flow: string;
  readonly round: number;
  readonly message: string;
}

export interface StatesOptions {
  readonly where: Where;
  readonly times: number;
  readonly seed: string;
  /** Names of the flows to run; empty: all. */
  readonly flows: readonly string[];
}

/** Drives a program through all flows; a flow that breaks costs only itself. */
export async function driveStates(
  program: Program,
  bench: Bench,
  { where, times, seed, flows }: StatesOptions,
  told: (one: Sample | Broken | Asked) => void,
): Promise<void> {
  const bed = await Bed.open(program, bench, where);
  const wanted = FLOWS.filter(
    ({ name, fits }) => (flows.length === 0 || flows.includes(name)) && fits?.(program) !== false,
  );
  type Named = Pick<Flow, 'name' | 'names' | 'accepts'>;
  const onlooker = new Onlooker(bed.product.client, new Random(`${seed} ${program.name} onlooker`));
  const visitor = new Onlooker(bed.product.client, new Random(`${seed} ${program.name} visitor`));
  let size = sizeName(SIZES[0]);
  let visit: string | null = null;
  const run = async ({ name: flow, names, accepts }: Named, round: number, act: () => Promise<void>) => {
    let message: string | undefined;
    try {
      await act();
    } catch (error) {
      const seen = await bed.screen().catch(() => 'nothing is known of it');
      message = `${error instanceof Error ? error.message : String(error)}\n${seen}`;
    }
    const { spans, shown, asked } = await bed.finish();
    const common = { program: program.name, flow, round, size, visit };
    for (const one of asked) told({ ...common, ...one });
    for (const span of spans) {
      const finding = compare(span, shown, accepts?.[span.truth]);
      // At the end of the last one it can still be asked why.
      const isStill = span === spans.at(-1) && isLongWrong(finding.wrong.at(-1)) && bed.isRunning;
      const why = isStill ? await bed.screen().catch(() => null) : null;
      told({ ...common, name: names?.[span.truth] ?? NAMES[span.truth], ...finding, why });
    }
    if (message !== undefined) told({ ...common, message });
    return message === undefined;
  };
  for (let round = 1; round <= times; round++) {
    const own = SIZES[(round - 1) % SIZES.length] ?? SIZES[0];
    for (const flow of wanted) {
      bench.progress(`${flow.name}, ${round} of ${times}`);
      visit = null;
      if (!bed.isRunning && !(await run({ name: 'ready' }, round, () => bed.start()))) {
        await bed.kill();
        continue;
      }
      const random = new Random(`${seed} ${program.name} ${flow.name} ${round}`);
      size = sizeName(own);
      await onlooker.attach(bed.session.id, own);
      await bed.settle(5000);
      bed.begin();
      // Somebody looks in at any moment of it, in half of the runs.
      const others = SIZES.filter((other) => other !== own);
      const other = random.next() < 0.5 ? others[random.next() < 0.5 ? 0 : 1] : undefined;
      visit = other === undefined ? null : sizeName(other);
      const visits = other === undefined ? undefined : visitor.visit(bed.session.id, other, random.seconds(0, 3));
      const isWell = await run(flow, round, () => flow.run(bed, random));
      await visits;
      visitor.leave();
      if (!isWell || flow.isLast === true) {
        onlooker.leave();
        await bed.kill();
      }
    }
  }
  onlooker.leave();
  await bed.kill();
}
