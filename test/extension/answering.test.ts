import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '../../src/protocol/audit.js';
import type { Explanation } from '../../src/protocol/explanation.js';
import type { PendingRequest, RequestOption } from '../../src/protocol/pendingRequest.js';
import { PolicyDraft } from '../../src/protocol/policy.js';
import { answerRows } from '../../src/view/answerChoices.js';
import { auditText } from '../../src/view/auditText.js';
import { desktopCommand } from '../../src/extension/model/desktopCommand.js';
import { explanationText, reasonLine } from '../../src/view/explanationText.js';
import { answeredBy, isShort, requestDocument, requestRows, requestText } from '../../src/view/requestText.js';
import { ruleChoices, ruleParts, type RuleScene } from '../../src/view/ruleDraft.js';
import { tooltipMarkdown } from '../../src/view/sessionLabel.js';
import { policyLine } from '../../src/view/statusLine.js';
import { pendingRecord } from '../helpers/records.js';
import { rowOf } from './rows.js';

const NOW = Date.parse('2026-01-02T03:09:05.000Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const option = (label: string, role: RequestOption['role'] = null, detail: string | null = null): RequestOption => ({
  label,
  role,
  detail,
});

function request(fields: Partial<PendingRequest> = {}): PendingRequest {
  const options = [
    option('Yes', 'allow'),
    option("Yes, and don't ask again for npm publish commands", 'always'),
    option('No, and tell Claude what to do differently (esc)', 'deny'),
  ];
  return pendingRecord({ options, since: ago(180), ...fields });
}

test("a request is answered with the agent's own options, in its words and order, and what goes beyond them", () => {
  const rows = answerRows(request());
  assert.deepEqual(
    rows.map(({ label }) => label),
    [
      'Yes',
      "Yes, and don't ask again for npm publish commands",
      'No, and tell Claude what to do differently (esc)',
      'Deny with a Reason…',
      'Attach Instead',
      'Always Allow This…',
    ],
  );
  assert.deepEqual(rows[0]?.choice, { type: 'answer', answer: { type: 'option', label: 'Yes' } });
  assert.deepEqual(rows[3]?.choice, { type: 'denyWithReason' });
});

test('a reason, a text of one’s own and a rule are offered only where there is such a thing', () => {
  const labels = (fields: Partial<PendingRequest>): string[] => answerRows(request(fields)).map(({ label }) => label);
  const yesNo = [option('Yes', 'allow'), option('No', 'deny')];
  assert.deepEqual(labels({ options: yesNo, takesReason: false, action: 'other' }), ['Yes', 'No', 'Attach Instead']);
  assert.deepEqual(labels({ kind: 'trust', action: null, options: yesNo, takesReason: false }), [
    'Yes',
    'No',
    'Attach Instead',
  ]);
  const question = { kind: 'question', action: null, command: null, takesReason: false, takesText: true } as const;
  const colours = [option('Green'), option('Blue'), { ...option('Type something.'), takesText: true }];
  const asked = answerRows(request({ ...question, options: colours }));
  assert.deepEqual(
    asked.map(({ choice }) => choice.type),
    ['answer', 'answer', 'ownText', 'attach'],
  );
  assert.deepEqual(labels({ ...question, options: [option('Green')] }), [
    'Green',
    'Answer in Your Own Words…',
    'Attach Instead',
  ]);
});

test('what was not understood can be read and answered in its terminal only', () => {
  const choices = (of: PendingRequest | null): string[] => answerRows(of).map(({ choice }) => choice.type);
  assert.deepEqual(choices(null), ['attach', 'showLog']);
  assert.deepEqual(choices(request({ options: [] })), ['attach', 'showLog']);
});

test('an option of an agent is shown without what hides, and is sent as it was written', () => {
  const [row] = answerRows(request({ options: [option('$(check) Yes\u202e', 'deny')] }));
  assert.equal(row?.label, '$(check) Yes<U+202E>');
  assert.deepEqual(row.choice, { type: 'answer', answer: { type: 'option', label: '$(check) Yes\u202e' } });
});

test('an option that is too long for its row goes on below it', () => {
  const label = 'Yes, and always allow access to /home/anna/projects/api/packages/server from this project';
  const [row] = answerRows(request({ options: [option(label, 'always', 'for good')] }));
  assert.equal(row?.label, 'Yes, and always allow access to /home/anna/projects/api/packages/server from …');
  assert.equal(row.detail, '… this project · for good');
  assert.deepEqual(row.choice, { type: 'answer', answer: { type: 'option', label } });
});

test('a request is told in whole and nothing of it twice', () => {
  assert.equal(requestText(request()), 'npm publish');
  assert.equal(
    requestText(request({ action: 'create', command: null, path: 'a/b.txt', text: 'create a/b.txt' })),
    'create a/b.txt',
  );
  assert.equal(requestText(request({ command: 'cat x', path: '/src/x', text: 'cat x' })), 'cat x\n/src/x');
  const long = `Which ${'very '.repeat(60)}colour?`;
  const question = request({ kind: 'question', command: null, question: long, text: `${long.slice(0, 199)}…` });
  assert.equal(requestText(question), long);
});

test('a request of several lines or more than 200 characters is no short one', () => {
  assert.ok(isShort(request({ command: 'x'.repeat(200), text: '' })));
  assert.ok(!isShort(request({ command: 'x'.repeat(201), text: '' })));
  assert.ok(!isShort(request({ command: 'a\nb', text: 'a b' })));
  assert.ok(!isShort(request({ options: [option('y'.repeat(190), 'allow')] })), 'an answer that would be cut');
});

test('the rows of a short request have every letter of it', () => {
  const command = `git commit -m '${'a few words '.repeat(14)}'`;
  const rows = requestRows(request({ command, text: command }));
  assert.ok(rows.length > 1);
  assert.ok(rows.every((row) => row.length <= 76));
  assert.equal(rows.join(' ').replace(/\s+/g, ' '), command.replace(/\s+/g, ' '));
  assert.equal(requestRows(request({ command: 'x'.repeat(190), text: '' })).join(''), 'x'.repeat(190));
});

test('the document of a request has its answers first and then all of it', () => {
  const text = requestDocument('refactor-auth · permission · api', request({ command: 'a\nb\nc' }), NOW);
  const lines = text.split('\n');
  assert.equal(lines[0], 'refactor-auth · permission · api');
  assert.match(text, /asked 3m ago/);
  assert.ok(lines.indexOf('  Yes') < lines.indexOf('a'));
  assert.ok(text.endsWith('\na\nb\nc\n'));
});

test('what is not known exactly is shown with its screen, its terminal comes first, and no rule is offered', () => {
  const unsure = request({ exact: null });
  const text = requestDocument('refactor-auth · permission · api', unsure, NOW, ['Run this?', '  $ ./mark yes']);
  assert.match(text, /not known exactly/);
  assert.match(text, /Attach shows all of it\n {2}Run this\?\n {4}\$ \.\/mark yes\n$/);
  const [first, ...others] = answerRows(unsure).map(({ choice }) => choice.type);
  assert.equal(first, 'attach');
  assert.ok(!others.includes('attach') && !others.includes('alwaysAllow'));
  assert.ok(answerRows(request({ exact: 'event' })).some(({ choice }) => choice.type === 'alwaysAllow'));
});

const entry: AuditEntry = {
  id: 'a1',
  time: ago(60),
  session: '0123456789ab',
  sessionName: 'refactor-auth',
  contextName: 'api',
  machine: 'build-box',
  tool: 'claude',
  request: { id: 'r1', kind: 'permission', action: 'shell', command: 'npm publish', path: null, text: 'npm publish' },
  asked: ago(90),
  decision: 'allow',
  answer: 'Yes',
  by: { type: 'person', client: 'VS Code' },
  via: 'keys',
  keys: ['1'],
  outcome: 'answered',
};

test('whoever comes too late is told who answered', () => {
  assert.equal(answeredBy(entry, 'VS Code'), 'answered in another window');
  assert.equal(answeredBy({ ...entry, by: { type: 'person', client: 'cm' } }, 'VS Code'), 'answered by cm');
  const rule = { type: 'policy', rule: 'r7', text: 'allow shell npm publish' } as const;
  assert.equal(answeredBy({ ...entry, by: rule }, 'VS Code'), 'answered by rule r7');
  assert.doesNotMatch(answeredBy({ ...entry, outcome: 'failed' }, 'VS Code'), /another window/);
});

test('the audit log says what was asked, decided, by whom, how and what came of it', () => {
  const denied: AuditEntry = {
    ...entry,
    id: 'a2',
    time: ago(86_400 * 2),
    asked: ago(86_400 * 2 + 5),
    decision: 'deny',
    answer: 'No: use pnpm\u001b[31m',
    by: { type: 'policy', rule: 'r7', text: 'deny shell npm publish' },
    outcome: 'stayed',
    request: { ...entry.request, command: 'npm publish\nrm -rf dist' },
  };
  const text = auditText([entry, denied], () => 'Claude Code', 500);
  assert.match(text, /allowed · refactor-auth · permission: npm publish\n {10}“Yes” by VS Code, by keys, after 30s/);
  assert.match(text, /Claude Code · api @build-box/);
  assert.match(text, /denied · .*\n {12}rm -rf dist\n.*by rule r7 \(deny shell npm publish\)/);
  assert.match(text, /the dialog stayed/);
  assert.equal([...text.matchAll(/^\d{4}-\d\d-\d\d$/gm)].length, 2, 'a heading for each day');
  assert.doesNotMatch(text, /\u001b/);
  assert.match(
    auditText([], () => '', 500),
    /Nothing was answered yet/,
  );
});

const explanation: Explanation = {
  session: '0123456789ab',
  state: 'waiting',
  phase: null,
  waiting: { kind: 'permission', text: 'npm publish' },
  since: ago(180),
  source: 'report',
  why: null,
  background: 1,
  held: null,
  evidence: [
    {
      source: 'report',
      state: 'waiting',
      phase: null,
      detail: 'blocked: npm publish',
      since: ago(180),
      seen: ago(3),
      holds: true,
      wins: true,
    },
    {
      source: 'screen',
      state: 'working',
      phase: 'running',
      detail: 'rule working',
      since: ago(300),
      seen: ago(200),
      holds: false,
      wins: false,
    },
  ],
  history: {
    spans: [
      { doing: 'working', kind: null, from: ago(300) },
      { doing: 'waiting', kind: 'permission', from: ago(180) },
    ],
    earlier: { working: 3_600_000 },
  },
  lines: ['Do you want to proceed?', '❯ 1. Yes'],
};

test('why a state is what it is tells the winner, the rest with their ages, and the lines that were looked at', () => {
  const text = explanationText('refactor-auth', 'Needs input · permission: npm publish', explanation, NOW);
  assert.match(text, /^refactor-auth: Needs input · permission: npm publish\n/);
  assert.match(text, /What decides\n {2}the agent's own report: waiting\n {6}blocked: npm publish\n {6}seen 3s ago/);
  assert.match(text, /What else was seen\n {2}its screen: working · running \(too old to count\)/);
  assert.match(text, / │ ❯ 1\. Yes\n/);
  assert.match(text, /1 shell or agent goes on/);
  assert.match(text, /^Time +worked 1h 2m, waited for you 3m$/m);
  assert.match(text, /What it did\n.* working for 2m\n.* waiting \(permission\) for 3m\n/);
  assert.equal(reasonLine(explanation, NOW), "blocked: npm publish · from the agent's own report, 3s ago");
  const said = 'Needs input permission: npm publish';
  assert.equal(reasonLine(explanation, NOW, said), "from the agent's own report, 3s ago", 'nothing is said twice');
  const nothing: Explanation = {
    ...explanation,
    source: null,
    evidence: [],
    why: 'No rules know its screens.',
    lines: [],
  };
  assert.match(explanationText('x', 'Running', nothing, NOW), /Nothing decides\. No rules know its screens\./);
  assert.equal(reasonLine(nothing, NOW), 'No rules know its screens.');
});

test('a tooltip tells what the word rests on and how old that is, as text and never as markup', () => {
  const evidence = explanation.evidence.map((one) => ({ ...one, detail: one.wins ? '**blocked** $(x)' : one.detail }));
  const row = rowOf({ state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } });
  const text = tooltipMarkdown(row, 'Claude Code', NOW, { explanation: { ...explanation, evidence } });
  assert.match(text, /\\\*\\\*blocked\\\*\\\* \\\$\\\(x\\\) · from the agent's own report, 3s ago/);
  assert.doesNotMatch(tooltipMarkdown(row, 'Claude Code', NOW), /from the agent/);
});

const scene: RuleScene = {
  session: { id: '0123456789ab', name: 'refactor-auth', tool: 'claude', path: '/src/api' },
  contextId: 'c1',
  contextName: 'api',
  toolName: 'Claude Code',
  now: NOW,
};

test('a rule is shown part by part before it is saved, and each part can be made wider or narrower', () => {
  const draft = PolicyDraft.parse({
    effect: 'allow',
    context: 'c1',
    tool: 'claude',
    actions: ['shell'],
    command: ['npm', 'publish', 'a b'],
  });
  assert.deepEqual(
    ruleParts(draft, scene).map(({ text }) => text),
    [
      "run: npm publish 'a b' … and what follows these words",
      'in api',
      'only Claude Code',
      'until it is removed',
      'however often',
    ],
  );
  const what = ruleChoices('what', draft, draft, scene);
  assert.deepEqual(
    what.map(({ label, isCurrent }) => [label, isCurrent]),
    [
      ["npm publish 'a b'", true],
      ['npm publish', false],
      ['npm', false],
    ],
  );
  assert.deepEqual(what[1]?.change, { command: ['npm', 'publish'] });
  assert.deepEqual(
    ruleChoices('where', draft, draft, scene).map(({ isCurrent }) => isCurrent),
    [false, true, false],
  );
  const narrow = { ...draft, ...ruleChoices('where', draft, draft, scene)[0]?.change };
  assert.equal(ruleParts(narrow, scene)[1]?.text, 'in refactor-auth only');
  const hour = ruleChoices('until', draft, draft, scene)[0]?.change;
  assert.deepEqual(hour, { expires: '2026-01-02T04:09:05.000Z' });
  assert.deepEqual(ruleChoices('count', draft, draft, scene)[0]?.change, { max: 1 });
});

test('the folders that a rule can be about end at the folder of the session', () => {
  const scopes = (path: string): string[] => {
    const draft = PolicyDraft.parse({ effect: 'allow', actions: ['edit'], path });
    return ruleChoices('what', draft, draft, scene).map(({ label }) => label);
  };
  assert.deepEqual(scopes('/src/api/lib/a.ts'), ['/src/api/lib/a.ts', '/src/api/lib', '/src/api']);
  assert.deepEqual(scopes('/etc/hosts'), ['/etc/hosts', '/etc']);
});

test('the status bar says when a rule may allow something', () => {
  assert.equal(policyLine({ off: false, inForce: 0 }), undefined);
  assert.equal(policyLine({ off: true, inForce: 2 }), undefined);
  assert.deepEqual(policyLine({ off: false, inForce: 1 })?.parts, [{ icon: 'shield', text: 'auto-approve' }]);
});

test('a notice on the desktop is data for the program that shows it, never code', () => {
  const evil = `x"; rm -rf ~ $(touch a) <b>&'`;
  const linux = desktopCommand('linux', evil);
  assert.deepEqual(linux, {
    program: 'notify-send',
    args: ['--app-name', 'Code Manager', '--', 'Code Manager', `x"; rm -rf ~ $(touch a) &lt;b&gt;&amp;'`],
  });
  const mac = desktopCommand('darwin', evil);
  assert.deepEqual(mac?.args.slice(-2), [evil, 'Code Manager']);
  assert.ok(mac.args.slice(0, -2).every((arg) => !arg.includes('rm')));
  for (const windows of [desktopCommand('win32', evil), desktopCommand('linux', evil, { isWsl: true })]) {
    assert.equal(windows?.program, 'powershell.exe');
    const script = Buffer.from(windows.args.at(-1) ?? '', 'base64').toString('utf16le');
    assert.ok(!script.includes('rm -rf'));
    assert.ok(script.includes(Buffer.from(evil).toString('base64')));
  }
  assert.equal(desktopCommand('aix', 'x'), undefined);
});
