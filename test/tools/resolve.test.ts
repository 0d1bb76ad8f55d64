import assert from 'node:assert/strict';
import test from 'node:test';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { resolveProgram, toolEnvironment, type ResolvedProgram } from '../../src/core/tools/resolve.js';
import { throughShell } from '../../src/core/shell/throughShell.js';
import { shellKind } from '../../src/core/shell/shellKind.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { Tool } from '../../src/protocol/tool.js';

const catalog = new ToolCatalog('/nonexistent');
const options = { host: 'box', placeholders: { node: '/opt/node', media: '/ext/media' } };

interface Machine {
  readonly programs?: readonly string[];
  readonly aliases?: Readonly<Record<string, readonly string[] | null>>;
  readonly functions?: readonly string[];
  readonly shell?: string;
}

/** A machine on which only `programs`, absolute paths, exist; PATH is /usr/bin:/bin and HOME /home/a. */
function resolve(
  tool: Tool,
  { programs = [], aliases = {}, functions = [], shell = '/bin/bash' }: Machine,
): Promise<ResolvedProgram> {
  const login = {
    env: { PATH: '/usr/bin:/bin', HOME: '/home/a' },
    aliases,
    functions: new Set(functions),
    shell: { path: shell, kind: shellKind(shell) },
    warnings: [],
    isWhole: true,
  };
  const find = async (name: string, path: string): Promise<string | undefined> =>
    path
      .split(':')
      .map((folder) => `${folder}/${name}`)
      .find((file) => programs.includes(file));
  return resolveProgram(tool, login, find, options);
}

const tool = (fields: object): Tool => Tool.parse({ id: 'x', name: 'X', command: ['x', '--fixed'], ...fields });

test('a program is found by alias, then PATH, then the alternatives', async (t) => {
  const table: readonly {
    what: string;
    tool: Tool;
    machine: Machine;
    expected: readonly string[];
    assigned?: Readonly<Record<string, string>>;
    file?: string | undefined;
    notUsed?: string;
  }[] = [
    {
      what: 'in PATH',
      tool: tool({}),
      machine: { programs: ['/bin/x'] },
      expected: ['/bin/x', '--fixed'],
    },
    {
      what: 'an alias to a path',
      tool: tool({}),
      machine: { programs: ['/bin/x', '/home/a/.x/x'], aliases: { x: ['~/.x/x', '--more'] } },
      expected: ['/home/a/.x/x', '--more', '--fixed'],
    },
    {
      what: 'an alias to itself with arguments',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: ['x', '--verbose'] } },
      expected: ['/bin/x', '--verbose', '--fixed'],
    },
    {
      what: 'an alias that sets variables',
      tool: tool({}),
      machine: { programs: ['/bin/x', '/usr/bin/env'], aliases: { x: ['A=1', 'x', '-v'] } },
      expected: ['/bin/x', '-v', '--fixed'],
      assigned: { A: '1' },
    },
    {
      what: 'an alias by way of env',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: ['env', 'A=1', 'B=', 'x'] } },
      expected: ['/bin/x', '--fixed'],
      assigned: { A: '1', B: '' },
    },
    {
      what: 'an alias that needs a shell is run by it',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: null } },
      expected: [...throughShell({ path: '/bin/bash', kind: 'bash' }, 'x'), '--fixed'],
      file: '/bin/x',
    },
    {
      what: 'a function is run by its shell, also where no such program is',
      tool: tool({}),
      machine: { functions: ['x'], shell: '/usr/bin/fish' },
      expected: [...throughShell({ path: '/usr/bin/fish', kind: 'fish' }, 'x'), '--fixed'],
      file: undefined,
    },
    {
      what: 'a function that cannot be run from outside is not passed over in silence',
      tool: tool({}),
      machine: { programs: ['/bin/x'], functions: ['x'], shell: '/usr/bin/elvish' },
      expected: ['/bin/x', '--fixed'],
      notUsed: 'x is a function of elvish, which cannot be run from outside it: /bin/x was started',
    },
    {
      what: 'an alias to a program that is gone falls back to PATH, and that is said',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: ['/gone/x'] } },
      expected: ['/bin/x', '--fixed'],
      notUsed: 'x is an alias of bash for /gone/x, which is not there: /bin/x was started',
    },
    {
      what: 'the first alternative that is there',
      tool: tool({ alternatives: ['~/none/x', 'other'] }),
      machine: { programs: ['/usr/bin/other'] },
      expected: ['/usr/bin/other', '--fixed'],
    },
    {
      what: 'an alternative below the home folder',
      tool: catalog.get('claude'),
      machine: { programs: ['/home/a/.claude/local/claude'] },
      expected: ['/home/a/.claude/local/claude'],
    },
    {
      what: 'a path is taken as it is',
      tool: tool({ command: ['/srv/x', 'y'], alternatives: ['other'] }),
      machine: { programs: ['/usr/bin/other'] },
      expected: ['/srv/x', 'y'],
    },
    {
      what: 'the demo agent runs in our own runtime',
      tool: catalog.get('demo'),
      machine: {},
      expected: ['/opt/node', '/ext/media/demo/agent.mjs'],
    },
  ];
  for (const { what, tool: wanted, machine, expected, assigned = {}, notUsed, ...more } of table) {
    await t.test(what, async () => {
      const found = await resolve(wanted, machine);
      assert.deepEqual(found.words, expected);
      assert.deepEqual([found.assigned, found.notUsed], [assigned, notUsed]);
      assert.equal(found.file, 'file' in more ? more.file : expected[0]);
    });
  }
});

test('a tool that is not installed says where, and how to get it', async () => {
  await assert.rejects(resolve(catalog.get('codex'), {}), (error: unknown) => {
    assert.ok(error instanceof CodeManagerError);
    assert.equal(error.code, 'toolMissing');
    assert.equal(error.message, 'Codex is not installed on box');
    assert.equal(error.hint, 'Install it: npm install -g @openai/codex');
    return true;
  });
  await assert.rejects(resolve(tool({}), {}), {
    message: 'The program x was not found on box',
    hint: /PATH/,
  });
});

test("an editor's runtime is told to be Node only for what runs in it", () => {
  assert.deepEqual(toolEnvironment(catalog.get('demo'), true), { ELECTRON_RUN_AS_NODE: '1' });
  assert.deepEqual(toolEnvironment(catalog.get('demo'), false), {});
  assert.deepEqual(toolEnvironment(catalog.get('shell'), true), {});
});
