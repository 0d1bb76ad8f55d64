import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ScreenJudgement } from '../../src/protocol/judgement.js';
import { collectedScreens, recordedScreen as real, recordedScreens, toolOf } from '../helpers/screens.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const catalog = new ToolCatalog('/nonexistent');
const TOOLS = new Set(catalog.all().map(({ id }) => id));

function judge(tool: string, screen: string): ScreenJudgement {
  return ScreenJudgement.parse(judgeScreen(catalog.get(tool), screen, NOW));
}

function judgeReal(name: string): ScreenJudgement {
  return judge(toolOf(name), real(name));
}

const collected = collectedScreens.map((one) => ({
  ...one,
  // A tool that nobody has described is judged like a shell.
  tool: TOOLS.has(one.tool) ? one.tool : 'shell',
}));

/** Trust in a folder is for its owner to give, whatever the collected answer says. */
const PERSONS = new Set(['cm-trust-folder']);

test('a dialog of opencode is one also where the terminal is too narrow for its hints', () => {
  for (const name of ['03-approval-bash', '04-approval-create-file', '05-approval-edit-file']) {
    const lines = real(`opencode/${name}.txt`).split('\n');
    for (const columns of [64, 72, 80, 86]) {
      const narrow = (line: string): string => line.replace(/(?<=Reject) +/, '  ').slice(0, columns);
      const cut = lines.map((line) => (/Allow once +Allow always/.test(line) ? narrow(line) : line)).join('\n');
      const { kind, options } = judge('opencode', cut);
      const labels = options.map(({ label }) => label);
      assert.deepEqual([kind, labels], ['permission', ['Allow once', 'Allow always', 'Reject']], `${name} ${columns}`);
    }
  }
});

test('every collected screen that must get no key gets none, and every request is recognised', async (t) => {
  const asked = collected.filter(({ expect }) => 'confirm' in expect);
  assert.ok(asked.length >= 40);
  for (const { id, tool, screen, expect } of asked) {
    await t.test(id, () => {
      const seen = judge(tool, screen);
      if (expect.confirm === null) {
        assert.equal(seen.wouldSend, null);
        assert.notEqual(seen.kind, 'permission');
        return;
      }
      assert.equal(seen.state, 'waiting');
      assert.ok(seen.options.length > 0);
      if (PERSONS.has(id)) assert.equal(seen.kind, 'trust');
      else assert.ok(seen.wouldSend);
    });
  }
});

test('every collected startup dialog is named', async (t) => {
  for (const { id, tool, screen } of collected.filter(({ expect }) => (expect.boot_confirm ?? null) !== null)) {
    await t.test(id, () => {
      const seen = judge(tool, screen);
      assert.equal(seen.state, 'waiting');
      assert.notEqual(seen.startup, null);
      assert.equal(seen.wouldSend, null);
    });
  }
});

const ACTIONS: Readonly<Record<string, string>> = {
  bash: 'shell',
  create_file: 'create',
  edit_file: 'edit',
  read_file: 'read',
};
/** What a collected word is in the words of a session. */
const PHASES: Readonly<Record<string, string>> = { committing: 'running' };

test('every collected screen tells what else can be read from it', async (t) => {
  for (const { id, tool, screen, expect } of collected) {
    await t.test(id, () => {
      const seen = judge(tool, screen);
      const { parsed, state, completion, ready, busy, residue } = expect;
      if (parsed) {
        assert.equal(seen.request?.action, ACTIONS[parsed.dialog]);
        assert.equal(seen.request?.command ?? seen.request?.path, parsed.target);
        assert.equal(seen.options.length, parsed.options);
      }
      if (state === null) assert.equal(seen.state, 'unknown');
      else if (state !== undefined) assert.equal(seen.phase, PHASES[state] ?? state);
      if (completion !== undefined) assert.equal(seen.state === 'idle', completion === 'completed');
      if (ready !== undefined) assert.equal(seen.state === 'idle', ready);
      if (busy !== undefined) assert.equal(seen.state === 'working', busy);
      if (residue) assert.equal(seen.draft, residue.char.repeat(residue.count));
    });
  }
});

/** What each recorded screen of a real agent shows; whatever is not named here is idle. */
const REAL: Readonly<Record<string, readonly string[]>> = {
  working: [
    'claude/04-working-auto',
    'claude/07-working',
    'claude/20-error-401-during',
    'claude/20-error-401-later',
    'claude/20-error-429-during',
    'claude/20-error-429-later',
    'claude/20-error-500-during',
    'claude/20-error-500-later',
    'claude/54-hang-20s',
    'claude/55-drop',
    'claude-2.1.197/03-working',
    'codex/03-working',
    'codex/2x-error-500-during',
    'codex/54-hang-20s',
    'gemini/03-working',
    'gemini/12-error-429',
    'gemini/12-error-500',
    'opencode/02-working',
    'opencode/08-esc-once',
    'opencode/12-error-429',
    'opencode/12-error-500',
    'opencode/50-auto',
    'copilot/05-working',
    'copilot/06-working-interrupt',
  ],
  permission: [
    'claude/08-approval-bash',
    'claude/09-approval-create-file',
    'claude/10-approval-edit-file',
    'claude/40-narrow-60x20-approval',
    'claude-2.1.197/04-approval-bash',
    'claude-2.1.197/05-approval-create',
    'claude-2.1.197/06-approval-edit',
    'codex/05-approval-bash',
    'codex/12-approval-create-file',
    'codex/13-approval-edit-file',
    'codex/64-approval-bash-0.171',
    'copilot/03-approval-bash',
    'copilot/04-approval-create-file',
    'copilot/11-approval-cursor-on-no',
    'copilot/14-approval-bash-80x24',
    'copilot/15-approval-60x20',
    'copilot/16-create-60x20',
    'gemini/04-approval-bash',
    'gemini/05-approval-create-file',
    'gemini/06-approval-edit-file',
    'gemini/61-approval-bash-redirection',
    'opencode/03-approval-bash',
    'opencode/04-approval-create-file',
    'opencode/05-approval-edit-file',
    'opencode/51-approval-80x24',
    'opencode/52-approval-80x24',
    'opencode/53-approval-60x20',
  ],
  question: [
    'claude/15-ask-question',
    'gemini/10-question',
    'opencode/10-question',
    'copilot/08-question',
    'copilot/12-question-own-80x24',
    'copilot/17-form-60x20',
  ],
  /** They have no input box, are over, or a person has opened something over it. */
  unknown: [
    'claude/00-onboarding-theme',
    'claude/30-trust-enter-default-EXITS',
    'claude/50-yolo-as-root',
    'codex/02b-warning',
    'codex/15-warning',
    'codex/16-hooks-screen',
    'codex/26-ctrl-c',
  ],
};

test('every recorded screen of a real agent is judged as what it is', async (t) => {
  const words = new Map(Object.entries(REAL).flatMap(([word, names]) => names.map((name) => [`${name}.txt`, word])));
  for (const name of recordedScreens) {
    await t.test(name, () => {
      const seen = judgeReal(name);
      // Startup dialogs are held by the tests of the start.
      if (seen.startup !== null) assert.equal(words.get(name), undefined);
      else assert.equal(seen.state === 'waiting' ? seen.kind : seen.state, words.get(name) ?? 'idle');
    });
  }
  for (const name of words.keys()) assert.doesNotThrow(() => real(name));
});

test('what a request asks is read from the real dialogs', () => {
  const asked = (name: string): readonly unknown[] => {
    const { request } = judgeReal(name);
    return [request?.action, request?.command ?? request?.path, request?.question, request?.text];
  };
  const proceed = 'Do you want to proceed?';
  assert.deepEqual(asked('claude/08-approval-bash.txt'), ['shell', 'touch b.txt', proceed, 'touch b.txt']);
  assert.deepEqual(asked('claude-2.1.197/04-approval-bash.txt'), ['shell', 'touch b.txt', proceed, 'touch b.txt']);
  const long = 'touch nar.txt && echo this is quite a long command line that must wrap';
  assert.deepEqual(asked('claude/40-narrow-60x20-approval.txt'), ['shell', long, proceed, long]);
  assert.deepEqual(asked('claude/09-approval-create-file.txt').slice(0, 2), ['create', 'new.txt']);
  assert.deepEqual(asked('claude/10-approval-edit-file.txt').slice(0, 2), ['edit', 'README.md']);
  assert.deepEqual(asked('claude/15-ask-question.txt')[2], 'Which colour?');
  const run = 'touch /home/dev/notes/esc.txt && echo done';
  assert.deepEqual(asked('codex/05-approval-bash.txt').slice(0, 2), ['shell', run]);
  assert.deepEqual(asked('codex/13-approval-edit-file.txt').slice(0, 2), [
    'edit',
    '/home/dev/project/codex2/README.md',
  ]);
  assert.deepEqual(asked('gemini/04-approval-bash.txt').slice(0, 2), ['shell', 'touch b.txt']);
  assert.deepEqual(asked('gemini/05-approval-create-file.txt').slice(0, 2), ['create', 'new.txt']);
  assert.deepEqual(asked('gemini/06-approval-edit-file.txt').slice(0, 2), ['edit', 'README.md']);
  assert.deepEqual(asked('gemini/10-question.txt')[2], 'Which colour');
  assert.deepEqual(asked('opencode/03-approval-bash.txt').slice(0, 2), ['shell', 'touch b.txt']);
  assert.deepEqual(asked('opencode/05-approval-edit-file.txt').slice(0, 2), ['edit', 'README.md']);
  assert.deepEqual(asked('opencode/10-question.txt')[2], 'Which colour?');
});

test('options have the keys of their texts, never of their places', () => {
  const keys = (name: string): Record<string, string> =>
    Object.fromEntries(
      judgeReal(name).options.map(({ label, keys, role }) => [
        label.slice(0, 24),
        `${role ?? '-'} ${keys?.join(' ') ?? '-'}`,
      ]),
    );
  assert.deepEqual(keys('claude/08-approval-bash.txt'), {
    Yes: 'allow 1',
    'Yes, and always allow ac': 'always 2',
    'Yes, and switch to auto ': 'mode 3',
    No: 'deny 4',
  });
  assert.deepEqual(keys('claude-2.1.197/04-approval-bash.txt'), {
    Yes: 'allow 1',
    'Yes, and always allow ac': 'always 2',
    No: 'deny 3',
  });
  assert.deepEqual(keys('claude/01-first.txt'), {
    'No, exit': 'deny Enter',
    'Yes, I trust this folder': 'allow Down Enter',
  });
  assert.deepEqual(keys('claude-2.1.197/01-trust.txt'), {
    'Yes, I trust this folder': 'allow 1',
    'No, exit': 'deny 2',
  });
  assert.deepEqual(keys('codex/05-approval-bash.txt'), {
    'Yes, proceed (y)': 'allow y',
    "Yes, and don't ask again": 'always p',
    'No, and tell Codex what ': 'deny Escape',
  });
  assert.deepEqual(keys('gemini/05-approval-create-file.txt'), {
    'Allow once': 'allow 1',
    'Allow for this session': 'always 2',
    'Modify with external edi': '- 3',
    'No, suggest changes (esc': 'deny Escape',
  });
  // Which one is chosen is told by colours only.
  assert.deepEqual(keys('opencode/03-approval-bash.txt'), {
    'Allow once': 'allow -',
    'Allow always': 'always -',
    Reject: 'deny -',
  });
  assert.deepEqual(judgeReal('claude/15-ask-question.txt').options[1], {
    label: 'Blue',
    number: 2,
    keys: ['2'],
    role: null,
    selected: false,
    detail: 'the cold one',
  });
});

/** Where what an agent prints ends: above the input box and what is drawn around it. */
function answerEnd(lines: readonly string[]): number {
  const opencode = lines.findLastIndex((line) => /^ {2}┃ {2}Build/u.test(line));
  if (opencode >= 0) return lines.findLastIndex((line, index) => index < opencode && !/^ {2}┃/u.test(line)) + 1;
  const gemini = lines.findLastIndex((line) => line.includes('Type your message or @path'));
  if (gemini >= 0) return lines.findLastIndex((line, index) => index < gemini && line.startsWith('────')) - 1;
  const prompt = lines.findLastIndex((line) => /^[❯›]/u.test(line));
  return lines[prompt - 1]?.startsWith('────') === true ? prompt - 1 : prompt;
}

test('a perfect imitation of a dialog in what an agent prints is no dialog', async (t) => {
  const below: Readonly<Record<string, readonly string[]>> = {
    claude: ['claude/11-final-idle.txt', 'claude/07-working.txt'],
    'claude-2.1.197': ['claude-2.1.197/07-final.txt', 'claude-2.1.197/03-working.txt'],
    codex: ['codex/04-after.txt', 'codex/03-working.txt'],
    gemini: ['gemini/07-final-idle.txt', 'gemini/03-working.txt'],
    opencode: ['opencode/06-final-idle.txt', 'opencode/02-working.txt'],
  };
  const dialogs = [
    ...(REAL['permission'] ?? []),
    ...(REAL['question'] ?? []),
    'claude/01-first',
    'codex/01-trust-prompt',
  ];
  for (const dialog of dialogs) {
    for (const name of below[dialog.replace(/\/.*/u, '')] ?? []) {
      await t.test(`${dialog} in ${name}`, () => {
        const alone = judgeReal(name);
        const lines = real(name).trimEnd().split('\n');
        const printed = real(`${dialog}.txt`).trimEnd().split('\n').slice(-24);
        const box = answerEnd(lines);
        for (const indent of ['', '  ']) {
          const screen = [...lines.slice(0, box), ...printed.map((line) => indent + line), '', ...lines.slice(box)];
          const seen = judgeScreen(catalog.get(toolOf(dialog)), screen.join('\n'), NOW);
          assert.equal(seen.wouldSend, null);
          assert.equal(seen.state === 'waiting', false, JSON.stringify(seen));
          if (alone.state === 'idle') assert.equal(seen.state, 'idle');
        }
      });
    }
  }
});

test('a dialog that has been answered and stands further up is none', () => {
  for (const name of ['claude/08-approval-bash.txt', 'codex/05-approval-bash.txt', 'gemini/04-approval-bash.txt']) {
    const seen = judge(toolOf(name), `${real(name).trimEnd()}\n\n● Bash(df -h)\n  ok\n`);
    assert.equal(seen.wouldSend, null);
    assert.notEqual(seen.state, 'waiting');
  }
});

test('a question whose answers are yes and no is no permission', () => {
  const screen = real('claude/15-ask-question.txt').replace('Red', 'Yes').replace('Blue', 'No');
  const seen = judge('claude', screen);
  assert.deepEqual([seen.kind, seen.wouldSend], ['question', null]);
});

test('a plan is a plan, and nothing sends a yes to it', () => {
  const seen = judge(
    'claude',
    "────────────\n Ready to code?\n\n Here is Claude's plan:\n╌╌╌╌\n 1. Do it\n╌╌╌╌\n\n Would you like to proceed?\n\n ❯ 1. Yes, and auto-accept edits\n   2. Yes, and manually approve edits\n   3. No, keep planning\n\n ctrl-g to edit in VS Code\n",
  );
  assert.deepEqual([seen.state, seen.kind, seen.wouldSend], ['waiting', 'plan', null]);
  assert.deepEqual(
    seen.options.map(({ role }) => role),
    ['mode', 'allow', 'deny'],
  );
});

test('the requests of tools that are known by their words only are read', () => {
  const cursor = judge(
    'cursor-agent',
    ' $ npm test in ~/p\n\n Run this command?\n  → Run (once) (y)\n    Run (always)\n    Skip (esc or n)\n',
  );
  assert.deepEqual([cursor.kind, cursor.request?.command, cursor.wouldSend], ['permission', 'npm test', ['y']]);
  const copilot = judge(
    'copilot',
    '╭─────╮\n│ List files │\n│ ╭────╮ │\n│ │ $ ls -la │ │\n│ ╰────╯ │\n│ Do you want to run this command? │\n│ │\n│ ❯ 1. Yes │\n│   2. Yes, and approve `ls` for the rest of the running session │\n│   3. No, and tell Copilot what to do differently (Esc) │\n│ │\n│ Confirm with number keys or ↑↓ keys and Enter, Cancel with Esc │\n╰─────╯\n',
  );
  assert.deepEqual([copilot.kind, copilot.request?.command, copilot.wouldSend], ['permission', 'ls -la', ['1']]);
  const aider = judge('aider', "python3 hello.py\n\nRun shell command? (Y)es/(N)o/(D)on't ask again [Yes]: ");
  assert.deepEqual([aider.kind, aider.request?.action, aider.wouldSend], ['permission', 'shell', ['y', 'Enter']]);
  assert.equal(judge('aider', 'Applied edit to a.py\n\ncode> ').state, 'idle');
});

test('phases are read from what is done at the moment', () => {
  const at = (line: string): string | null =>
    judge('claude', `❯ go\n\n${line}\n\n✻ Twisting… (3s)\n\n────\n❯ \n────\n  ⏸ manual mode on · esc to interrupt\n`)
      .phase;
  assert.equal(at('● Bash(npm test)'), 'testing');
  assert.equal(at('● Bash(ls -la)\n  ⎿  Running…'), 'running');
  assert.equal(at('● Update(README.md)'), 'editing');
  assert.equal(at('● I will bash now.'), null);
  assert.equal(at('● Bash(npm test)\n  ⎿  12 passed'), null);
});

test('a usage limit is limited, until the time that the tool names', () => {
  const screen = (line: string): string => `❯ go\n\n${line}\n\n────\n❯ \n────\n  ? for shortcuts\n`;
  const seen = judge('claude', screen("  ⎿  You've hit your session limit · resets 3pm (Europe/Berlin)"));
  assert.deepEqual([seen.state, seen.limitedUntil], ['limited', '2026-11-22T14:00:00.000Z']);
  assert.equal(judge('claude', screen('● Their text says: you have hit your session limit')).state, 'idle');
  const codex = judge(
    'codex',
    "› go\n\n■ You've hit your usage limit. Upgrade to Pro or try again in 2 hours 5 minutes.\n\n› Ask Codex to do anything\n\n  gpt · /srv\n",
  );
  assert.deepEqual([codex.state, codex.limitedUntil], ['limited', '2026-11-22T14:05:00.000Z']);
});

test("no limit is read from the words of an agent, the output of its commands or a person's prompt", () => {
  const words = [
    "You've hit your weekly limit · resets in 40 days",
    "You've hit your usage limit. Try again in 3 hours.",
    'Claude usage limit reached|1795352400',
    '[API Error: You have exhausted your daily quota. It will reset after 5h]',
    'You have exceeded your monthly premium request quota',
    'Usage limit reached, reset at 9pm',
  ];
  // Marks and frames with which tools draw their own lines, at the columns where their agents' words stand.
  const marks = ['', '⎿  ', '■ ', '✕ ', 'ℹ ', '⚡ ', '✗ ', '│✕ ', '│ ✕ ', '│■ ', '┃■ ', '│  ⎿  ', '● ', '✻ '];
  const frame: Readonly<Record<string, (lines: readonly string[]) => string>> = {
    claude: (lines) => `❯ go\n\n${lines.join('\n')}\n\n────\n❯ \n────\n  ? for shortcuts\n`,
    codex: (lines) => `› go\n\n${lines.join('\n')}\n\n› Ask Codex to do anything\n\n  gpt · /srv\n`,
    gemini: (lines) =>
      ` > go\n▀▀▀▀\n${lines.join('\n')}\n▄▄▄▄\n >   Type your message or @path/to/file\n▀▀▀▀\n workspace (/directory)\n /srv  no sandbox  Auto\n`,
    copilot: (lines) => ` ❯ go\n${lines.join('\n')}\n────\n❯ \n────\n / commands\n`,
    'cursor-agent': (lines) => `${lines.join('\n')}\n → Add a follow-up\n`,
  };
  const answer: Readonly<Record<string, readonly [string, string]>> = {
    claude: ['● ', '  '],
    codex: ['• ', '  '],
    gemini: ['✦ ', '  '],
    copilot: [' ● ', '   '],
    'cursor-agent': ['  ', '  '],
  };
  for (const [tool, draw] of Object.entries(frame)) {
    const [first, next] = answer[tool] ?? ['', ''];
    for (const said of words) {
      for (const mark of marks) {
        const drawn = [
          [`${first}${mark}${said}`],
          [`${first}It says:`, '', `${next}${mark}${said}`],
          [`${first}Bash(cat a)`, `${next}⎿  ${mark}${said}`, '', `${next}${mark}${said}`],
        ];
        for (const lines of drawn) {
          const { state, limitedUntil } = judge(tool, draw(lines));
          assert.deepEqual([state === 'limited', limitedUntil], [false, null], `${tool}\n${lines.join('\n')}`);
        }
      }
    }
  }
});

test('what a tool itself says of its limits counts, and not what is over', () => {
  const gemini = (line: string): ReturnType<typeof judge> =>
    judge(
      'gemini',
      ` > go\n▀▀▀▀\n${line}\n▄▄▄▄\n >   Type your message or @path/to/file\n▀▀▀▀\n workspace (/directory)\n /srv  no sandbox  Auto\n`,
    );
  assert.equal(gemini('✕ [API Error: You have exhausted your daily quota. It will reset after 5h]').state, 'limited');
  const claude = (line: string): ReturnType<typeof judge> =>
    judge('claude', `❯ go\n  ⎿  ${line}\n     /upgrade\n\n────\n❯ \n────\n  ? for shortcuts\n`);
  assert.equal(
    claude("You've hit your weekly limit · resets Jan 4 at 9am (UTC)").limitedUntil,
    '2027-01-04T09:00:00.000Z',
  );
  assert.equal(claude('5-hour limit reached ∙ resets 3pm (UTC)').limitedUntil, '2026-11-22T15:00:00.000Z');
  assert.equal(claude('Claude AI usage limit reached|1795352400').limitedUntil, '2026-11-22T13:00:00.000Z');
  assert.equal(claude('Claude usage limit reached').state, 'limited');
  assert.equal(claude('Claude AI usage limit reached|1770843600').state, 'idle');
  assert.equal(claude("You've hit your weekly limit · resets Nov 20 at 9am (UTC)").state, 'idle');
});

test("a file of a person's own adds to the rules of a tool and makes rules for another", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-tools-'));
  try {
    const rockets = {
      kind: 'permission',
      all: ['Please confirm: launch the rockets\\?'],
      end: '\\(y/n\\)$',
      options: { layout: 'fixed', choices: [{ label: 'Yes', keys: ['y', 'Enter'] }] },
    };
    const own = {
      name: 'Own',
      command: ['own'],
      screen: { dialogs: { rockets }, idle: ['^Done$', '^ready>', 'DONE in \\d+s'] },
    };
    await writeFile(join(folder, 'own.json'), JSON.stringify(own));
    await writeFile(join(folder, 'claude.json'), JSON.stringify({ screen: { dialogs: { rockets } } }));
    const tools = new ToolCatalog(folder);
    await tools.reload();
    assert.deepEqual(tools.problems, []);
    const asks = 'Working on the build...\nPlease confirm: launch the rockets?\n(y/n)\n';
    for (const id of ['own', 'claude']) {
      assert.deepEqual(judgeScreen(tools.get(id), asks, NOW).wouldSend, ['y', 'Enter']);
      assert.equal(judgeScreen(tools.get(id), `${asks}y\nlaunched\n`, NOW).wouldSend, null);
    }
    assert.deepEqual(judgeScreen(tools.get('claude'), '❯ 1. Yes  2. No', NOW).wouldSend, ['1']);
    for (const done of [
      `${'x'.repeat(50)}\n\u001b[32mDone\u001b[0m`,
      '\u001b[1mready>\u001b[0m',
      '> hello\nDONE in 5s',
    ]) {
      assert.equal(judgeScreen(tools.get('own'), done, NOW).state, 'idle');
    }
    assert.equal(judgeScreen(tools.get('own'), 'some random output with nothing matching', NOW).state, 'unknown');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a tool without rules is judged by nothing on its screen', () => {
  for (const screen of ['Done!', 'Error: boom', 'Do you want to continue? (y/n)\n', '❯ 1. Yes\n  2. No\n']) {
    const seen = judge('shell', screen);
    assert.deepEqual([seen.state, seen.rule, seen.wouldSend], ['unknown', null, null]);
  }
});

test('texts of a screen are harmless', () => {
  const seen = judge(
    'claude',
    real('claude/08-approval-bash.txt').replace('touch b.txt', 'echo \u001b]0;x\u0007\u202eok'),
  );
  assert.ok(!/[\u0000-\u0008\u001b\u202e]/u.test(JSON.stringify(seen.request)));
});

test('what stands half-typed in the input box of opencode is read, with several lines, and beside something else', () => {
  const tool = catalog.get('opencode');
  const box = (...rows: string[]): string =>
    [
      '     ▣  Build · Mock Model · 44.2s',
      '',
      ...['', ...rows, '', 'Build · Mock Model Mock'].map((row) => `  ┃  ${row}`.trimEnd()),
      `  ╹${'▀'.repeat(60)}`,
      '   /home/dev/project/oc1                1.2K (1%)  ctrl+p commands',
    ].join('\n');
  const rows: readonly (readonly [string, string | null])[] = [
    [box(''), null],
    [box('Ask anything… "Fix a TODO in the codebase"'), null],
    [box('half'), 'half'],
    [box('one', 'two'), 'one\ntwo'],
    [box(`half${' '.repeat(60)}Context`), 'half'],
  ];
  for (const [screen, draft] of rows) assert.equal(judgeScreen(tool, screen, 0).draft, draft, screen);
});

test('what went wrong is told whole, without what stands below it', () => {
  const judge = (tool: string, rows: readonly string[]): string | null =>
    judgeScreen(catalog.get(tool), rows.join('\n'), 0, 80).error;
  const rule = '─'.repeat(80);
  const claude = [rule, '❯ ', rule, '  ? for shortcuts'];
  for (const below of [[], [`${' '.repeat(60)}◐ medium · /effort`], ['', `${' '.repeat(60)}◐ medium · /effort`]]) {
    const rows = ['❯ go', '', '● API Error: 500 broken. If it', '  persists, ask.', ...below, ...claude];
    assert.equal(judge('claude', rows), 'API Error: 500 broken. If it persists, ask.');
  }
  const copilot = ['─'.repeat(80), '❯', '─'.repeat(80), ' / commands · ? help'];
  const failed = ' ✗ Authentication failed with provider at x (HTTP 401).';
  for (const folder of [' /home/ada/project', ' /home/ada/project [⎇ main]']) {
    const told = judge('copilot', [' ❯ go', '', failed, '     Check your key.', '', folder, ...copilot]);
    assert.equal(told, 'Authentication failed with provider at x (HTTP 401). Check your key.', folder);
  }
});

test("Copilot's form, denials and errors are read at either width, and Esc denies", () => {
  const form = judgeReal('copilot/12-question-own-80x24.txt');
  assert.deepEqual([form.request?.question, form.draft], ['Which colour?', null]);
  const labels = form.options.map(({ label }) => label);
  assert.deepEqual(
    labels,
    judgeReal('copilot/08-question.txt').options.map(({ label }) => label),
  );
  const denied = judgeReal('copilot/09-denied.txt');
  assert.deepEqual([denied.state, denied.interrupted], ['idle', true]);
  for (const name of ['10-error-401', '13-error-401-80x24']) {
    assert.match(judgeReal(`copilot/${name}.txt`).error ?? '', /\(HTTP 401\)/u, name);
  }
  const narrow = judgeReal('copilot/14-approval-bash-80x24.txt');
  assert.deepEqual(
    [narrow.request?.command, ...narrow.options.map(({ label, role }) => `${role}: ${label}`)],
    [
      'touch plain-80-5',
      'allow: Yes',
      "always: Yes, and don't ask again for `touch` in this repo (/home/ada/sample-sources/project)",
      'deny: No, and tell Copilot what to do differently (Esc to stop)',
    ],
  );
  const [deny] = judgeReal('copilot/11-approval-cursor-on-no.txt').options.filter(({ role }) => role === 'deny');
  assert.deepEqual(deny?.keys, ['Escape']);
});

test('what is asked is read at 60 columns too', () => {
  const { path, exact } = judgeReal('copilot/16-create-60x20.txt').request ?? {};
  assert.equal(path?.replace(/\s/gu, ''), '/home/user/work/folder-one/project/new.txt');
  assert.equal(exact, null);
  assert.equal(
    judgeReal('copilot/17-form-60x20.txt').request?.question,
    'Which of the many colours that there are in the world do you like best of all?',
  );
  const { request, options } = judgeReal('opencode/53-approval-60x20.txt');
  assert.equal(request?.command, 'mktemp -q rule-1-XXXXXX');
  assert.deepEqual(
    options.map(({ label }) => label),
    ['Allow once', 'Allow always', 'Reject'],
  );
});

test('an option of Copilot that takes several rows is one, and goes on below its number', () => {
  for (const [name, command] of [['15-approval-60x20', 'mktemp -q rule-1-XXXXXX']] as const) {
    const { request, options } = judgeReal(`copilot/${name}.txt`);
    assert.deepEqual([request?.action, request?.command], ['shell', command], name);
    assert.deepEqual(
      options.map(({ label, role }) => [label, role]),
      [
        ['Yes', 'allow'],
        ["Yes, and don't ask again for `mktemp` in this repo (/home/user/work/folder01/project)", 'always'],
        ['No, and tell Copilot what to do differently (Esc to stop)', 'deny'],
      ],
      name,
    );
  }
});

test("what stands in Codex's box is read where its footer takes several rows, and nothing that is printed is a box", () => {
  const idle = judgeReal('codex/65-idle-60x20.txt');
  assert.deepEqual([idle.state, idle.draft], ['idle', null]);
  const typed = judgeReal('codex/66-typed-60x20.txt');
  assert.deepEqual([typed.state, typed.draft], ['idle', 'half']);
  const printed = real('codex/65-idle-60x20.txt').replace(/\n\s*$/u, '\n  a row of words\n\n  and one more\n');
  assert.equal(judge('codex', printed).state, 'unknown');
});
