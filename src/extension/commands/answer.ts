import * as vscode from 'vscode';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Session } from '../../protocol/session.js';
import { labelText, oneLine } from '../model/plainText.js';
import { contextName, sessionName } from '../model/sessionLabel.js';
import { inputStep, pickStep } from '../quickInput/steps.js';
import type { Services } from './services.js';
import { rowOf } from './targets.js';

const ATTACH_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('terminal'),
  tooltip: 'Attach Instead',
};

/**
 * Shows what a session waits for and gives it the person's answer. An answer reaches only the question that was shown:
 * when another one waits by then, that one is shown first.
 */
export async function answer(services: Services, given: Session): Promise<void> {
  let session = given;
  let note = '';
  for (;;) {
    const { waiting } = session;
    if (waiting === null) throw new CodeManagerError('conflict', `${oneLine(session.name)} needs no input`);
    const text = await ask(services, session, note);
    if (text === undefined) return;
    if (text === 'attach') return await services.attachments.attach(session);
    const current = services.link.session(session.id);
    if (current !== undefined && isSameQuestion(session, current)) {
      await services.link.request('session/send', { session: session.id, text: text.value, force: true });
      return;
    }
    if (current?.waiting == null) {
      void vscode.window.showInformationMessage(`${oneLine(session.name)} no longer waits for this answer.`);
      return;
    }
    session = current;
    note = 'The request has changed. ';
  }
}

function isSameQuestion(shown: Session, current: Session): boolean {
  return (
    current.changed === shown.changed &&
    current.waiting?.kind === shown.waiting?.kind &&
    current.waiting?.text === shown.waiting?.text
  );
}

async function ask(
  services: Services,
  session: Session,
  note: string,
): Promise<'attach' | { readonly value: string } | undefined> {
  const row = rowOf(services, session);
  const place = `${labelText(contextName(row))}${row.isHere ? '' : ` @${labelText(row.machineName)}`}`;
  const kind = session.waiting?.kind ?? 'question';
  const title = `${sessionName(session)} · ${kind} · ${place}`;
  const asked = oneLine(session.waiting?.text ?? '', 200);
  if (kind !== 'question') {
    const picked = await pickStep({
      title,
      placeholder: `${note}${asked === '' ? row.description.detail : asked}`,
      items: [
        {
          iconPath: new vscode.ThemeIcon('terminal'),
          label: 'Attach',
          description: 'read it and answer in the terminal',
          value: 'attach' as const,
        },
        {
          iconPath: new vscode.ThemeIcon('comment'),
          label: 'Send Text…',
          description: 'type a line and press Enter',
          value: 'send' as const,
        },
      ],
    });
    if (picked.kind !== 'next') return undefined;
    if (picked.value.value === 'attach') return 'attach';
  }
  const result = await inputStep({
    title,
    placeholder: 'Your answer',
    prompt: `${note}${asked}`,
    buttons: [ATTACH_BUTTON],
  });
  if (result.kind === 'button') return 'attach';
  return result.kind === 'next' ? { value: result.value } : undefined;
}
