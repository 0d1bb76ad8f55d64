import { Random } from '../truth/random.js';

const WORDS = (
  'able after again along answer apple around autumn basket before better between bridge bright button camera candle ' +
  'carpet center cheese circle clear cloud coffee colour common copper corner cotton could country cousin dinner distant ' +
  'doctor double dragon early eleven engine evening every family famous farmer finger flower follow forest fourth garden ' +
  'gentle glass golden guitar hammer harbour heavy honest hundred island jacket kitchen ladder language lemon letter little ' +
  'machine market matter meadow middle minute mirror monday morning mountain narrow needle number object orange paper ' +
  'pencil people picture planet pocket quiet rabbit reason river saddle season second shadow silver simple sister slowly ' +
  'spring square station street summer sunday table thunder ticket tomorrow travel under valley village violin visit ' +
  'walnut water weather window winter without wonder yellow'
).split(' ') as [string, ...string[]];

/** A text of about so many words as models write it: paragraphs, lists, a heading, code; the same for the same seed. */
export function essay(seed: string, words: number): string {
  const random = new Random(seed);
  const some = (min: number, max: number): number => min + Math.floor(random.next() * (max - min + 1));
  let left = words;
  const take = (count: number): string[] => {
    left -= count;
    return Array.from({ length: count }, () => random.pick(WORDS));
  };
  const sentence = (): string => {
    const chosen = take(some(4, 16));
    if (random.next() < 0.15) chosen[1] = `**${chosen[1] ?? ''}**`;
    if (random.next() < 0.15) chosen[2] = `\`${chosen[2] ?? ''}\``;
    if (random.next() < 0.3) chosen[2] = `${chosen[2] ?? ''},`;
    const [first = '', ...rest] = chosen;
    const text = [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' ');
    return text + random.pick(['.', '.', '.', '.', '?', '!']);
  };
  const list = (mark: (index: number) => string): string =>
    Array.from({ length: some(2, 5) }, (_, index) => `${mark(index)} ${sentence()}`).join('\n');
  const blocks: string[] = [];
  while (left > 0) {
    const kind = random.next();
    if (kind < 0.15) blocks.push(list(() => '-'));
    else if (kind < 0.25) blocks.push(list((index) => `${index + 1}.`));
    else if (kind < 0.3) blocks.push(`## ${take(3).join(' ')}`);
    else if (kind < 0.35) blocks.push(`\`\`\`\n${take(4).join('(')}\n${take(3).join('.')}\n\`\`\``);
    else blocks.push(Array.from({ length: some(1, 6) }, sentence).join(' '));
  }
  return blocks.join('\n\n');
}

/** Pieces of 1 to 40 characters and, after each, a pause of 10 to 200 milliseconds; the same for the same seed. */
export function* piecesOf(text: string, seed: string): Generator<{ readonly text: string; readonly pauseMs: number }> {
  const random = new Random(seed);
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random.next() * 40);
    yield { text: text.slice(at, at + length), pauseMs: 10 + Math.floor(random.next() * 191) };
    at += length;
  }
}
