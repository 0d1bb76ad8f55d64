import type { ManageVerb } from './policy.js';

/** What a request does, as far as it matters who asks. `words` say it after "may not". */
export type Access =
  /** A request that changes nothing, or only the connection on which it came. */
  | { readonly kind: 'read' }
  /** About one session: its own business. */
  | { readonly kind: 'own'; readonly words: string }
  /** What a rule can allow a session. */
  | { readonly kind: 'manage'; readonly verb: ManageVerb; readonly words: string }
  /** For people alone. */
  | { readonly kind: 'person'; readonly words: string };

export const READ: Access = { kind: 'read' };
export const person = (words: string): Access => ({ kind: 'person', words });
export const manage = (verb: ManageVerb, words: string): Access => ({ kind: 'manage', verb, words });
