import assert from 'node:assert/strict';
import test from 'node:test';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { launchArguments, MAX_ARGUMENT_TASK_BYTES, type LaunchOptions } from '../../src/core/tools/launch.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { Tool } from '../../src/protocol/tool.js';

const catalog = new ToolCatalog('/nonexistent');
const plain = { task: '', mode: null, model: null, args: [] };

function launch(id: string, options: Partial<LaunchOptions>): { argv: readonly string[]; typedTask: string | null } {
  return launchArguments(catalog.get(id), { ...plain, program: [`/bin/${id}`], ...options });
}

const AWKWARD = '-x "quoted" \'single\' $(touch no) `no` {task} $& %s\nsecond line\ttab \u{1f600}';

const TABLE: readonly {
  readonly what: string;
  readonly tool: string;
  readonly options: Partial<LaunchOptions>;
  readonly argv: readonly string[];
}[] = [
  { what: 'no task adds no task arguments', tool: 'claude', options: {}, argv: ['/bin/claude'] },
  {
    what: 'claude takes it after --',
    tool: 'claude',
    options: { task: 'fix it' },
    argv: ['/bin/claude', '--', 'fix it'],
  },
  {
    what: 'mode, model and extra arguments come before the task',
    tool: 'claude',
    options: { task: 'fix it', mode: 'acceptEdits', model: 'opus', args: ['--add-dir', '/a', '/b'] },
    argv: [
      ...['/bin/claude', '--permission-mode', 'acceptEdits', '--model', 'opus'],
      ...['--add-dir', '/a', '/b', '--', 'fix it'],
    ],
  },
  {
    what: 'an awkward task is one argument, unchanged',
    tool: 'claude',
    options: { task: AWKWARD },
    argv: ['/bin/claude', '--', AWKWARD],
  },
  {
    what: 'fixed arguments of the program stay in front',
    tool: 'codex',
    options: { program: ['/bin/codex', '--no-daemon'], task: 't', mode: 'never-ask' },
    argv: ['/bin/codex', '--no-daemon', '-s', 'workspace-write', '-a', 'never', '--', 't'],
  },
  {
    what: 'opencode takes it in one word with its option',
    tool: 'opencode',
    options: { task: AWKWARD },
    argv: ['/bin/opencode', `--prompt=${AWKWARD}`],
  },
  {
    what: "a person's own -- does not come twice",
    tool: 'claude',
    options: { task: 't', args: ['--verbose', '--', 'rest'] },
    argv: ['/bin/claude', '--verbose', '--', 't', 'rest'],
  },
  {
    what: "a person's own -- does not turn the task's option into text",
    tool: 'opencode',
    options: { task: 't', args: ['--pure', '--', 'folder'] },
    argv: ['/bin/opencode', '--pure', '--prompt=t', '--', 'folder'],
  },
  {
    what: 'a command runs in a shell',
    tool: 'shell',
    options: { program: ['/bin/sh'], task: 'echo "$HOME"; exit 3' },
    argv: ['/bin/sh', '-c', '--', 'echo "$HOME"; exit 3'],
  },
  {
    what: 'extra arguments of a command are its positional ones',
    tool: 'shell',
    options: { program: ['/bin/sh'], task: 'echo "$1"', args: ['a b'] },
    argv: ['/bin/sh', '-c', '--', 'echo "$1"', 'sh', 'a b'],
  },
  { what: 'no command is a shell', tool: 'shell', options: { program: ['/bin/sh'] }, argv: ['/bin/sh'] },
];

test('a tool is launched with the right arguments', async (t) => {
  for (const { what, tool, options, argv } of TABLE) {
    await t.test(what, () => {
      assert.deepEqual(launch(tool, options), { argv, typedTask: null });
    });
  }
});

test('every mode of every tool has arguments, and all are different', () => {
  for (const tool of catalog.all()) {
    const seen = new Set<string>();
    for (const mode of tool.modes) {
      const { argv } = launch(tool.id, { mode: mode.id });
      assert.ok(argv.length > 1);
      seen.add(argv.join(' '));
    }
    assert.equal(seen.size, tool.modes.length);
  }
});

test('the task of Gemini is typed, since an argument would run before the folder is trusted', () => {
  assert.deepEqual(launch('gemini', { task: 't', args: ['-d'] }), { argv: ['/bin/gemini', '-d'], typedTask: 't' });
});

test('a task that is too long for an argument is typed', () => {
  const fits = 'é'.repeat(MAX_ARGUMENT_TASK_BYTES / 2);
  assert.deepEqual(launch('claude', { task: fits }), { argv: ['/bin/claude', '--', fits], typedTask: null });
  assert.deepEqual(launch('claude', { task: `${fits}.` }), { argv: ['/bin/claude'], typedTask: `${fits}.` });
});

function failure(run: () => unknown): CodeManagerError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof CodeManagerError);
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('a command that is too long is refused, since it cannot be typed', () => {
  const error = failure(() => launch('shell', { task: '#'.repeat(MAX_ARGUMENT_TASK_BYTES + 1) }));
  assert.equal(error.code, 'invalid');
  assert.match(error.message, /96 KB/);
});

test('an unknown mode is refused with those that there are', () => {
  const error = failure(() => launch('gemini', { mode: 'yol' }));
  assert.equal(error.code, 'invalid');
  assert.equal(error.message, 'Gemini CLI has no permission mode "yol"');
  assert.equal(error.hint, 'It has default, auto_edit, plan, yolo.');
  assert.equal(failure(() => launch('shell', { mode: 'x' })).hint, 'It has none to choose from.');
});

test('a model for a tool that takes none is refused', () => {
  assert.equal(failure(() => launch('shell', { model: 'x' })).code, 'invalid');
});

test('the schema gives a command its shell arguments', () => {
  const tool = Tool.parse({ id: 'x', name: 'X', command: ['bash'], task: { delivery: 'command' } });
  assert.deepEqual(tool.task, { delivery: 'command', args: ['-c', '--', '{task}'] });
});
