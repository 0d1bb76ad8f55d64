// The demo agent of Code Manager: behaves like a coding agent in a terminal, without a model and without a network.
// node agent.mjs [--] [TASK]; without a task it reads tasks at its prompt. CM_DEMO_PACE sets the pause of a step in ms.
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const NOTES = 'demo-notes.md';
const COLOURS = ['Green', 'Blue', 'Red'];
const BANNER = `Demo agent of Code Manager
I am a small program, not an AI: no model, no network. I plan, read, ask, write ${NOTES} and say what I did.
Type a task, or help, exit N, quit. Ctrl-C interrupts.
`;
const HELP = `  any text     a task: I read the files here, ask one question and write ${NOTES}
  … permission a task with this word: I also ask before I write
  exit N       end with exit code N
  quit         end with exit code 0
`;

const isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
const pace = Number.parseInt(process.env.CM_DEMO_PACE ?? '', 10) || 350;

const EXIT = /^(?:quit|exit(?:\s+(\d{1,3}))?)$/;
// eslint-disable-next-line no-control-regex
const KEYS = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?|[^]/gu;
// eslint-disable-next-line no-control-regex
const UNFINISHED_KEY = /\x1b(?:\[[0-?]*[ -/]*|O)?$/;

/** Thrown where Ctrl-C was pressed. */
class Interrupted extends Error {}

/** Thrown where a question was answered with `quit` or `exit N`. */
class Farewell extends Error {}

const say = (text = '') => process.stdout.write(`${text}\n`);
const escape = (sequence) => isTerminal && process.stdout.write(`\x1b${sequence}`);
/** Text of others must not control the terminal. */
const printable = (text) => text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? '\n' : ' '));
const short = (text) => {
  const [line = '', ...more] = printable(text).split('\n');
  return line.length > 70 || more.length > 0 ? `${[...line].slice(0, 70).join('')}…` : line;
};

/** Tells the terminal what the agent is doing, as several vendors' agents do it (OSC 7501), and sets the title. */
function report(state, { kind, msg } = {}) {
  const fields = [`state=${state}`, 'app=demo'];
  if (kind) fields.push(`kind=${kind}`);
  if (msg) fields.push(`msg=${Buffer.from(msg).toString('base64')}`);
  escape(`]7501;${fields.join(':')}\x1b\\`);
  escape(`]2;demo: ${kind ?? state}\x1b\\`);
}

/** What is typed or pasted, one line at a time. Lines that come while the agent works wait for its next prompt. */
const input = {
  text: '',
  /** The beginning of an escape sequence whose end has not come yet. */
  rest: '',
  lines: [],
  isPaste: false,
  isClosed: false,
  /** A number up to this one chooses at once, as in the dialogs of many agents. */
  choices: 0,
  /** @type {{resolve: (line: string | undefined) => void, reject: (error: Error) => void} | undefined} */
  waiting: undefined,
  /** @type {((error: Error) => void) | undefined} */
  interruptStep: undefined,

  start() {
    process.stdin.setEncoding('utf8');
    if (isTerminal) {
      process.stdin.setRawMode(true);
      escape('[?2004h');
    }
    process.stdin.on('data', (data) => this.take(data));
    process.stdin.on('end', () => this.close());
    process.stdin.on('error', () => this.close());
    process.on('SIGINT', () => this.interrupt());
  },

  take(data) {
    const all = this.rest + data;
    this.rest = UNFINISHED_KEY.exec(all)?.[0] ?? '';
    for (const key of all.slice(0, all.length - this.rest.length).match(KEYS) ?? []) {
      if (key === '\x1b[200~') this.isPaste = true;
      else if (key === '\x1b[201~') this.isPaste = false;
      else if (key.startsWith('\x1b')) continue;
      else if (this.isPaste && (key === '\r' || key === '\n')) this.add('\n');
      else if (key === '\r' || key === '\n') this.submit();
      else if (key === '\x03') this.interrupt();
      else if (key === '\x04' && this.text === '') this.close();
      else if (key === '\x15') this.erase(this.text.length);
      else if (key === '\x7f' || key === '\b') this.erase(1);
      else if (key >= ' ' || key === '\t') this.add(key);
    }
  },

  echo(text) {
    if (isTerminal && this.waiting) process.stdout.write(printable(text).replaceAll('\n', '\n  '));
  },

  add(text) {
    this.text += text;
    this.echo(text);
    const isPressed = isTerminal && this.waiting && !this.isPaste && this.text === text;
    if (isPressed && /^[1-9]$/.test(text) && Number(text) <= this.choices) this.submit();
  },

  erase(count) {
    const letters = [...this.text];
    const gone = letters.splice(-Math.min(count, letters.length));
    this.text = letters.join('');
    if (isTerminal && this.waiting) process.stdout.write('\b \b'.repeat(gone.length));
  },

  submit() {
    const line = this.text;
    this.text = '';
    if (!this.waiting) return void this.lines.push(line);
    if (isTerminal) say();
    const { resolve } = this.waiting;
    this.waiting = undefined;
    resolve(line);
  },

  interrupt() {
    this.text = '';
    this.lines = [];
    if (!this.waiting) return this.interruptStep?.(new Interrupted());
    say('^C');
    const { reject } = this.waiting;
    this.waiting = undefined;
    reject(new Interrupted());
  },

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.text !== '') this.submit();
    this.waiting?.resolve(undefined);
    this.waiting = undefined;
  },

  /** The next line; undefined when no more can come. A question takes none that was typed before it was asked. */
  async read(prompt, { isQuestion = false, choices = 0 } = {}) {
    process.stdout.write(prompt);
    this.choices = choices;
    const typed = isQuestion && isTerminal ? undefined : this.lines.shift();
    if (typed !== undefined || this.isClosed) {
      say(printable(typed ?? ''));
      return typed;
    }
    const line = new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
    this.echo(this.text);
    const answer = await line;
    if (!isTerminal) say(printable(answer ?? ''));
    return answer;
  },
};

/** One visible step; Ctrl-C ends it at once. */
function step(text, pauses = 1) {
  say(text);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, pace * pauses);
    input.interruptStep = (error) => {
      clearTimeout(timer);
      reject(error);
    };
  }).finally(() => (input.interruptStep = undefined));
}

/** Asks until one of the options is named by its number or its word; `fallback` is for when nobody can answer. */
async function ask(kind, question, options, fallback) {
  say(`\n? ${question}`);
  options.forEach((option, index) => say(`  ${index + 1}. ${option}`));
  report('blocked', { kind, msg: question });
  for (;;) {
    const line = await input.read('answer> ', { isQuestion: true, choices: options.length });
    if (line === undefined) {
      say(`  Nobody can answer here, so I take "${fallback}".`);
      report('working');
      return fallback;
    }
    if (EXIT.test(line.trim())) throw new Farewell(line);
    const wanted = line.trim().toLowerCase();
    const chosen = options.find((option, index) => wanted === `${index + 1}` || wanted === option.toLowerCase());
    if (chosen) {
      report('working');
      return chosen;
    }
    say(`  Please answer with a number from 1 to ${options.length}.`);
  }
}

async function readFolder(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const shown = files.map(({ name }) => name).filter((name) => !name.startsWith('.'));
  if (shown.length === 0) await step('● There are no files here yet');
  for (const name of shown.sort().slice(0, 4)) {
    const path = join(folder, name);
    const size = statSync(path).size;
    const what =
      size > 256 * 1024
        ? `${Math.round(size / 1024)} KB`
        : `${readFileSync(path, 'utf8').split('\n').length - 1} lines`;
    await step(`● Read ${short(name)} (${what})`);
  }
  if (shown.length > 4) await step(`● … and saw ${shown.length - 4} more`);
}

async function work(task) {
  const folder = process.cwd();
  const asksFirst = /\bpermission\b/i.test(task);
  report('working');
  await step(`\n● Task: ${short(task)}`);
  await step(
    `● Plan: read ${short(basename(folder))}, ask for a colour, ${asksFirst ? 'ask for permission, ' : ''}write ${NOTES}`,
    2,
  );
  await readFolder(folder);
  const colour = await ask('question', 'Which colour should the greeting have?', COLOURS, 'Green');
  await step(`● ${colour} it is`);
  if (asksFirst && (await ask('permission', `Write ${NOTES}?`, ['Yes', 'No'], 'No')) === 'No') {
    say('✓ Done: I wrote nothing, as you said.');
    return;
  }
  const path = join(folder, NOTES);
  const heading = existsSync(path) ? '' : '# Notes of the demo agent\n';
  const lines = `${heading}\n## ${new Date().toISOString()}\n\n- Task: ${short(task)}\n- Greeting: hello in ${colour.toLowerCase()}\n`;
  appendFileSync(path, lines);
  await step(`● Wrote ${NOTES} (+${lines.split('\n').length - 1} lines)`);
  say(`✓ Done: the greeting in ${NOTES} is ${colour.toLowerCase()}.`);
}

function leave(code) {
  report('clear');
  escape('[?2004l');
  process.stdout.write('', () => process.exit(code));
}

/** Runs one task to its end; true when the agent should go on. */
async function run(line) {
  const text = line.trim();
  const exit = EXIT.exec(text);
  if (exit) {
    leave(Math.min(255, Number(exit[1] ?? 0)));
    return false;
  }
  if (text === 'help') say(HELP);
  if (text === '' || text === 'help') return true;
  try {
    await work(text);
    report('done');
  } catch (error) {
    if (error instanceof Farewell) return run(error.message);
    if (error instanceof Interrupted) {
      say('✗ Interrupted.');
    } else {
      report('error', { msg: printable(error.message) });
      say(`✗ Failed: ${printable(error.message)}`);
    }
  }
  return true;
}

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])
  process.on(signal, () => leave(code));
process.stdout.on('error', () => process.exit(1));
input.start();
say(BANNER);
const words = process.argv.slice(2);
let line = (words[0] === '--' ? words.slice(1) : words).join(' ');
while (line !== undefined && (await run(line))) {
  report('idle');
  line = await input.read('demo> ').catch(() => '');
}
if (line === undefined) leave(0);
