import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import type { Command } from '../../src/cli/command.js';
import { COMMANDS, GROUPS } from '../../src/cli/commands.js';
import { allFlags } from '../../src/cli/parse.js';

/** What follows the name of the program where no command of it is meant. */
const PROSE = /^(?:itself|for|in|and|is|has|there|code-manager)$/;
/** Given to our own programs, not to `cm`: between its parts, or in the help of another program that is named. */
const OTHER_FLAGS = new Set(['--dial-stdio', '--replace', '--foreground']);

interface Text {
  readonly place: string;
  readonly text: string;
}

/** All that stands in quotes, with what is put into it as one word. */
function texts(file: string): Text[] {
  const tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Text[] = [];
  const add = (node: ts.Node, text: string): void => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    found.push({ place: `${file}:${line + 1}`, text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    if (ts.isTemplateExpression(node))
      add(node, node.head.text + node.templateSpans.map(({ literal }) => `WORD${literal.text}`).join(''));
    if (ts.isCallExpression(node) && node.expression.getText(tree) === 'shownCommand') {
      const words = node.arguments.map((word) => (ts.isStringLiteral(word) ? word.text : 'WORD'));
      add(node, words.join(' '));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function commandOf(words: readonly string[]): Command | undefined {
  const [first = '', second] = words;
  return COMMANDS.find(({ path, aliases = [] }) =>
    [path, ...aliases].some(([one, two]) => one === first && (two === undefined || two === second)),
  );
}

/** What is wrong with the commands that a text names. */
function wrong({ place, text }: Text): string[] {
  return [...text.matchAll(/(?<![\w./-])cm ([a-z][a-z-]*)((?:(?!\. |; |, |`|\n| or cm | \|).)*)/g)].flatMap(
    ([whole, first = '', rest = '']) => {
      if (PROSE.test(first)) return [];
      const words = [first, ...rest.replace(/[.:]$/, '').trim().split(/\s+/)];
      const command = commandOf(words);
      if (command === undefined) return first in GROUPS && !/^[a-z]/.test(words[1] ?? '') ? [] : [`${place}: ${whole}`];
      const [own] = rest.split(' -- ');
      const known = allFlags(command).flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
      const flags = [...(own ?? '').matchAll(/(?<=[\s[])--?[a-z][a-z-]*/g)].map(([flag]) => flag);
      return flags.filter((flag) => !known.includes(flag)).map((flag) => `${place}: ${flag} of ${whole}`);
    },
  );
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));
const all = files.flatMap(texts);

test('each command that a message names is there, with the flags that it names', () => {
  const named = all.filter(({ text }) => /(?<![\w./-])cm [a-z]/.test(text));
  assert.ok(named.length > 80, String(named.length));
  assert.deepEqual(named.flatMap(wrong), []);
  // Each would be seen.
  for (const text of ['See cm nothing.', 'cm policy lost', '`cm ls --nope`', 'Run cm server stop --now.'])
    assert.equal(wrong({ place: '', text }).length, 1, text);
});

test('each flag that a sentence names is one of a command', () => {
  const known = new Set(COMMANDS.flatMap((command) => allFlags(command).map(({ name }) => `--${name}`)));
  const sentences = all.filter(
    ({ place, text }) => /^src\/(?!core\/approvals\/policy)/.test(place) && /^\p{Lu}[^\n]* --[a-z]/u.test(text),
  );
  assert.ok(sentences.length > 15, String(sentences.length));
  const unknown = sentences.flatMap(({ place, text }) =>
    [...text.matchAll(/(?<=[\s(“"`])--[a-z][a-z-]*/g)]
      .map(([flag]) => flag)
      .filter((flag) => !known.has(flag) && !OTHER_FLAGS.has(flag))
      .map((flag) => `${place}: ${flag}`),
  );
  assert.deepEqual(unknown, []);
});
