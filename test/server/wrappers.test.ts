import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import type { Session } from '../../src/protocol/session.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** Tells its arguments, its terminal and some variables, then does what its first argument says. */
const AGENT = `#!/bin/sh
[ "$1" != wait ] || trap 'echo interrupted; exit 9' INT
[ "$1" != wait ] || trap 'echo asked; exit 8' TERM
{ printf '%s\\n' "$#"; for a do printf '<%s>\\n' "$a"; done; } >"$TOLD.new"
[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal >>"$TOLD.new"
{ echo "ACCOUNT=$ACCOUNT"; echo "GIVEN=$GIVEN"; pwd; } >>"$TOLD.new"
env >"$TOLD.env"
mv "$TOLD.new" "$TOLD"
case $1 in
exit) exit "$2" ;;
read) IFS= read -r line; echo "read $line"; exit 4 ;;
wait) while :; do sleep 0.1; done ;;
die) kill -KILL $$ ;;
esac
`;

interface Bed {
  readonly server: TestServer;
  readonly client: Client;
  readonly told: () => readonly string[];
  readonly start: (...args: string[]) => Promise<Session>;
}

/** A person whose files are these, with an agent in PATH that a tool names. */
function bed(t: TestContext, files: Readonly<Record<string, string>>): Bed {
  const server = new TestServer(t, { env: { ZDOTDIR: undefined, XDG_CONFIG_HOME: undefined } });
  const { user } = server.home;
  const told = join(user, 'told');
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(user, path)), { recursive: true });
    writeFileSync(join(user, path), text);
  };
  write('bin/agent', AGENT);
  chmodSync(join(user, 'bin/agent'), 0o755);
  for (const [path, text] of Object.entries(files)) write(path, text);
  server.tool('agent', { name: 'Agent', command: ['agent'], versionArgs: null, task: { delivery: 'typed' } });
  const client = server.client();
  const start = (...args: string[]): Promise<Session> =>
    server.start(client, 'agent', '', { args, env: { TOLD: told, GIVEN: "it's\n\\ a !x" } });
  return { server, client, told: () => readFileSync(told, 'utf8').trim().split('\n'), start };
}

const FUNCTION = 'agent() { ACCOUNT=work command agent "$@"; }\n';
const BASH = { '.bash_profile': '. ~/.bashrc\n' };
const PATH = 'export PATH="$HOME/bin:$PATH"\n';
const FISH = 'set -gx PATH $HOME/bin $PATH\n';
/** The login shell here is bash; each of the others takes its place. */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a function of bash': { ...BASH, '.bashrc': PATH + FUNCTION },
  'a long alias of bash': { ...BASH, '.bashrc': `${PATH}alias agent='export ACCOUNT=work && agent'\n` },
  'a function of zsh': { ...BASH, '.bashrc': 'exec zsh\n', '.zshrc': PATH + FUNCTION },
  'a function of fish': {
    ...BASH,
    '.bashrc': 'exec fish\n',
    '.config/fish/config.fish': `${FISH}function agent; ACCOUNT=work command agent $argv; end\n`,
  },
};

for (const [what, files] of Object.entries(WAYS)) {
  test(`${what} is run by its shell, with the words, terminal, status and signals of the tool`, async (t) => {
    const { server, client, told, start } = bed(t, files);
    const { id } = await start('exit', '7', "a b'c!$(x)\\", '', '--model', '*');
    assert.equal((await server.ended(client, id)).exitCode, 7);
    assert.deepEqual(told(), [
      ...['6', '<exit>', '<7>', "<a b'c!$(x)\\>", '<>', '<--model>', '<*>', 'terminal', 'ACCOUNT=work'],
      ...["GIVEN=it's", '\\ a !x', server.work],
    ]);
    const env = readFileSync(join(server.home.user, 'told.env'), 'utf8');
    assert.doesNotMatch(env, /^(CM_SHELL|CM_PROBE|CM_HOOK|CM_LAUNCH|TMUX|STY|ZELLIJ|VSCODE)/m);
    assert.match(env, new RegExp(`^CM_SESSION=${id}$`, 'm'));

    const dead = await start('die');
    assert.equal((await server.ended(client, dead.id)).signal, 'SIGKILL');

    const reads = await start('read');
    await until('it reads', () => told()[1] === '<read>');
    await client.request('session/send', { session: reads.id, text: 'hello' });
    assert.equal((await server.ended(client, reads.id)).exitCode, 4);
    assert.match(server.logText(reads.id), /read hello/);

    const interrupted = await start('wait', '1');
    await until('it waits', () => told()[2] === '<1>');
    await client.request('session/key', { session: interrupted.id, keys: ['C-c'] });
    await server.ended(client, interrupted.id);
    assert.match(server.logText(interrupted.id), /interrupted/);

    const stopped = await start('wait', '2');
    await until('it waits', () => told()[2] === '<2>');
    await client.request('session/stop', { session: stopped.id, timeoutMs: 20_000 });
    assert.equal((await server.ended(client, stopped.id)).status, 'stopped');
    assert.match(server.logText(stopped.id), /asked/);
  });
}
