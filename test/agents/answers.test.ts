import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { drawnRows } from '../helpers/campaign.js';
import { until } from '../helpers/until.js';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';
import type { AgentName } from './home.js';
import type { AnswerVia } from '../../src/protocol/pendingRequest.js';

// Real agents are answered: what was allowed has happened exactly once, what was denied never.

interface Agent {
  readonly name: AgentName;
  readonly tool: AgentName;
  readonly mode: string;
  readonly reach: typeof byPath;
  readonly trusts: boolean;
  /** Directive for a command that it asks about. */
  readonly bash: string;
  readonly asks: boolean;
  /** So many equal calls in a row; Gemini takes more for a loop. */
  readonly equal: number;
  /** How it is allowed and denied. */
  readonly via: AnswerVia;
}

const AGENTS: readonly Agent[] = [
  {
    name: 'claude',
    tool: 'claude',
    mode: 'default',
    reach: byAlias,
    trusts: true,
    bash: 'bash',
    asks: true,
    equal: 5,
    via: 'hook',
  },
  {
    name: 'claude-old',
    tool: 'claude',
    mode: 'default',
    reach: byAlias,
    trusts: true,
    bash: 'bash',
    asks: false,
    equal: 5,
    via: 'hook',
  },
  {
    name: 'codex',
    tool: 'codex',
    mode: 'auto',
    reach: byPath,
    trusts: true,
    bash: 'bashesc',
    asks: false,
    equal: 5,
    via: 'keys',
  },
  {
    name: 'gemini',
    tool: 'gemini',
    mode: 'default',
    reach: byPath,
    trusts: true,
    bash: 'bash',
    asks: true,
    equal: 4,
    via: 'keys',
  },
  {
    name: 'opencode',
    tool: 'opencode',
    mode: 'build',
    reach: byOwnFile,
    trusts: false,
    bash: 'bash',
    asks: true,
    equal: 5,
    via: 'api',
  },
  {
    name: 'copilot',
    tool: 'copilot',
    mode: 'interactive',
    reach: byPath,
    trusts: true,
    bash: 'bash',
    asks: true,
    equal: 5,
    via: 'keys',
  },
];

for (const { name, tool, mode, reach, trusts, bash, asks, equal, via } of drawnRows(
  'answers',
  AGENTS,
  4,
  ({ name }) => name,
)) {
  test(
    `${name}: what is allowed happens once, what is denied never, a reason and answers arrive`,
    { timeout: 600_000 },
    async (t) => {
      const desk = await Desk.setUp(t, name, reach);
      writeFileSync(join(desk.folder, 'README.md'), 'line one\nline two\nline three\n');
      const append = (file: string): string => `do:${bash}(echo x >> ${file})`;
      await desk.start(tool, `do:delay(1) ${append('allowed.txt')} ${append('denied.txt')} do:say(never)`, mode);
      if (trusts) await desk.answers('approve', await desk.asks('trust'));

      const first = await desk.asks('permission');
      assert.match(first.command ?? '', /echo x >> allowed\.txt/);
      assert.equal(desk.file('allowed.txt'), '');
      await desk.answers('approve', first);
      const second = await desk.asks('permission');
      assert.equal(desk.file('allowed.txt'), 'x\n');
      assert.match(second.command ?? '', /denied\.txt/);
      await desk.answers('deny', second);
      await desk.becomes('idle');

      await desk.send(append('why.txt'));
      await desk.answers('deny', await desk.asks('permission'), append('instead.txt'));
      const instead = await desk.asks('permission');
      assert.match(instead.command ?? '', /instead\.txt/, 'the reason is what it works on next');
      await desk.answers('approve', instead);
      await until('what was said instead is done', () => desk.file('instead.txt') === 'x\n');
      await desk.becomes('idle');

      if (asks) {
        // A busy Gemini CLI has given the answer to the first also to the second when that came within the same moment.
        await desk.send('do:delay(1) do:ask(Which colour?) do:ask(Which one?) do:say(done)');
        const question = await desk.asks('question');
        assert.match(question.question ?? '', /Which colour/);
        assert.equal(await desk.answers('answer', question, 'Blue'), 'Blue');
        const own = await desk.asks('question');
        assert.equal(own.takesText, true);
        assert.equal(await desk.answers('answer', own, 'Green as grass'), 'Green as grass');
        await desk.becomes('idle');
      }

      await desk.send(Array<string>(equal).fill(append('equal.txt')).join(' '));
      for (let i = 0; i < equal; i++) await desk.answers('approve', await desk.asks('permission'));
      await until('all of them are done', () => desk.file('equal.txt') === 'x\n'.repeat(equal));
      await desk.becomes('idle');

      assert.deepEqual([desk.file('allowed.txt'), desk.file('instead.txt')], ['x\n', 'x\n']);
      assert.deepEqual([desk.file('denied.txt'), desk.file('why.txt')], ['', '']);
      const audit = await desk.audit();
      const decisions = audit.map(({ decision }) => decision);
      const expected = [
        ...(trusts ? ['allow'] : []),
        ...['allow', 'deny', 'deny', 'allow'],
        ...(asks ? ['answer', 'answer'] : []),
        ...Array<string>(equal).fill('allow'),
      ];
      assert.deepEqual(decisions, expected);
      assert.equal(new Set(audit.map(({ request }) => request.id)).size, audit.length);
      assert.deepEqual(new Set(audit.map(({ outcome }) => outcome)), new Set(['answered']));
      const own = audit.filter(({ request, decision }) => request.kind === 'permission' && decision !== 'always');
      assert.deepEqual(
        own.map((entry) => entry.via),
        own.map(() => via),
      );
      await desk.stop();
    },
  );
}

test(
  'claude: a file that its hook names by its whole path and its screen from the folder is made and changed when it may be',
  { timeout: 600_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'claude', byAlias);
    writeFileSync(join(desk.folder, 'README.md'), 'line one\nline two\nline three\n');
    const [made, changed] = [join(desk.folder, 'new.txt'), join(desk.folder, 'README.md')];
    await desk.start('claude', `do:delay(1) do:write(${made}) do:edit(${changed}) do:say(done)`, 'default');
    await desk.answers('approve', await desk.asks('trust'));
    const create = await desk.asks('permission');
    assert.match(`${create.action ?? ''} ${create.path ?? ''}`, /^create .*new\.txt$/);
    assert.equal(desk.file('new.txt'), '');
    await desk.answers('approve', create);
    const edit = await desk.asks('permission');
    assert.notEqual(desk.file('new.txt'), '');
    assert.match(`${edit.action ?? ''} ${edit.path ?? ''}`, /^edit .*README\.md$/);
    await desk.answers('approve', edit);
    await until('it is changed', () => desk.file('README.md').includes('line TWO edited'));
    await desk.stop();
  },
);

for (const name of ['claude', 'claude-old', 'opencode'] as const) {
  const tool = name === 'opencode' ? 'opencode' : 'claude';
  const mode = name === 'opencode' ? 'build' : 'default';
  const reach = name === 'opencode' ? byOwnFile : byAlias;

  test(
    `${name}: what was answered in its terminal is answered once, and a server that was killed meanwhile changes nothing`,
    { timeout: 300_000 },
    async (t) => {
      const desk = await Desk.setUp(t, name, reach);
      const files = ['terminal.txt', 'killed.txt', 'denied.txt'];
      await desk.start(tool, files.map((file) => `do:bash(echo x >> ${file})`).join(' '), mode);
      if (name !== 'opencode') await desk.answers('approve', await desk.asks('trust'));

      const first = await desk.asks('permission');
      await desk.keys('Enter');
      await until('it is done', () => desk.file('terminal.txt') === 'x\n');
      const { code, stderr } = await desk.home.run(['deny', (await desk.session()).id, '--request', first.id]);
      assert.notEqual(code, 0);
      assert.match(stderr, /request has changed|asks nothing/);

      const before = await desk.asksFor('killed.txt');
      const { pid } = desk.home.serverFile;
      process.kill(pid, 'SIGKILL');
      await until('the server is gone', () => !existsSync(`/proc/${pid}`));
      const again = await desk.asksFor('killed.txt');
      assert.equal(again.id, before.id, 'the same dialog stands there');
      assert.equal(desk.file('killed.txt'), '');
      await desk.answers('approve', again);
      await until('it is done', () => desk.file('killed.txt') === 'x\n');
      await desk.answers('deny', await desk.asksFor('denied.txt'));
      await desk.becomes('idle');

      assert.deepEqual(
        files.map((file) => desk.file(file)),
        ['x\n', 'x\n', ''],
      );
      const own = (await desk.audit()).filter(({ request }) => request.kind === 'permission');
      const via = tool === 'opencode' ? 'api' : 'hook';
      assert.deepEqual(
        own.map((entry) => [entry.decision, entry.via, entry.outcome]),
        [
          ['allow', via, 'answered'],
          ['deny', via, 'answered'],
        ],
      );
      await desk.stop();
    },
  );
}

test('claude: of two commands that it asks for at once each gets its own answer', { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'claude', byAlias);
  await desk.start('claude', 'do:both(echo x >> one.txt | echo x >> two.txt) do:say(done)', 'default');
  await desk.answers('approve', await desk.asks('trust'));
  const first = await desk.asks('permission');
  assert.match(first.command ?? '', /one\.txt/);
  await desk.answers('approve', first);
  const second = await desk.asks('permission');
  assert.match(second.command ?? '', /two\.txt/);
  await desk.answers('deny', second, 'not this one');
  await desk.becomes('idle');
  assert.deepEqual([desk.file('one.txt'), desk.file('two.txt')], ['x\n', '']);
  await desk.stop();
});

test("claude: with a person's own settings there are no hooks, and keys answer", { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'claude', (home, program) => {
    const command = [program, '--settings', '{}'];
    mkdirSync(join(home.cm, 'tools'), { recursive: true });
    writeFileSync(join(home.cm, 'tools', 'claude.json'), JSON.stringify({ id: 'claude', command }));
  });
  await desk.start('claude', 'do:bash(echo x >> keys.txt)', 'default');
  await desk.answers('approve', await desk.asks('trust'));
  await desk.answers('approve', await desk.asks('permission'));
  await until('it is done', () => desk.file('keys.txt') === 'x\n');
  assert.equal((await desk.audit()).at(-1)?.via, 'keys');
  await desk.stop();
});

test(
  'a hook that waits for an answer ends with its agent, also with one that is killed',
  { timeout: 300_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'claude', byAlias);
    await desk.start('claude', 'do:bash(echo x >> never.txt)', 'default');
    await desk.answers('approve', await desk.asks('trust'));
    await desk.asks('permission');
    const { id, pid } = await desk.session();
    assert.ok(pid !== null);
    const waiting = (): number[] => processes((command) => command.includes(`wait-for\0cm-${id}.`));
    await until('its hook waits', () => waiting().length === 1);
    for (const agent of processes((command) => command.includes('--permission-mode\0default\0--settings'), id)) {
      process.kill(agent, 'SIGKILL');
    }
    await until('its hook has ended', () => waiting().length === 0);
    assert.equal(desk.file('never.txt'), '');
  },
);

/** Processes by their arguments, each with a NUL behind it; of a session alone where one is given. */
function processes(isMeant: (command: string) => boolean, session?: string): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && isMeant(read(pid, 'cmdline')))
    .filter((pid) => session === undefined || read(pid, 'environ').includes(`CM_SESSION=${session}\0`))
    .map(Number);
}
