import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import test from 'node:test';
import { ConstructorCount } from '../helpers/constructors.js';

const SRC = resolve('src');
/** More than these nobody can keep apart. */
const MOST = 8;

/** Constructors that take more and are still to be mended: each stands with what it takes and may only take less. */
const TOO_MANY: Readonly<Record<string, number>> = {
  'client/client.ts AgentServerClient': 17,
  'client/logFollower.ts LogFollower': 9,
  'core/approvals/keyRoute.ts KeyRoute': 10,
  'core/engine/engineService.ts EngineService': 15,
  'core/engine/sessionEngine.ts SessionEngine': 18,
  'core/hooks/hookFollower.ts HookFollower': 10,
  'core/state/startupWatch.ts StartupWatch': 9,
  'core/state/stateWatch.ts StateWatch': 14,
  'machines/shell/shellMachine.ts ShellMachine': 9,
  'machines/ssh/connectSsh.ts Connecting': 13,
  'machines/ssh/sshMachine.ts SshMachine': 19,
  'server/clientConnection.ts ClientConnection': 9,
  'server/hub/agent/agentLink.ts AgentLink': 11,
  'server/hub/agent/agentService.ts AgentService': 11,
  'server/hub/hub.ts Hub': 10,
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

test('no constructor takes more than eight things besides the scope, those within option bags counted', () => {
  const all = new ConstructorCount(sources(SRC)).all();
  assert.ok(all.length > 100, 'the constructors were found');
  const over = all.filter(({ members }) => members > MOST);
  assert.deepEqual(
    Object.fromEntries(over.map(({ name, file, members }) => [`${relative(SRC, file)} ${name}`, members])),
    TOO_MANY,
  );
});

/** What the only constructor of a text takes. */
function count(text: string): number | undefined {
  const counted = new ConstructorCount([]);
  counted.add(
    '/src/other.ts',
    'export interface OtherOptions { a: number; b: number }\nexport interface Data { a: number; b: number }\n',
  );
  counted.add('/src/one.ts', `import type { OtherOptions, Data } from './other.js';\n${text}`);
  return counted.all()[0]?.members;
}

test('a bag is counted by what is in it, however it is written', () => {
  const taking = (type: string): number | undefined => count(`class A { constructor(a: ${type}) {} }`);
  assert.equal(taking('number'), 1);
  assert.equal(taking('Data'), 1);
  assert.equal(taking('OtherOptions'), 2);
  assert.equal(taking(`Pick<OtherOptions, 'a'>`), 1);
  assert.equal(taking(`Omit<OtherOptions, 'a'>`), 1);
  assert.equal(taking('Partial<OtherOptions> & { c: number }'), 3);
  assert.equal(taking('{ a: number; more: OtherOptions; d?: { e: number } }'), 4);
  assert.equal(taking('OtherOptions | undefined'), 2);
  assert.equal(taking('SessionScope'), 0);
  assert.equal(taking(`Pick<SessionScope, 'table' | 'log'>`), 0);
  assert.equal(taking('{ scope: SessionScope; b: number }'), 1);
  assert.equal(taking('() => void'), 1);
  assert.equal(count('interface B extends OtherOptions { c: number }\nclass A { constructor(a: B, d: string) {} }'), 4);
  assert.equal(count('type B = OtherOptions & { c: number };\nclass A { constructor(a: B) {} }'), 3);
  assert.equal(count('class A { constructor(readonly a: number, b: string) {} }'), 2);
});
