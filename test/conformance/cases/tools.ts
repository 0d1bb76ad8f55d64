import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolInfo } from '../../../src/protocol/tool.js';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

/** Flashes its input box, asks for trust, takes an answer, and then writes down every line that it is sent. */
const ASKING = `#!/bin/sh
stty -echo
printf '\\033[2J\\033[H> Type your message\\n'
sleep 0.3
printf '\\033[2J\\033[HDo you trust the files in this folder?\\n 1. Yes\\n 2. No\\n'
read -r answer
echo "$answer" >>answers
printf '\\033[2J\\033[H> Type your message\\n'
while read -r line; do echo "$line" >>tasks; echo "working on $line"; done
`;

/** Takes its task by typing, at once, and writes down what it gets. */
const TYPED = `
const { appendFileSync } = require('node:fs');
process.stdin.setRawMode(true);
process.stdout.write('\\x1b[?2004h> Type your message\\r\\n');
let shown;
process.stdin.on('data', (data) => {
  appendFileSync('received', data);
  clearTimeout(shown);
  shown = setTimeout(() => process.stdout.write('taken\\r\\n> Type your message\\r\\n'), 50);
});
`;

const STARTUP = {
  dialogs: [{ id: 'trust', kind: 'trust', text: 'trust this folder?', all: ['Do you trust the files'] }],
  ready: ['^> Type your message'],
};

async function asking(desk: Desk): Promise<string> {
  const id = `asking-${desk.key}`;
  const command = [desk.script('asking', ASKING)];
  const task = { delivery: 'typed' };
  await desk.tool(id, { name: 'Asking', command, versionArgs: null, task, startup: { ...STARTUP, stableMs: 900 } });
  return id;
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);

/** Agents, by their data. */
export const toolCases: readonly Case[] = [
  {
    name: 'a dialog at the start is shown as needs input, never answered, and the task is typed after it',
    run: async (desk) => {
      const { client } = desk;
      const { id, status } = await desk.start(await asking(desk), 'write a poem', { name: `poem-${desk.key}` });
      assert.equal(status, 'starting');
      const waiting = await desk.is(id, 'needs input', ({ state }) => state === 'waiting');
      assert.deepEqual([waiting.status, waiting.waiting], ['starting', { kind: 'trust', text: 'trust this folder?' }]);
      const refused = await desk.fails(client.request('session/send', { session: id, text: 'x' }));
      assert.equal(desk.read('answers'), '', 'nobody answered');
      await client.request('session/key', { session: id, keys: ['1', 'Enter'] });
      await until('the task arrives', () => desk.read('tasks') !== '');
      const running = await desk.is(id, 'runs', (session) => session.status === 'running' && session.waiting === null);
      await client.request('session/send', { session: id, text: 'and another' });
      await until('the next arrives', () => lines(desk.read('tasks')).length > 1);
      assert.deepEqual(lines(desk.read('tasks')), ['write a poem', 'and another']);
      assert.deepEqual(lines(desk.read('answers')), ['1']);
      return [waiting.waiting, refused, running.state];
    },
  },
  {
    name: 'while it needs input text is typed only by force',
    run: async (desk) => {
      const { id } = await desk.start(await asking(desk), 'a task', { name: `force-${desk.key}` });
      await desk.is(id, 'needs input', ({ state }) => state === 'waiting');
      const refused = await desk.fails(desk.client.request('session/send', { session: id, text: 'no' }));
      await desk.client.request('session/send', { session: id, text: 'yes, by force', force: true });
      await until('the task arrives', () => desk.read('tasks') !== '');
      assert.deepEqual([lines(desk.read('answers')), lines(desk.read('tasks'))], [['yes, by force'], ['a task']]);
      return refused;
    },
  },
  {
    name: 'a task of 1 MB is typed whole, once',
    run: async (desk) => {
      desk.write('typed.cjs', TYPED);
      await desk.tool(`typed-${desk.key}`, {
        name: 'Typed',
        command: [process.execPath, desk.path('typed.cjs')],
        versionArgs: null,
        task: { delivery: 'typed' },
        startup: { ready: ['^> Type your message'], stableMs: 300 },
      });
      const task = Array.from({ length: 10_500 }, (_, n) => `line ${n} ${'ö'.repeat(45)}`).join('\n');
      assert.ok(Buffer.byteLength(task) > 1024 * 1024);
      const { id } = await desk.start(`typed-${desk.key}`, task);
      const wanted = `\x1b[200~${task.replaceAll('\n', '\r')}\x1b[201~\r`;
      await until('it has all', () => desk.read('received').length >= wanted.length, 60_000);
      assert.ok(desk.read('received') === wanted);
      assert.equal((await desk.get(id)).task, task);
      return wanted.length;
    },
  },
  {
    name: 'agents are listed as they are installed on the machine',
    run: async (desk) => {
      const bin = join(desk.host.user, 'bin-of-tools');
      if (!existsSync(bin)) {
        mkdirSync(bin);
        appendFileSync(join(desk.host.user, '.bash_profile'), `export PATH="$HOME/bin-of-tools:$PATH"\n`);
      }
      const id = `listed-${desk.key}`;
      await desk.tool(id, {
        name: 'Listed',
        command: [id],
        install: { command: 'get it' },
        versionArgs: ['--version'],
      });
      const list = async (): Promise<ToolInfo> => {
        const tools = await desk.client.request('tool/list', { refresh: true, machine: desk.machineId });
        return tools.find((tool) => tool.id === id) ?? assert.fail('it is listed');
      };
      const before = await list();
      desk.script('program', '#!/bin/sh\necho "listed 1.2.3"\n');
      renameSync(desk.path('program'), join(bin, id));
      // A version that takes its time comes with a later list.
      const after = await until('its version is listed', async () => {
        const tool = await list();
        return tool.version !== null && tool;
      });
      assert.deepEqual([before.installed, after.installed, after.path], [false, true, join(bin, id)]);
      return [before, after];
    },
  },
  {
    name: 'the version that a session runs is recorded',
    run: async (desk) => {
      const program = desk.script(
        'versioned',
        '#!/bin/sh\n[ "$1" = --version ] && { echo "versioned 4.5.6"; exit; }\ncat\n',
      );
      await desk.tool(`versioned-${desk.key}`, { name: 'Versioned', command: [program], versionArgs: ['--version'] });
      const { id } = await desk.start(`versioned-${desk.key}`, '');
      const { toolVersion } = await desk.is(id, 'has a version', (session) => session.toolVersion !== null);
      return `${toolVersion}`;
    },
  },
  {
    name: 'modes, models, extra arguments and variables of an agent reach it in order',
    run: async (desk) => {
      await desk.tool(`modes-${desk.key}`, {
        name: 'Modes',
        command: ['sh', '-c', 'stty -opost; printf "[%s]" "$OF_TOOL" "$@"', 'sh'],
        versionArgs: null,
        env: { OF_TOOL: 'set by the tool' },
        modes: [{ id: 'plan', label: 'Plan', args: ['--mode', 'plan'] }],
        model: { args: ['--model', '{model}'], known: ['large'] },
        task: { delivery: 'argument', args: ['--', '{task}'] },
      });
      const { id, mode, model } = await desk.start(`modes-${desk.key}`, 'a task', {
        mode: 'plan',
        model: 'any $(model)',
        args: ['--extra'],
      });
      const { text } = await desk.log(id).whole();
      assert.equal(text, '[set by the tool][--mode][plan][--model][any $(model)][--extra][--][a task]');
      return [text, mode, model, await desk.fails(desk.start(`modes-${desk.key}`, '', { mode: 'other' }))];
    },
  },
];
