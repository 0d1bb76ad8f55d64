import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { judgeLog, type Recording } from '../truth/logJudge.js';
import { replay } from '../truth/replay.js';

// Real agents that streamed answers of 500 words in pieces of 1 to 40 characters, 10 to 200 ms apart, in terminals that
// got other sizes meanwhile, beside what the agents themselves recorded: `npm run bench:truth -- --logs 2` makes them.
const folder = join(process.cwd(), 'test/fixtures/streamed');

for (const file of readdirSync(folder)) {
  test(`${file}: each prompt, call and sentence once, in order and as it comes, at most a tenth of other lines`, async () => {
    const recording = JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString('utf8')) as Recording;
    const verdict = judgeLog(recording, await replay(recording));
    assert.deepEqual(verdict.missing, []);
    assert.deepEqual(verdict.repeated, []);
    assert.ok(verdict.others.length <= verdict.lines / 10, verdict.others.join('\n'));
    const late = verdict.delays.filter((delay) => delay > 1000).length;
    // Gemini prints its whole conversation again for another size, which takes seconds.
    assert.ok(late <= verdict.delays.length / 20, `${late} of ${verdict.delays.length} came late`);
  });
}
