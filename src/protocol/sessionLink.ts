import { SESSION_ID_PATTERN } from '../common/ids.js';

/** As the editor knows our extension. */
const EXTENSION = 'code-manager.code-manager';

/** Opens a session in VS Code, wherever it is clicked: its row and its log, nothing more. */
export function sessionLink(id: string): string {
  return `vscode://${EXTENSION}/session/${id}`;
}

/**
 * The session that such a link names. Anybody may have made it, a page among them: undefined for everything but the one
 * form that we make.
 */
export function linkedSession(link: {
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}): string | undefined {
  if (link.query !== '' || link.fragment !== '') return undefined;
  const [, id] = /^\/session\/([^/]+)$/.exec(link.path) ?? [];
  return id !== undefined && SESSION_ID_PATTERN.test(id) ? id : undefined;
}
