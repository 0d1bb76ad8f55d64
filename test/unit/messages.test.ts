import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const SRC = 'src';

/** Errors that a person reads, with the place of their message. */
const ERRORS: Readonly<Record<string, number>> = { CodeManagerError: 1, ConnectionFailure: 1 };
/** Functions that make such errors, likewise; as `file name`. */
const MAKERS: Readonly<Record<string, number>> = {
  'cli/place.ts invalid': 0,
  'cli/machineFlags.ts invalid': 0,
  'cli/parse.ts usageError': 1,
  'core/approvals/policy/proposeRule.ts none': 0,
  'core/approvals/resolveAnswer.ts noSuch': 1,
  'machines/ssh/closedFailure.ts of': 1,
  'machines/shell/commandShell.ts gone': 0,
  'machines/install/install.ts failure': 0,
};
/** Names that are written small, wherever they stand. */
const SMALL_NAMES = /^(?:tmux|git|ssh|npm|contexts\.json|trusted\.json)\b/;

interface Message {
  readonly place: string;
  readonly text: string;
}

/** What literal texts an expression can be, as far as they begin with letters of ours. */
function beginnings(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  // One that begins with a name begins as that is written.
  if (ts.isTemplateExpression(node)) return node.head.text === '' ? [] : [node.head.text];
  if (ts.isConditionalExpression(node)) return [...beginnings(node.whenTrue), ...beginnings(node.whenFalse)];
  if (ts.isParenthesizedExpression(node)) return beginnings(node.expression);
  if (ts.isBinaryExpression(node)) return [...beginnings(node.left), ...beginnings(node.right)];
  return [];
}

function messages(file: string): { readonly messages: readonly Message[]; readonly makers: readonly string[] } {
  const tree = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const makers = new Set<string>();
  const add = (node: ts.Expression | undefined): void => {
    if (node === undefined) return;
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    found.push(...beginnings(node).map((text) => ({ place: `${file}:${line + 1}`, text })));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node)) {
      const index = ERRORS[node.expression.getText(tree)];
      if (index !== undefined) add(node.arguments?.[index]);
    } else if (ts.isCallExpression(node)) {
      const name = `${file} ${node.expression.getText(tree)}`;
      const index = MAKERS[name];
      if (index !== undefined) {
        makers.add(name);
        add(node.arguments[index]);
      }
      if (/(?:^|\.)(?:super)$/.test(node.expression.getText(tree)) && node.arguments.length > 1) add(node.arguments[1]);
      if (/output\.note$/.test(node.expression.getText(tree))) add(node.arguments[0]);
    } else if (ts.isPropertyAssignment(node) && node.name.getText(tree) === 'hint') {
      add(node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { messages: found, makers: [...makers] };
}

test('what a person is told begins with a capital, everywhere alike', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const all = files.map(messages);
  const told = all.flatMap(({ messages }) => messages);
  assert.ok(told.length > 400);
  const wrong = told.filter(
    ({ text }) => !/^[\p{Lu}\p{Nd}"“]/u.test(text) && !SMALL_NAMES.test(text) && text.trim() !== '',
  );
  assert.deepEqual(
    wrong.map(({ place, text }) => `${place}: ${text}`),
    [],
  );
  const used = new Set(all.flatMap(({ makers }) => makers));
  assert.deepEqual(
    Object.keys(MAKERS).filter((name) => !used.has(name)),
    [],
    'no longer there',
  );
});

/** What makes the words of somebody else part of a sentence of ours. */
const OURS = /^(?:inTheirWords|whyCut|whyNotWritten|reasonOf|systemReason|asClause|faultText|refusalText|gitSaid)$/;
/** What holds them. */
const THEIRS = /^(?:stderr|stdout|printed)$|\.(?:message|stderr|stdout)$/;
/** Where an error of ours, or the text of one that came by the wire, is told with another hint or in another sentence. */
const TOLD_AGAIN = new Set([
  'cli/contextCommands.ts',
  'client/connection.ts',
  'client/endpoint.ts',
  'client/serverProcess.ts',
  'core/engine/machineChecks.ts',
  'core/engine/machineChecks.ts',
  'core/machine/reachable.ts',
  'server/hub/agent/agentRoute.ts',
  'server/hub/machines.ts',
]);

/** What of an expression is somebody else's words as they are. */
function theirs(node: ts.Node, tree: ts.SourceFile): string[] {
  if (ts.isCallExpression(node) && OURS.test(node.expression.getText(tree))) return [];
  // A question about them is not told.
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap((part) => theirs(part, tree));
  const isWhole = ts.isIdentifier(node) || ts.isPropertyAccessExpression(node);
  const text = isWhole ? node.getText(tree) : '';
  if (THEIRS.test(text)) return [text];
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...theirs(child, tree)));
  return found;
}

test('the words of other programs and libraries reach nobody as if they were ours', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const wrong = files.flatMap((file) => {
    const tree = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const index = ts.isNewExpression(node)
        ? ERRORS[node.expression.getText(tree)]
        : ts.isCallExpression(node)
          ? MAKERS[`${file} ${node.expression.getText(tree)}`]
          : undefined;
      const message = index === undefined ? undefined : (node as ts.NewExpression).arguments?.[index];
      if (message !== undefined) {
        const { line } = tree.getLineAndCharacterOfPosition(message.getStart(tree));
        const texts = theirs(message, tree).filter((text) => !TOLD_AGAIN.has(file) || !text.endsWith('.message'));
        found.push(...texts.map((text) => `${file}:${line + 1}: ${text}`));
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return found;
  });
  assert.deepEqual(wrong, []);
});
