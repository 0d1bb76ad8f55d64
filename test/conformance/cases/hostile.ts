import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTILE } from '../../helpers/hostileText.js';
import type { Case, Desk } from '../desk.js';

const nothingRan = (desk: Desk): void => {
  assert.ok(!existsSync(join(desk.host.user, 'run')), 'something was run');
};

/** Nothing that a person or a tool wrote is ever part of a command. */
export const hostileCases: readonly Case[] = [
  {
    name: 'nothing in an argument or a variable is ever run, and each arrives as it is',
    run: async (desk) => {
      const texts = [...HOSTILE, '\u202e reversed', 'two\nlines\r\nand \x1b[31mcolour\x1b[0m', '\u0001\u0002', '', ' '];
      const logs = await Promise.all(
        texts.map((text) =>
          desk.printed('printf "%s|%s|%s" "$0" "$1" "$HOSTILE"', { args: [text], env: { HOSTILE: text } }),
        ),
      );
      assert.deepEqual(
        logs,
        texts.map((text) => `sh|${text}|${text}`),
      );
      nothingRan(desk);
      return logs;
    },
  },
  {
    name: 'folders with any name are worked in, and nothing in the name is run',
    run: async (desk) => {
      const names = [
        ...HOSTILE.map((name) => name.replaceAll('/', '_')),
        'line\nbreak',
        '\u202e reversed',
        ' blanks ',
        '\x07bell',
      ];
      await Promise.all(
        names.map(async (name, n) => {
          mkdirSync(desk.path(name));
          const context = await desk.client.request('context/add', {
            name: `${desk.key} folder ${n}`,
            path: desk.path(name),
            machine: desk.machine.spec,
          });
          const { exitCode } = await desk.ran('pwd >here; exit 8', { context: context.id });
          assert.equal(exitCode, 8, name);
          assert.ok(existsSync(desk.path(name, 'here')), name);
        }),
      );
      nothingRan(desk);
      return readdirSync(desk.folder).sort();
    },
  },
  {
    name: 'sessions and contexts have any name of one line',
    run: async (desk) => {
      const { client } = desk;
      const seen = [];
      for (const text of HOSTILE) {
        const name = `${text} ${desk.key}`;
        const context = await client.request('context/add', { name, path: desk.folder, machine: desk.machine.spec });
        const session = await desk.shell('cat', { name, context: name });
        assert.equal(session.contextId, context.id);
        seen.push((await desk.get(name)).name, (await client.request('session/kill', { session: name })).status);
      }
      nothingRan(desk);
      return seen;
    },
  },
  {
    name: 'a task that looks like an option is a task',
    run: async (desk) => {
      await desk.tool(`dashes-${desk.key}`, {
        name: 'Dashes',
        command: ['sh', '-c', 'stty -opost; printf "[%s]" "$@"', 'sh'],
        versionArgs: null,
        task: { delivery: 'argument', args: ['--', '{task}'] },
      });
      const printed = [];
      for (const task of ['--help', '-rf /', '--', '-', '{task}']) {
        const { id } = await desk.start(`dashes-${desk.key}`, task, { args: ['--quiet', 'x y'] });
        printed.push((await desk.log(id).whole()).text);
      }
      assert.deepEqual(printed.slice(0, 2), ['[--quiet][x y][--][--help]', '[--quiet][x y][--][-rf /]']);
      return printed;
    },
  },
  {
    name: 'a large task arrives whole or is refused with what to do',
    run: async (desk) => {
      const large = await desk.printed(`printf '%s' '${'x'.repeat(90_000)}' | wc -c`);
      assert.equal(large.trim(), '90000');
      return [
        large.trim(),
        await desk.fails(desk.shell(`: ${'x'.repeat(1024 * 1024)}`)),
        await desk.fails(desk.shell('x'.repeat(5 * 1024 * 1024))),
        await desk.fails(desk.shell('exit 0', { args: ['x'.repeat(200_000)] })),
        await desk.fails(desk.shell('a\0b')),
      ];
    },
  },
  {
    name: 'what a tool prints cannot reach a list: titles are plain text',
    run: async (desk) => {
      const { id } = await desk.shell(
        `printf '\\033]2;clear \\033[31mred\\001\\a'; printf '\\033]2;a title with #(touch run) %%H and ünicode\\a'; cat`,
      );
      const { title } = await desk.is(id, 'has a title', (session) => session.title?.includes('ünicode') ?? false);
      assert.doesNotMatch(title ?? '', /[\x00-\x1f\x7f-\x9f]/);
      assert.ok(!desk.has('run'));
      return title;
    },
  },
];
