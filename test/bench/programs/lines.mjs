// Writes lines `@NUMBER:TIME` to its terminal until it is ended: node lines.mjs MIN_GAP_MS MAX_GAP_MS [LINES_AT_ONCE]
// TIME is in nanoseconds on the clock that all processes share.
import { writeSync } from 'node:fs';

const [minGap = 5, maxGap = 15, atOnce = 1] = process.argv.slice(2).map(Number);
let number = 0;

function write() {
  for (let i = 0; i < atOnce; i++) writeSync(1, `@${number++}:${process.hrtime.bigint()}\n`);
  setTimeout(write, minGap + Math.random() * (maxGap - minGap));
}

write();
