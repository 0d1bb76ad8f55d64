// Needs a person again and again: node asks.mjs dialog|report
// `dialog` draws a startup dialog and takes it away; `report` says so in its byte stream. Each comes with `@NUMBER:TIME`.
import { writeSync } from 'node:fs';

const kind = process.argv[2];
let number = 0;

const pause = (min, max) => new Promise((resolve) => setTimeout(resolve, min + Math.random() * (max - min)));
const stamp = () => `@${number++}:${process.hrtime.bigint()}`;

for (;;) {
  if (kind === 'dialog') {
    writeSync(1, '\x1b[2J\x1b[HStarting…\n');
    await pause(400, 700);
    writeSync(1, `\x1b[2J\x1b[H${stamp()}\nDo you trust this folder?\n> 1. Yes\n  2. No\n`);
    await pause(500, 800);
  } else {
    writeSync(1, '\x1b]7501;state=working\x1b\\');
    await pause(80, 160);
    const message = Buffer.from('Which colour?').toString('base64');
    writeSync(1, `${stamp()}\n\x1b]7501;state=blocked:kind=question:msg=${message}\x1b\\`);
    await pause(80, 160);
  }
}
