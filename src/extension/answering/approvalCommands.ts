import { CodeManagerError } from '../../protocol/errors.js';
import type { PolicyState } from '../../protocol/policy.js';
import type { Session } from '../../protocol/session.js';
import { describe } from '../../protocol/word.js';
import type { Answering } from './answering.js';
import { auditText } from '../../view/auditText.js';
import { say } from '../editor/say.js';
import { explanationText } from '../../view/explanationText.js';
import { oneLine } from '../../view/plainText.js';
import { inOrder } from '../../view/sessionTree.js';
import type { Services } from '../commands/services.js';
import { oneSession, severalSessions } from '../commands/targets.js';
import { showSession } from '../commands/watchCommands.js';

const AUDIT_ENTRIES = 500;

/** Commands about what agents ask: to answer, to see why, to look back, and to take all rules out of force. */
export function registerApprovalCommands(services: Services, answering: Answering): void {
  const { commands, link, rows, tools, documents, sessionsView } = services;

  commands.register('codeManager.session.answer', async (...args) => {
    const sessions = await severalSessions(services, args, {
      title: 'Answer',
      accept: ({ description }) => description.word === 'Needs input',
      none: 'No session needs input',
    });
    const asking = sessions.filter(({ waiting }) => waiting !== null);
    await answering.runSeveral(asking.length === 0 ? sessions.slice(0, 1) : asking);
  });
  const waiting = (): readonly Session[] => {
    const asking = rows.all.filter(({ description }) => description.word === 'Needs input');
    if (asking.length === 0) throw new CodeManagerError('notFound', 'No session needs input');
    return inOrder(asking, 'Needs input').map(({ session }) => session);
  };
  commands.register('codeManager.session.answerNext', async () => {
    const [next] = waiting();
    if (next !== undefined) await answering.run(next);
  });
  commands.register('codeManager.session.nextNeedsInput', async () => {
    const all = waiting();
    // The one behind the one that is selected, so that the same key goes through all of them.
    const [selected] = sessionsView.selectedSessions;
    const next = all[(all.findIndex(({ id }) => id === selected) + 1) % all.length];
    if (next === undefined) return;
    await showSession(services, next);
  });

  commands.register('codeManager.session.explain', async (...args) => {
    const session = await oneSession(services, args, { title: 'Why This State?' });
    if (session === undefined) return;
    const explanation = await link.request('session/explain', { session: session.id });
    const { word, detail } = rows.find(session.id)?.description ?? describe(session, Date.now());
    const said = [word, detail].filter((part) => part !== '').join(' · ');
    const text = explanationText(session.name, said, explanation, Date.now());
    await documents.show(`why:${session.id}`, `${oneLine(session.name, 60)}: why`, text);
  });

  commands.register('codeManager.audit.show', async () => {
    const entries = await link.request('audit/list', { limit: AUDIT_ENTRIES });
    const text = auditText(entries, (id) => tools.nameOf(id), AUDIT_ENTRIES);
    await documents.show('audit', 'Audit Log', text);
  });

  commands.register('codeManager.policy.off', async () => {
    const before = link.snapshot.policy;
    if (before.off) return await offerOn(services, 'Auto-approval is off already.', before);
    if (before.inForce === 0) {
      void say('info', 'No rule allows anything now.');
      return;
    }
    const after = await link.request('policy/off', { off: true });
    const rules = before.rules.length === 1 ? '1 rule is' : `${before.rules.length} rules are`;
    await offerOn(services, `Auto-approval is off: ${rules} out of force.`, after);
  });
}

/** Says that it is off, and where that may not be so. Whoever did not mean it turns it on again from there. */
async function offerOn({ link }: Services, message: string, { problems }: PolicyState): Promise<void> {
  const on = 'Turn On Again';
  const [problem] = problems;
  const action =
    problem === undefined
      ? await say('info', message, on)
      : await say('warning', `${message} ${oneLine(problem, 200)}`, on);
  if (action === on) await link.request('policy/off', { off: false });
}
