import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';

const FOLDER = join(repoRoot, 'src/extension');

/** The boxes for what has one line only, and what that is. The task of New Session opens an editor for more. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  'addHost/addHost.ts': ['port', 'URL', 'token', 'name'],
  'commands/contextCommands.ts': ['name', 'path'],
  'commands/editContext.ts': ['token', 'a field of a context'],
  'commands/helpCommands.ts': ['path'],
  'commands/organizeCommands.ts': ['name'],
  'commands/watchCommands.ts': ['filter'],
  'newSession/newSession.ts': ['task, by Paste'],
  'newSession/optionsStep.ts': ['an option'],
  'services/machineQuestions.ts': ['an answer to ssh'],
};
/** The boxes in which people write for an agent. */
const TEXTS: Readonly<Record<string, number>> = { 'answering/answering.ts': 1, 'commands/controlCommands.ts': 1 };

test('each box in which people write for an agent keeps the line breaks of what is pasted', () => {
  const lines: Record<string, number> = {};
  const texts: Record<string, number> = {};
  for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(join(FOLDER, file), 'utf8');
    if (file !== 'editor/quickInputs.ts') assert.doesNotMatch(source, /\b(showInputBox|createInputBox)\b/, file);
    if (file === 'quickInput/steps.ts') continue;
    const count = (name: string): number => source.match(new RegExp(`\\b${name}\\(`, 'g'))?.length ?? 0;
    if (count('inputStep') > 0) lines[file] = count('inputStep');
    if (count('textStep') > 0) texts[file] = count('textStep');
    if (file === 'newSession/newSession.ts') assert.match(source, /onValue: \(value\) => paste\.typed\(value\)/);
  }
  const listed = Object.fromEntries(Object.entries(LINES).map(([file, { length }]) => [file, length]));
  assert.deepEqual(lines, listed, 'A text for an agent is asked for by textStep; any other box is listed in LINES');
  assert.deepEqual(texts, TEXTS);
});
