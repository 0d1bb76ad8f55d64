import assert from 'node:assert/strict';
import type { OpenTerminalOptions, Terminal } from '../../../src/client/api.js';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

/** A terminal under a person's hands. */
class Hands {
  readonly terminal: Terminal;
  #shown = '';
  exit: { readonly code: number | null } | undefined;

  private constructor(terminal: Terminal) {
    this.terminal = terminal;
    terminal.onData((bytes) => {
      this.#shown += Buffer.from(bytes).toString('latin1');
    });
    terminal.onExit((code) => (this.exit = { code }));
  }

  static async open(desk: Desk, id: string, options: Partial<OpenTerminalOptions> = {}): Promise<Hands> {
    const client = desk.client;
    return new Hands(await client.openTerminal(id, { columns: 100, rows: 30, ...options }));
  }

  type(text: string): void {
    this.terminal.write(Buffer.from(text));
  }

  async shows(text: string): Promise<void> {
    await until(`the terminal shows ${text}`, () => this.#shown.includes(text)).catch((error: unknown) => {
      throw new Error(`${String(error)}; it showed ${JSON.stringify(this.#shown.slice(-1500))}`, { cause: error });
    });
  }

  async ended(): Promise<number | null> {
    return (await until('the terminal has ended', () => this.exit)).code;
  }
}

const ECHO = 'stty -echo; echo begun; while read -r line; do echo "<$line> $(stty size)"; done';

/** Terminals in sessions, over the connection that is there. */
export const terminalCases: readonly Case[] = [
  {
    name: 'a terminal shows a session, types into it, has its size, and leaves it alone when it is closed',
    run: async (desk) => {
      const { id } = await desk.shell(ECHO);
      const log = await desk.shows(id, 'begun');
      const hands = await Hands.open(desk, id);
      await hands.shows('begun');
      hands.type('typed ünd\r');
      await log.shows('<typed ünd> 30 100');
      await hands.shows('30 100');
      // A size is told with the first byte of it, and noted on another host later than the session has it.
      const tells = async (size: string): Promise<true> =>
        until(`the log tells ${size}`, () => {
          hands.type('again\r');
          return log.sizes.includes(size);
        });
      await tells('100x30');
      hands.terminal.resize(71, 23);
      await until('the session has its size', () => {
        hands.type('again\r');
        return log.text.includes('23 71');
      });
      await tells('71x23');
      hands.terminal.dispose();
      await until('nobody is attached', async () => (await desk.host.tmux('list-clients', '-t', `=${id}`)) === '');
      const { status } = await desk.get(id);
      assert.equal(status, 'running');
      return log.sizes.filter((size) => /^(?:100x30|71x23)$/.test(size));
    },
  },
  {
    name: 'a terminal that only shows types nothing',
    run: async (desk) => {
      const { id } = await desk.shell(ECHO);
      const log = await desk.shows(id, 'begun');
      const hands = await Hands.open(desk, id, { readOnly: true });
      await hands.shows('begun');
      hands.type('not this\r');
      await desk.client.request('session/send', { session: id, text: 'but this', force: true });
      await hands.shows('but this');
      await log.shows('<but this>');
      hands.terminal.dispose();
      return log.text.includes('not this');
    },
  },
  {
    name: 'a terminal ends with its session, and none is opened after its end',
    run: async (desk) => {
      const { id } = await desk.shell(ECHO, { name: `shown-${desk.key}` });
      const hands = await Hands.open(desk, id);
      await hands.shows('begun');
      await desk.client.request('session/kill', { session: id });
      await hands.ended();
      return [
        await desk.fails(desk.client.openTerminal(id, { columns: 80, rows: 24 })),
        await desk.fails(desk.client.openTerminal('nobody', { columns: 80, rows: 24 })),
      ];
    },
  },
  {
    name: 'two terminals in one session show and type the same',
    run: async (desk) => {
      const { id } = await desk.shell(ECHO);
      const [one, two] = [await Hands.open(desk, id), await Hands.open(desk, id)];
      await Promise.all([one.shows('begun'), two.shows('begun')]);
      one.type('of the first\r');
      await two.shows('<of the first>');
      two.type('of the second\r');
      await one.shows('<of the second>');
      one.terminal.dispose();
      two.type('still here\r');
      await two.shows('<still here>');
      two.terminal.dispose();
      return (await desk.get(id)).status;
    },
  },
  {
    name: 'while somebody types in a terminal nothing is sent, unless it is forced',
    run: async (desk) => {
      const { id } = await desk.shell(ECHO, { name: `typing-${desk.key}` });
      const log = await desk.shows(id, 'begun');
      const hands = await Hands.open(desk, id);
      await hands.shows('begun');
      const refused = await until('typing is noticed', async () => {
        hands.type('t');
        const sent = desk.client.request('session/send', { session: id, text: 'x', enter: false });
        return sent.then(
          () => undefined,
          (error: unknown) =>
            error instanceof Error && error.message.includes('Somebody types in') ? error : undefined,
        );
      });
      await desk.client.request('session/send', { session: id, text: 'forced', force: true });
      await log.shows(/forced>/);
      hands.terminal.dispose();
      return desk.fails(Promise.reject(refused));
    },
  },
  {
    name: 'a terminal takes a paste of 100 KB whole',
    run: async (desk) => {
      desk.write('taker.cjs', TAKER);
      const { id } = await desk.shell('exec "$1" taker.cjs', { args: [process.execPath] });
      const log = await desk.shows(id, 'ready');
      const hands = await Hands.open(desk, id);
      await hands.shows('ready');
      const text = `${'0123456789'.repeat(10_000)}.`;
      hands.type(text);
      await log.shows(`has ${text.length}`);
      assert.equal(desk.read('received'), text);
      hands.terminal.dispose();
      return text.length;
    },
  },
];

/** Takes keys as they come and says how many when there is a full stop. */
const TAKER = `
const { appendFileSync } = require('node:fs');
process.stdin.setRawMode(true);
let count = 0;
process.stdin.on('data', (data) => {
  appendFileSync('received', data);
  count += data.length;
  if (data.includes('.')) process.stdout.write('has ' + count);
});
process.stdout.write('ready');
`;
