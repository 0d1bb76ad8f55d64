import * as vscode from 'vscode';
import { errorText, toCodeManagerError } from '../../protocol/errors.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { PolicyDraft } from '../../protocol/policy.js';
import type { Session } from '../../protocol/session.js';
import type { Services } from '../commands/services.js';
import { say } from '../editor/say.js';
import { rowOf } from '../commands/targets.js';
import { oneLine } from '../../view/plainText.js';
import { wrap } from '../../view/requestText.js';
import { contextName, sessionName } from '../../view/sessionLabel.js';
import { ruleChoices, ruleParts, type RulePart, type RuleScene } from '../../view/ruleDraft.js';
import { pickStep } from '../quickInput/steps.js';

interface Item extends vscode.QuickPickItem {
  readonly does: RulePart | 'save' | undefined;
}

const ICONS = { what: 'shield', where: 'folder', agent: 'robot', until: 'watch', count: 'symbol-number' } as const;

/** Shows the rule that would allow a request, lets the person change each part of it, and saves it when they say so. */
export async function alwaysAllow(
  services: Services,
  session: Session,
  request: PendingRequest,
): Promise<'saved' | 'back' | 'left'> {
  const { link, tools } = services;
  const proposed = await propose(services, session, request);
  if (proposed === undefined) return 'back';
  const scene: RuleScene = {
    session,
    contextId: session.contextId,
    contextName: contextName(rowOf(services, session)),
    toolName: tools.nameOf(session.tool),
    now: Date.now(),
  };
  const title = `Always Allow · ${sessionName(session)}`;
  let draft = proposed;
  let changed: RulePart = 'what';
  for (;;) {
    const result = await pickStep<Item>({
      title,
      placeholder: 'What agents may do without asking you; choose a part to change it',
      canGoBack: true,
      items: ruleItems(draft, scene, link.snapshot.policy.off),
      active: ({ does }) => does === changed,
      staysOpen: true,
    });
    if (result.kind === 'back') return 'back';
    if (result.kind !== 'next' || result.value.does === undefined) return 'left';
    if (result.value.does === 'save') {
      await link.request('policy/add', { rule: draft });
      if (link.snapshot.policy.off) await link.request('policy/off', { off: false });
      return 'saved';
    }
    changed = result.value.does;
    draft = await changePart(title, changed, proposed, draft, scene);
  }
}

/** Undefined when no rule could allow it, which the person is told, or when another request is pending. */
async function propose(
  { link }: Services,
  session: Session,
  request: PendingRequest,
): Promise<PolicyDraft | undefined> {
  try {
    return await link.request('policy/propose', { session: session.id, request: request.id });
  } catch (error) {
    const { code } = toCodeManagerError(error);
    if (code === 'conflict') return undefined;
    if (code !== 'invalid') throw error;
    void say('info', errorText(error));
    return undefined;
  }
}

/** What it will allow, part by part. What is active at first saves nothing. */
function ruleItems(draft: PolicyDraft, scene: RuleScene, isOff: boolean): Item[] {
  return [
    ...ruleParts(draft, scene).flatMap(({ part, text }) =>
      wrap(oneLine(text, 4000)).map((row, index): Item => ({
        label: row,
        iconPath: new vscode.ThemeIcon(index === 0 ? ICONS[part] : 'blank'),
        does: part,
      })),
    ),
    { label: '', kind: vscode.QuickPickItemKind.Separator, does: undefined },
    {
      label: isOff ? 'Save Rule, Turn Auto-Approval On and Allow' : 'Save Rule and Allow',
      iconPath: new vscode.ThemeIcon('save'),
      does: 'save',
    },
  ];
}

async function changePart(
  title: string,
  part: RulePart,
  proposed: PolicyDraft,
  draft: PolicyDraft,
  scene: RuleScene,
): Promise<PolicyDraft> {
  const choices = ruleChoices(part, proposed, draft, scene);
  if (choices.length < 2) return draft;
  const items = choices.map(({ label, change, isCurrent }) => ({ label: oneLine(label, 300), change, isCurrent }));
  const result = await pickStep({
    title,
    placeholder: 'The narrowest first',
    canGoBack: true,
    items,
    active: ({ isCurrent }) => isCurrent,
    staysOpen: true,
  });
  return result.kind === 'next' ? { ...draft, ...result.value.change } : draft;
}
