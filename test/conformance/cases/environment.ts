import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../desk.js';

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function files(folder: string): (readonly [string, string])[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [join(entry.parentPath, entry.name), readOr(join(entry.parentPath, entry.name))]);
}

/** What a tool finds around itself. */
export const environmentCases: readonly Case[] = [
  {
    name: 'variables given to a session reach the tool and nothing else',
    run: async (desk) => {
      const secret = `s3cret-${desk.key} ' "$(touch leaked)" \`touch leaked\`\nsecond line ${process.pid}`;
      const { id } = await desk.shell(
        'stty -opost -echo; printf "<%s>" "$(printf %s "$THE_SECRET" | cksum)"; read -r line; printf "%s" "$THE_SECRET"',
        {
          env: { THE_SECRET: secret },
        },
      );
      const reader = await desk.shows(id, '>');
      const places: (readonly [string, string])[] = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => [`arguments of ${pid}`, readOr(`/proc/${pid}/cmdline`)]);
      places.push(['environment of tmux', await desk.host.tmux('show-environment', '-g')]);
      places.push(['environment of the tmux session', await desk.host.tmux('show-environment', '-t', `=${id}`)]);
      places.push(...files(desk.host.cm), ...files(desk.machine.hub.cm));
      assert.ok(places.some(([place]) => place.endsWith(`${id}.json`)));
      const leaks = places.filter(([, text]) => text.includes(`s3cret-${desk.key}`)).map(([place]) => place);
      assert.deepEqual(leaks, []);
      await desk.client.request('session/send', { session: id, text: '' });
      await reader.whole();
      assert.ok(reader.text.endsWith(`>${secret}`), reader.text);
      assert.ok(!desk.has('leaked'));
      return Object.keys(await desk.get(id)).sort();
    },
  },
  {
    name: 'a tool sees nothing of the agent server, its tmux or a connection',
    run: async (desk) => {
      const { id } = await desk.shell('stty -opost; env -0');
      const reader = await desk.log(id).whole();
      const variables = reader.text
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
      const names = variables.map(([name]) => name);
      assert.ok(names.includes('PATH') && names.includes('HOME'));
      // A session is told where the data of Code Manager is, so that `cm` in it finds the same.
      const ours = names.filter((name) =>
        /tmux|^CM_(?!HOME$)|^CLAUDE|^CODEX|^VSCODE|^ELECTRON|^SSH_(?!AUTH_SOCK)|^NODE_(?:OPTIONS|CHANNEL)|^npm_/i.test(
          name,
        ),
      );
      assert.deepEqual(ours.sort(), ['CM_RUN', 'CM_SESSION']);
      const value = (wanted: string): string | undefined => variables.find(([name]) => name === wanted)?.[1];
      assert.equal(value('CM_SESSION'), id);
      assert.equal(value('HOME'), desk.host.user);
      return ['HOME', 'TERM', 'PWD', 'SHELL', 'COLORTERM'].map((name) => [name, value(name) ?? null]);
    },
  },
  {
    name: 'what the login shell sets up is there',
    run: async (desk) => {
      const name = `LOGIN_${desk.key.replaceAll('-', '_')}`;
      appendFileSync(join(desk.host.user, '.bash_profile'), `export ${name}='from the login shell'\n`);
      await desk.client.request('tool/list', { refresh: true, versions: false, machine: desk.machineId });
      const text = await desk.printed(`printf %s "$${name}"`);
      assert.equal(text, 'from the login shell');
      return text;
    },
  },
  {
    name: 'files are made with the mask of the person, not with ours',
    run: async (desk) => {
      const text = await desk.printed('umask; touch made; mkdir folder');
      assert.equal(text, '0022\n');
      return [statSync(desk.path('made')).mode & 0o777, statSync(desk.path('folder')).mode & 0o777];
    },
  },
  {
    name: 'a tool runs in the folder of its context, also through a link',
    run: async (desk) => {
      mkdirSync(desk.path('real'));
      symlinkSync(desk.path('real'), desk.path('link'));
      const context = await desk.client.request('context/add', {
        name: `link-${desk.key}`,
        path: desk.path('link'),
        machine: desk.machine.spec,
      });
      const { path } = await desk.ran('touch here; exit 0', { context: context.id });
      assert.ok(existsSync(desk.path('real', 'here')));
      return [await desk.printed('pwd'), path];
    },
  },
  {
    name: 'a tool has a terminal with colours, a size and no input left over',
    run: async (desk) => {
      const text = await desk.printed(
        'test -t 0 && test -t 1 && test -t 2 && tput colors; stty -a | head -n 1 | cut -d";" -f2,3; ulimit -c',
      );
      assert.match(text, /^256\n/);
      return text;
    },
  },
  {
    name: 'sessions, logs and records are for their owner alone',
    run: async (desk) => {
      const { id } = await desk.ran('printf x');
      await desk.log(id).whole();
      const active = join(desk.host.cm, 'sessions', 'active');
      const modes = readdirSync(active)
        .filter((name) => name.startsWith(id))
        .map((name) => [name.slice(id.length), (statSync(join(active, name)).mode & 0o777).toString(8)]);
      assert.ok(
        modes.every(([, mode]) => mode === '600'),
        JSON.stringify(modes),
      );
      return [
        modes.filter(([name]) => name === '.json' || name === '.log'),
        (statSync(active).mode & 0o777).toString(8),
      ];
    },
  },
];
