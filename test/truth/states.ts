import type { Bench } from '../bench/figure.js';
import { Bed, type Where } from './bed.js';
import { FLOWS, NAMES, type Flow } from './flows.js';
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
  /** Why something wrong was shown, where it still was at the end. */
  readonly why: string | null;
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
  told: (sample: Sample | Broken) => void,
): Promise<void> {
  const bed = await Bed.open(program, bench, where);
  const wanted = FLOWS.filter(
    ({ name, fits }) => (flows.length === 0 || flows.includes(name)) && fits?.(program) !== false,
  );
  type Named = Pick<Flow, 'name' | 'names' | 'accepts'>;
  const run = async ({ name: flow, names, accepts }: Named, round: number, act: () => Promise<void>) => {
    let message: string | undefined;
    try {
      await act();
    } catch (error) {
      const seen = await bed.screen().catch(() => 'nothing is known of it');
      message = `${error instanceof Error ? error.message : String(error)}\n${seen}`;
    }
    const { spans, shown } = await bed.finish();
    const common = { program: program.name, flow, round };
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
    for (const flow of wanted) {
      bench.progress(`${flow.name}, ${round} of ${times}`);
      if (!bed.isRunning && !(await run({ name: 'ready' }, round, () => bed.start()))) {
        await bed.kill();
        continue;
      }
      const random = new Random(`${seed} ${program.name} ${flow.name} ${round}`);
      bed.begin();
      const isWell = await run(flow, round, () => flow.run(bed, random));
      if (!isWell || flow.isLast === true) await bed.kill();
    }
  }
  await bed.kill();
}
