// Asks as Claude Code does: node replaced.mjs LOG. A line of `LOG.ask` says what: the command, a tab, the options with
// tabs between them; SIGUSR2: it is shown now. SIGUSR1: it works. `shown` and `key` go to LOG when they have happened.
import { appendFileSync, readFileSync, writeSync } from 'node:fs';

const log = process.argv[2];
const RULE = '─'.repeat(60);
let shown = '';

function show(command, options) {
  const lines = options.map((label, i) => ` ${i === 0 ? '❯' : ' '} ${i + 1}. ${label}`);
  const head = [RULE, ' Bash command', '', `   ${command}`, '   Run it', '', ' Do you want to proceed?'];
  draw([...head, ...lines, '', ' Esc to cancel · Tab to amend']);
}

function draw(lines) {
  writeSync(1, `\x1b[?25l\x1b[2J\x1b[H${lines.join('\r\n')}`);
}

function work() {
  shown = 'nothing';
  draw(['● I will bash now.', '', '✻ Brewing… (3s · esc to interrupt)', '', RULE, '❯ ', RULE, '  esc to interrupt']);
}

process.stdin.setRawMode(true);
process.stdin.on('data', (bytes) => {
  appendFileSync(log, `key ${JSON.stringify(bytes.toString('latin1'))} while ${shown}\n`);
  work();
});
process.on('SIGUSR1', () => {
  work();
  appendFileSync(log, 'works\n');
});
process.on('SIGUSR2', () => {
  const [command = '', ...options] = readFileSync(`${log}.ask`, 'utf8').trim().split('\t');
  shown = command;
  show(command, options);
  appendFileSync(log, `shown ${command}\n`);
});
work();
appendFileSync(log, 'works\n');
