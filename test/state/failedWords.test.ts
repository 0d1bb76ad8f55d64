import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { recordedScreen } from '../helpers/screens.js';

// What went wrong in a turn is told by all of the tool's own words, however many rows its terminal needs for them.

const catalog = new ToolCatalog('/nonexistent');

/** How a tool draws it, and what stands below. */
interface Drawn {
  readonly tool: string;
  readonly prompt: string;
  readonly mark: string;
  readonly further: string;
  readonly words: string;
  readonly below: (width: number) => readonly string[];
}

const line = (width: number): string => '─'.repeat(width);
const LONG = 'The service has said that it cannot answer at this moment and for this reason';

const ROWS: readonly Drawn[] = [
  {
    tool: 'claude',
    prompt: '❯ go',
    mark: '● ',
    further: '  ',
    words: 'API Error: 500',
    below: (width) => [line(width), '❯ ', line(width), '  ? for shortcuts'],
  },
  {
    tool: 'copilot',
    prompt: ' ❯ go',
    mark: ' ✗ ',
    further: '   ',
    words: 'Authentication failed with provider at x (HTTP 401).',
    below: (width) => [' /home/ada/project [⎇ main]', line(width), '❯', line(width), ' / commands'],
  },
  {
    tool: 'codex',
    prompt: '› go',
    mark: '■ ',
    further: '',
    words: 'unexpected status 401',
    below: () => ['› Ask Codex to do anything', '', '  GPT-5.5 default · /home/ada/project'],
  },
  {
    tool: 'gemini',
    prompt: ' > go',
    mark: '✕ ',
    further: '  ',
    words: 'API Error: 401',
    below: (width) => ['? for shortcuts'.padStart(width), line(width), ' >   Type your message or @path/to/file'],
  },
];

function wrapped({ mark, further }: Drawn, text: string, width: number): readonly string[] {
  const rows: string[] = [];
  let row = mark;
  for (const word of text.split(' ')) {
    const isFirst = row === mark || row === further;
    if (!isFirst && row.length + word.length + 1 > width) {
      rows.push(row);
      row = further + word;
    } else row += isFirst ? word : ` ${word}`;
  }
  return [...rows, row];
}

for (const drawn of ROWS) {
  test(`${drawn.tool}: what went wrong is one sentence at every width, over any number of rows`, () => {
    let most = 0;
    for (let width = 54; width <= 120; width++) {
      for (const times of [0, 1, 3, 8, 14]) {
        const text = [drawn.words, ...Array.from({ length: times }, () => LONG)].join(' ');
        const rows = wrapped(drawn, text, width);
        most = Math.max(most, rows.length);
        const screen = [drawn.prompt, '', '● earlier words', '', ...rows, '', ...drawn.below(width)].join('\n');
        const { state, error } = judgeScreen(catalog.get(drawn.tool), screen, 0, width);
        assert.deepEqual([state, error], ['idle', text], `${width} columns`);
      }
    }
    assert.ok(most > 20);
  });

  test(`${drawn.tool}: what went wrong far above what it did afterwards is over`, () => {
    const after = Array.from({ length: 14 }, (_, index) => `  step ${index}`);
    const rows = [drawn.prompt, '', ...wrapped(drawn, drawn.words, 60), '', ...after, '', ...drawn.below(60)];
    assert.equal(judgeScreen(catalog.get(drawn.tool), rows.join('\n'), 0, 60).error, null);
  });
}

test('an error of Copilot that takes four rows is told whole', () => {
  const { error } = judgeScreen(catalog.get('copilot'), recordedScreen('copilot/13-error-401-80x24.txt'), 0, 80);
  assert.equal(
    error,
    'Authentication failed with provider at http://127.0.0.1:18977/v1 (HTTP 401). Check your COPILOT_PROVIDER_API_KEY, ' +
      'COPILOT_PROVIDER_API_KEY_COMMAND, or COPILOT_PROVIDER_BEARER_TOKEN.',
  );
});
