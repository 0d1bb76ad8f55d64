import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { parseShell } from '../../src/core/approvals/policy/shellCommand.js';
import type { SimpleCommand } from '../../src/core/approvals/policy/simpleCommand.js';

const PROGRAMS = ['alpha', 'beta', 'gamma', 'evil'];
const SHELLS = ['bash', 'dash', 'zsh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);
/** Ends a program's words in the record of what ran. */
const END = '\u0004';

let root: string;
let bin: string;
let jails = 0;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-jail-'));
  bin = join(root, 'bin');
  await mkdir(bin);
  // One write for each, so that those that run side by side do not mix.
  const marker = `#!/bin/sh\nprintf '%s\\000' "\${0##*/}" "$@" '${END}' >> "$MARKS"\n`;
  for (const name of PROGRAMS) {
    await writeFile(join(bin, name), marker);
    await chmod(join(bin, name), 0o755);
  }
});

after(() => rm(root, { recursive: true, force: true }));

interface Ran {
  readonly programs: readonly (readonly string[])[];
  readonly files: readonly string[];
}

/** Runs a line in a folder of its own where nothing but markers can be found. */
async function run(shell: string, line: string): Promise<Ran> {
  const jail = join(root, `jail${jails++}`);
  const marks = join(root, `marks${jails}`);
  await mkdir(jail);
  await writeFile(marks, '');
  const path = spawnSync('sh', ['-c', `command -v ${shell}`], { encoding: 'utf8' }).stdout.trim();
  // Its end is that of its last child: all of them hold its standard output.
  spawnSync(path, ['-c', line], {
    cwd: jail,
    env: { PATH: bin, MARKS: marks, HOME: '~' },
    input: '',
    timeout: 20_000,
  });
  const words = (await readFile(marks, 'utf8')).split('\0').slice(0, -1);
  const programs: string[][] = [[]];
  for (const word of words) {
    if (word === END) programs.push([]);
    else programs.at(-1)?.push(word);
  }
  const files = (await readdir(jail)).map((name) => name);
  await rm(jail, { recursive: true });
  return { programs: programs.slice(0, -1), files };
}

/** Fails when the shell ran or wrote anything that the parser did not tell. */
function check(line: string, commands: readonly SimpleCommand[], ran: Ran, shell: string): void {
  const told = commands.map(({ words, assignments }) => words.slice(assignments));
  const left = told.map((words) => JSON.stringify(words));
  for (const program of ran.programs) {
    const index = left.indexOf(JSON.stringify(program));
    assert.ok(
      index >= 0,
      `${shell} ran ${JSON.stringify(program)} for ${JSON.stringify(line)}; told ${left.join(' ')}`,
    );
    left.splice(index, 1);
  }
  const written = new Set(commands.flatMap(({ files }) => files.map(({ path }) => path)));
  for (const file of ran.files) assert.ok(written.has(file), `${shell} wrote ${file} for ${JSON.stringify(line)}`);
}

const PIECES = (
  'alpha beta gamma evil x y2 7 -n --o=p A=1 A= = ; ;; & && | || |& &> &>> > >> >& >| < <> << <<- <<< 2>&1 2> >&2 >&- ( ) { } ' +
  '\' " \\ ` $ $( ) $x ${x} * ? [ ] ! # ~ ^ % @ + , : - . if then fi do done case esac eval time function f() ' +
  "'a;b' \"c|d\" 'evil' \"evil\" E 'E' <<E <<'E' {alpha,evil} {1..3} a[1]=2 a+=1 [ [[ (( sh bash -c 'evil' \\; \\& \\\n \\\\ $'x'"
)
  .split(' ')
  .concat(['\n', '\n', ' ', ' ', ' ', ' ', '\t', '\nE\n', '\n\n', '\\\n', '; evil', ' # ', '#', "sh -c 'evil x'"]);

/** Anything, glued together. */
const chaos = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));
/** The same with blanks, which is understood more often. */
const spaced = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(' '));

const quoted = fc
  .string({ unit: fc.constantFrom(...'ab ;&|<>()$`\\"\'\n#*~!{}=-'), maxLength: 8 })
  .map((text) => `'${text.replaceAll("'", `'\\''`)}'`);
const double = fc
  .string({ unit: fc.constantFrom(..."ab ;&|<>()\\'\n#*~!{}=-"), maxLength: 8 })
  .map((text) => `"${text.replace(/\\/gu, '\\\\')}"`);
const argument = fc.oneof(fc.constantFrom('x', '-n', 'y2', '\\;', 'a\\ b', '7'), quoted, double);
const simple = fc
  .tuple(fc.constantFrom('', 'A=1 '), fc.constantFrom(...PROGRAMS), fc.array(argument, { maxLength: 3 }))
  .map(([set, program, args]) => set + [program, ...args].join(' '));
const redirected = fc
  .tuple(simple, fc.constantFrom('', ' >out', ' 2>&1', ' >>log 2>&1', ' </dev/null', ' >|x', ' >&both'))
  .map(([command, target]) => command + target);
const joined = fc
  .array(fc.tuple(redirected, fc.constantFrom('; ', ' && ', ' || ', ' | ', ' & ', '\n', ' ;')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.map(([command, join], i) => command + (i === parts.length - 1 ? '' : join)).join(''));
/** What a person might write. */
const line = fc.oneof(
  joined,
  joined.map((text) => `(${text})`),
  fc.tuple(joined, joined).map(([a, b]) => `(${a}) && ${b}`),
  joined.map((text) => `${text} <<'E'\n$(evil)\nE\nalpha`),
);

for (const shell of SHELLS) {
  test(`${shell} never runs or writes what the parser did not tell`, async () => {
    let understood = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 3, arbitrary: line }, spaced, chaos), async (text) => {
        const parsed = parseShell(text);
        if (!parsed.understood) return;
        understood++;
        check(text, parsed.commands, await run(shell, text), shell);
      }),
      { numRuns: Number(process.env['CM_RUNS'] ?? 100) },
    );
    assert.ok(understood > 20, `only ${understood} were understood`);
  });
}

test('a line whose commands all begin alike runs nothing else', async () => {
  const attempts = [
    'alpha x; evil',
    'alpha x\nevil',
    'alpha $(evil)',
    'alpha `evil`',
    'alpha "$(evil)"',
    'alpha <(evil)',
    'alpha & evil',
    'alpha | evil',
    'alpha &> out evil',
    'alpha <<E\n$(evil)\nE',
    'alpha <<E\nE\nevil',
    "alpha <<'E'\nE \nE\nevil",
    "alpha 'a\\'; evil #'",
    'alpha # \\\nevil',
    'alpha \\\\\nevil',
    'alpha {x,"$(evil)"}',
    'alpha() { evil; }; alpha',
    'alias alpha=evil\nalpha',
    'A=$(evil) alpha',
    '(alpha; evil)',
    'alpha ;(evil)',
    'alpha >&1 evil; evil',
    'alpha ${x:-$(evil)}',
    'alpha $((`evil`))',
    'if evil; then alpha; fi',
    '! evil',
    'alpha && { evil; }',
    "eval 'evil'",
    "sh -c 'evil'",
    'trap evil EXIT; alpha',
  ];
  let dangerous = 0;
  for (const text of attempts) {
    const parsed = parseShell(text);
    const isAlpha = parsed.understood && parsed.commands.every(({ words }) => words[0] === 'alpha');
    for (const shell of SHELLS) {
      const ran = await run(shell, text);
      const others = ran.programs.filter(([program]) => program !== 'alpha');
      dangerous += others.length;
      assert.ok(!isAlpha || others.length === 0, `${shell} ran ${JSON.stringify(others)} for ${text}`);
    }
  }
  assert.ok(dangerous > 20, 'the shells have run what they were meant to');
});
