import type { AuditEntry } from './audit.js';

/** A name of a client that is not taken for what this server knows. */
const PLAIN_NAME = /^(?!rule\b|token\b|no rule\b)[\p{L}\d][\p{L}\d .-]*$/iu;

/** Who decided, in words for people, not neutralised. */
export function whoDecided({ by, from }: Pick<AuditEntry, 'by' | 'from'>): string {
  const who = decider(by);
  if (from === undefined || from.type === 'user') return who;
  return from.type === 'token' ? `token ${JSON.stringify(from.name)}: ${who}` : `${who}, from inside ${from.name}`;
}

/** What a client calls itself stands in quotation marks where it could deceive. */
function decider(by: AuditEntry['by']): string {
  if (by.type === 'policy') return `rule ${by.rule}`;
  if (by.type === 'boundary') return 'no rule';
  return PLAIN_NAME.test(by.client) ? by.client : JSON.stringify(by.client);
}
