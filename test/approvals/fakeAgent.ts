import { readFileSync } from 'node:fs';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import type { SeenScreen } from '../../src/core/live/screens.js';
import { InputBox, submit } from '../../src/core/live/textInput.js';
import type { ScreenJudgement } from '../../src/protocol/judgement.js';
import { Tool } from '../../src/protocol/tool.js';

export const CLAUDE = toolOf('claude');
export const OPENCODE = toolOf('opencode');

export function toolOf(id: string): Tool {
  return Tool.parse(JSON.parse(readFileSync(`src/core/tools/${id}.json`, 'utf8')));
}

const RULE = '─'.repeat(60);

/** A dialog as Claude Code draws it. */
export interface Dialog {
  readonly command: string;
  readonly options: readonly string[];
  readonly selected: number;
  /** `1. ` before each option. */
  readonly isNumbered?: boolean;
}

export const SHELL: Dialog = {
  command: 'touch b.txt',
  options: ['Yes', 'Yes, and always allow access to project/ from this project', 'No'],
  selected: 0,
};

export function draw({ command, options, selected, isNumbered = true }: Dialog): string {
  const lines = options.map((label, i) => ` ${i === selected ? '❯' : ' '} ${isNumbered ? `${i + 1}. ` : ''}${label}`);
  const head = [RULE, ' Bash command', '', `   ${command}`, '   Run it', '', ' Do you want to proceed?'];
  return [...head, ...lines, '', ' Esc to cancel · Tab to amend'].join('\n');
}

export function box(draft = ''): string {
  return ['● All done', '', RULE, `❯ ${draft}`, RULE, '  ? for shortcuts'].join('\n');
}

export const WORKING = ['● I will bash now.', '', '✻ Brewing… (3s · esc to interrupt)', '', box(), ''].join('\n');

/** A terminal with an agent in it that does what a test says. */
export class FakeAgent {
  readonly #tool: Tool;
  readonly keys: string[] = [];
  readonly texts: string[] = [];
  readonly looks: string[] = [];
  screen: string;
  /** Called before each look with how many there were. */
  onLook: (count: number) => void = () => undefined;
  onKey: (key: string) => void = () => undefined;
  onText: (text: string) => void = () => undefined;

  constructor(screen: string, tool: Tool = CLAUDE) {
    this.screen = screen;
    this.#tool = tool;
  }

  readonly look = (): Promise<SeenScreen> => {
    this.onLook(this.looks.length);
    this.looks.push(this.screen);
    return Promise.resolve({ ...this.judged(), screen: this.screen });
  };

  judged(): ScreenJudgement {
    return judgeScreen(this.#tool, this.screen, 0);
  }

  readonly typist = {
    keys: (keys: readonly string[]): Promise<void> => {
      for (const key of keys) {
        this.keys.push(key);
        this.onKey(key);
      }
      return Promise.resolve();
    },
    text: (text: string, enter = false): Promise<void> => {
      this.texts.push(text);
      this.onText(text);
      if (enter) this.onKey('Enter');
      return Promise.resolve();
    },
    /** Submitted as the product submits what it types into an input box. */
    prompt: async (text: string): Promise<void> => {
      const box = await InputBox.watch(() => this.look(), text);
      await this.typist.text(text);
      const press = (): Promise<void> => Promise.resolve(this.onKey('Enter'));
      if (!(await submit(text, press, box))) throw new Error('It stands in its input box');
    },
  };

  /** A dialog that hears the arrows and Enter, and the numbers when it has some. */
  asks(dialog: Dialog, onChosen: (label: string) => void): void {
    let now = dialog;
    this.screen = draw(now);
    const choose = (label: string): void => {
      this.screen = WORKING;
      this.onKey = () => undefined;
      onChosen(label);
    };
    this.onKey = (key) => {
      if (key === 'Enter') return choose(now.options[now.selected] ?? '');
      if (now.isNumbered !== false && /^\d$/.test(key)) return choose(now.options[Number(key) - 1] ?? '');
      const by = key === 'Down' ? 1 : key === 'Up' ? -1 : 0;
      now = { ...now, selected: Math.min(Math.max(0, now.selected + by), now.options.length - 1) };
      this.screen = draw(now);
    };
  }
}
