import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { CodeManagerError } from '../../protocol/errors.js';
import { linkedSession } from '../../protocol/sessionLink.js';
import type { Services } from './services.js';
import { showSession } from './watchCommands.js';

/**
 * Follows links to sessions, which `notify` programs get. Any page can have one opened, so it does nothing but show: no
 * agent server is started for who has none, nothing is answered, attached to, or taken for looked at.
 */
export function followLinks(services: Services): vscode.Disposable {
  const { link, home, problems } = services;
  const follow = async (uri: vscode.Uri): Promise<void> => {
    const id = linkedSession(uri);
    if (id === undefined) throw new CodeManagerError('invalid', 'This link leads to no session');
    const nothing = (): never => {
      throw new CodeManagerError('notFound', 'There is no session for this link', {
        hint: 'It may have been deleted, or run on another computer.',
      });
    };
    if (!link.isLoaded) await access(join(home, 'contexts.json')).catch(nothing);
    link.open();
    await link.untilKnown();
    const session = link.session(id) ?? (await link.request('session/get', { session: id }).catch(nothing));
    await showSession(services, session);
  };
  return vscode.window.registerUriHandler({
    handleUri: (uri) => follow(uri).catch((error: unknown) => problems.show(error, 'link')),
  });
}
