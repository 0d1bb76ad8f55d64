import { stripTerminal } from '../../../common/terminalText.js';
import type { PolicyDraft } from '../../../protocol/policy.js';
import { quotePosix } from '../../../common/quote.js';

/** A rule as one line for people: `allow shell npm test`. What it is about besides is told by the columns around it. */
export function ruleText({ effect, actions, command, path, hosts }: PolicyDraft): string {
  const parts = [
    effect,
    actions.join(', ') || (command === null ? 'everything' : 'shell'),
    ...(command === null ? [] : [command.map(word).join(' ')]),
    ...(path === null ? [] : [`in ${path}`]),
    ...(hosts === null ? [] : [`at ${hosts.join(', ')}`]),
  ];
  return stripTerminal(parts.join(' '));
}

function word(text: string): string {
  return /^[\w./:=@%+,-]+$/u.test(text) ? text : quotePosix(text);
}
