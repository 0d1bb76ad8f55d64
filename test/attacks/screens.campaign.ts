import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import { trackRequest } from '../../src/core/state/requestIdentity.js';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { hookMeaning } from '../../src/core/hooks/hookFormats.js';
import { hookEvidence, NO_HOOKS, reduceHooks, ticketFor } from '../../src/core/hooks/hookModel.js';
import type { Asked } from '../../src/core/state/evidence.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { campaign } from '../helpers/campaign.js';
import { drawers, screenWith } from '../helpers/drawnDialogs.js';
import { ruleOf } from './ruleOf.js';
import { cases, type ScreensInput, type ScreensOutcome, type Told } from './screens.js';

const catalog = new ToolCatalog('/nonexistent');
const RULES = [
  "allow --command './mark yes'",
  'allow --action edit',
  'allow --action create',
  'allow --action read',
  'allow --action network --host docs.example.com',
];

campaign('screens', cases, async (input: ScreensInput) => {
  if ('first' in input) return countOf(input.first, input.second, input.isNew === true);
  return verdictOn('lines' in input ? fromLines(input.format, input.lines) : fromScreen(input));
});

function fromScreen({
  tool,
  what,
  words,
  above,
  columns = 120,
}: Extract<ScreensInput, { tool: string }>): Asked | null {
  const drawer = drawers.find((each) => each.tool === tool && each.action === 'shell' && each.isOld !== true);
  assert.ok(drawer);
  const more = { ...(words === undefined ? {} : { words }), ...(above === undefined ? {} : { above }) };
  const screen = screenWith(drawer, { what, columns, rows: 40, ...more });
  // By its screen alone, as if the tool told nothing itself.
  const { startup, screen: rules } = catalog.get(tool);
  const { kind, request, options } = judgeScreen({ startup, screen: rules }, screen, 0, columns);
  return kind === null ? null : { kind, text: request?.text ?? '', request, options };
}

/** What is asked, where its hook could be answered too. */
function fromLines(format: 'claude' | 'opencode', lines: readonly string[]): Asked | null {
  let model = NO_HOOKS;
  for (const line of lines) {
    const event = parseHookLine(line, 7);
    if (event) model = reduceHooks(model, event, hookMeaning(format, event, '/p'));
  }
  const asked = hookEvidence(model, 0)?.asked ?? null;
  const pending = trackRequest(null, { asked, isNew: false, time: '' }, undefined, () => 'id');
  return pending !== null && ticketFor(model, pending) !== undefined ? asked : null;
}

async function verdictOn(asked: Asked | null): Promise<ScreensOutcome> {
  if (asked?.request == null) return 'ask';
  const { effect } = await evaluate(
    {
      session: { id: 's1', contextId: 'c1', tool: 'claude', path: '/proj' },
      request: { ...asked.request, kind: asked.kind, text: asked.text },
    },
    { off: false, rules: await Promise.all(RULES.map(ruleOf)) },
    {
      own: '/home/u/.cm',
      resolve: (paths, folder) =>
        Promise.resolve(paths.map((path) => (path === '' ? undefined : posix.resolve(folder, path)))),
    },
    0,
  );
  assert.notEqual(effect, 'deny');
  return effect === 'allow' ? 'allow' : 'ask';
}

function countOf(first: Told, second: Told, isNew: boolean): ScreensOutcome {
  let ids = 0;
  const track = (
    known: ReturnType<typeof trackRequest>,
    { command, exact, action = 'shell' }: Told,
    isOther: boolean,
  ) => {
    const request = requestOf({ action, command, exact });
    const asked: Asked = { kind: 'permission', text: command, request, options: [] };
    return trackRequest(known, { asked, isNew: isOther, time: '' }, undefined, () => `id${++ids}`);
  };
  const one = track(null, first, false);
  const other = track(one, second, isNew);
  return one?.id === other?.id ? 'one' : 'two';
}
