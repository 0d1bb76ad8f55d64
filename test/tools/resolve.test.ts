import assert from 'node:assert/strict';
import test from 'node:test';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { resolveProgram, toolEnvironment } from '../../src/core/tools/resolve.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { Tool } from '../../src/protocol/tool.js';

const catalog = new ToolCatalog('/nonexistent');
const options = { host: 'box', placeholders: { node: '/opt/node', media: '/ext/media' } };

interface Machine {
  readonly programs?: readonly string[];
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
}

/** A machine on which only `programs`, absolute paths, exist; PATH is /usr/bin:/bin and HOME /home/a. */
function resolve(tool: Tool, { programs = [], aliases = {} }: Machine): Promise<readonly string[]> {
  const login = { env: { PATH: '/usr/bin:/bin', HOME: '/home/a' }, aliases };
  const find = async (name: string, path: string): Promise<string | undefined> =>
    path
      .split(':')
      .map((folder) => `${folder}/${name}`)
      .find((file) => programs.includes(file));
  return resolveProgram(tool, login, find, options);
}

const tool = (fields: object): Tool => Tool.parse({ id: 'x', name: 'X', command: ['x', '--fixed'], ...fields });

test('a program is found by alias, then PATH, then the alternatives', async (t) => {
  const table: readonly { what: string; tool: Tool; machine: Machine; expected: readonly string[] }[] = [
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
      what: 'an alias of an alias',
      tool: tool({}),
      machine: { programs: ['/bin/z'], aliases: { x: ['y', '1'], y: ['z', '2'] } },
      expected: ['/bin/z', '2', '1', '--fixed'],
    },
    {
      what: 'aliases that name one another fall back to PATH',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: ['y'], y: ['x'] } },
      expected: ['/bin/x', '--fixed'],
    },
    {
      what: 'an alias that sets variables',
      tool: tool({}),
      machine: { programs: ['/bin/x', '/usr/bin/env'], aliases: { x: ['A=1', 'x', '-v'] } },
      expected: ['/usr/bin/env', 'A=1', 'x', '-v', '--fixed'],
    },
    {
      what: 'an alias that needs a shell is left out',
      tool: tool({}),
      machine: { programs: ['/bin/x', '/bin/cd'], aliases: { x: ['cd', '/srv', '&&', 'x'] } },
      expected: ['/bin/x', '--fixed'],
    },
    {
      what: 'an alias to a program that is gone falls back to PATH',
      tool: tool({}),
      machine: { programs: ['/bin/x'], aliases: { x: ['/gone/x'] } },
      expected: ['/bin/x', '--fixed'],
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
  for (const { what, tool: wanted, machine, expected } of table) {
    await t.test(what, async () => {
      assert.deepEqual(await resolve(wanted, machine), expected);
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
  await assert.rejects(resolve(tool({}), {}), { message: 'X is not installed on box', hint: undefined });
});

test("an editor's runtime is told to be Node only for what runs in it", () => {
  assert.deepEqual(toolEnvironment(catalog.get('demo'), true), { ELECTRON_RUN_AS_NODE: '1' });
  assert.deepEqual(toolEnvironment(catalog.get('demo'), false), {});
  assert.deepEqual(toolEnvironment(catalog.get('shell'), true), {});
});
