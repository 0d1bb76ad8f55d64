import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import { delay } from '../../src/common/async.js';
import { pasteable } from '../../src/core/live/textInput.js';
import { byAlias, byOwnFile, byPath, Desk } from '../agents/desk.js';
import type { AgentName } from '../agents/home.js';
import { openTerminal } from '../helpers/attachedTerminal.js';
import { campaign, type CampaignCase } from '../helpers/campaign.js';
import { until } from '../helpers/until.js';
import { TEXTS } from './texts.js';

/** What the pane of an agent is in when it is sent something. */
const STATES = ['live', 'copy', 'suspended', 'typing'] as const;
type State = (typeof STATES)[number];

interface Input {
  readonly text: string;
  readonly state: State;
}

type Outcome = 'whole and once' | 'refused: somebody types';

/** How an agent is reached and started. */
export interface InputAgent {
  readonly name: AgentName;
  readonly mode: string;
  readonly reach: 'alias' | 'path' | 'own file';
  /** Cursor and option that trust its folder. */
  readonly trust?: readonly [string, string];
}

const REACH = { alias: byAlias, path: byPath, 'own file': byOwnFile };

/** One agent gets each text in each state of its pane. */
export function inputCampaign(agent: InputAgent): void {
  const cases = Object.keys(TEXTS).flatMap((text) =>
    STATES.map((state): CampaignCase<Input, Outcome> => ({
      id: `${text}-${state}`,
      input: { text, state },
      expect: state === 'typing' ? 'refused: somebody types' : 'whole and once',
    })),
  );
  const bed = new Bed(agent);
  campaign(`input ${agent.name}`, cases, (input) => bed.run(input), { timeoutMs: 300_000 });
}

/** The agent of all cases; another one after a case that went wrong. */
class Bed {
  readonly #agent: InputAgent;
  #desk: Promise<Desk> | undefined;
  #id = '';
  #end: (() => unknown)[] = [];
  #marks = 0;

  constructor(agent: InputAgent) {
    this.#agent = agent;
    after(() => this.#close());
  }

  async run({ text, state }: Input): Promise<Outcome> {
    try {
      const desk = await (this.#desk ??= this.#open());
      const mark = `mark${++this.#marks}`;
      const sent = TEXTS[text]?.(mark) ?? '';
      return state === 'typing' ? await this.#typing(desk, sent, mark) : await this.#arrives(desk, state, sent, mark);
    } catch (error) {
      const screen = await this.#desk?.then((desk) => desk.screen()).catch(() => '');
      await this.#close();
      throw new Error(`${String(error).slice(0, 2000)}\n${screen ?? ''}`, { cause: error });
    }
  }

  async #open(): Promise<Desk> {
    const { name, reach, mode, trust } = this.#agent;
    // It ends with the cases, not with the first of them.
    const t = { after: (end: () => unknown) => void this.#end.push(end) } as unknown as TestContext;
    const desk = await Desk.setUp(t, name, REACH[reach]);
    this.#id = (await desk.start(name, '', mode)).id;
    if (trust) {
      await desk.needs('trust');
      await desk.choose(...trust);
    }
    await desk.becomes('idle');
    return desk;
  }

  async #close(): Promise<void> {
    this.#desk = undefined;
    for (const end of this.#end.splice(0)) await end();
  }

  async #arrives(desk: Desk, state: Exclude<State, 'typing'>, text: string, mark: string): Promise<Outcome> {
    if (state === 'copy') await desk.copyMode();
    if (state === 'suspended') process.kill(await desk.program(), 'SIGSTOP');
    const sent = await desk.home.run(['send', this.#id, '-'], { input: text });
    assert.equal(sent.code, 0, sent.stderr);
    const came = (): string[] => promptsWith(desk, mark);
    await until('it arrives', () => came().length > 0, 120_000);
    await until('it is done with it', async () => (await desk.session()).state === 'idle', 120_000);
    await until('its box is empty', async () => (await desk.draft()) === null, 30_000);
    const [prompt = '', ...more] = came();
    assert.deepEqual(more, [], 'it arrived more than once');
    const [before, ...behind] = bare(prompt).split(bare(pasteable(text)));
    assert.equal(behind.length, 1, `it arrived as ${JSON.stringify(prompt.slice(0, 500))}, ${prompt.length} letters`);
    assert.equal(before, '', 'something stands before it');
    return 'whole and once';
  }

  async #typing(desk: Desk, text: string, mark: string): Promise<Outcome> {
    const { command } = await desk.home.json<{ command: string[] }>('attach', this.#id);
    const terminal = openTerminal({ after: (end: () => unknown) => void this.#end.push(end) } as TestContext, command);
    await until('it is attached', () => terminal.screen.length > 200);
    // A key within the second of being attached cannot be told from that.
    await delay(1100);
    // Who typed some seconds ago types no more.
    const typing = setInterval(() => terminal.write('x'), 500);
    await until('it shows what is typed', async () => (await desk.draft()) !== null);
    const refused = await until('it is refused', async () => {
      const sent = await desk.home.run(['send', this.#id, '-'], { input: text });
      assert.equal(sent.code, 6, sent.stderr);
      return /Somebody types in/u.test(sent.stderr) || undefined;
    }).finally(() => clearInterval(typing));
    assert.ok(refused);
    const isEmpty = async (): Promise<boolean> => {
      terminal.write('\x7f');
      await delay(100);
      return (await desk.draft()) === null;
    };
    await until('its box is empty', isEmpty, 30_000);
    terminal.close();
    assert.deepEqual(promptsWith(desk, mark), []);
    return 'refused: somebody types';
  }
}

/** What the model was asked with that mark, each time that it was. */
function promptsWith(desk: Desk, mark: string): string[] {
  const events = desk.model.events.filter(({ what }) => what.type === 'came');
  return events.map(({ prompt }) => prompt).filter((prompt) => prompt.includes(`do:say(${mark})`));
}

/** Programs wrap and trim what they are told, compose letters, and say of long texts that they were pasted. */
function bare(text: string): string {
  return text
    .normalize()
    .replace(/<\/?pasted_content(?: id="[^"]*")?>/gu, '')
    .replace(/\s+/gu, '');
}
