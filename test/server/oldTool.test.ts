import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestServer } from '../helpers/testServer.js';

/** Stands for a Copilot CLI: one that is too old ends with what it does not know. */
const program = (says: string, takes: boolean): string => `#!/bin/sh
[ "$1" != --version ] || { echo '${says}'; exit 0; }
for word do [ "$word" != --plugin-dir ] || ${takes ? 'exit 5' : "{ echo 'unknown option'; exit 1; }"}; done
exit 4
`;

for (const [what, says, takes, code] of [
  ['a Copilot CLI from before plugins starts without ours', '0.0.420', false, 4],
  ['one that takes a plugin gets ours', 'GitHub Copilot CLI 0.0.421.', true, 5],
  ['one that does not say which it is gets ours', 'no version', true, 5],
] as const) {
  test(what, async (t) => {
    const server = new TestServer(t);
    const file = join(server.home.root, 'copilot.sh');
    writeFileSync(file, program(says, takes), { mode: 0o755 });
    server.tool('copilot', { command: [file] });
    const client = server.client();
    const { id } = await server.start(client, 'copilot', 'hello');
    assert.equal((await server.ended(client, id)).exitCode, code, server.logText(id));
  });
}
