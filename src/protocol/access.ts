import type { ManageVerb } from './policy.js';
import type { Method, Params } from './requests.js';

/** What a request does, as far as it matters who asks. `words` say it after "may not". */
export type Access =
  /** It changes nothing, or only the connection on which it came. */
  | { readonly kind: 'read' }
  /** About one session: its own business. */
  | { readonly kind: 'own'; readonly words: string }
  /** What a rule can allow a session. */
  | { readonly kind: 'manage'; readonly verb: ManageVerb; readonly words: string }
  /** For people alone. */
  | { readonly kind: 'person'; readonly words: string };

type Rule<M extends Method> = Access | ((params: Params<M>) => Access);

const READ: Access = { kind: 'read' };
const person = (words: string): Access => ({ kind: 'person', words });
const manage = (verb: ManageVerb, words: string): Access => ({ kind: 'manage', verb, words });
const CONTEXTS = person('change contexts');
const MACHINES = person('reach machines');
const RULES = person('change rules');
const TOKENS = person('change tokens');
const ATTACH = person('type into sessions');

/** Every request by what it does. */
const ACCESS: { readonly [M in Method]: Rule<M> } = {
  initialize: READ,
  ping: READ,
  'context/list': READ,
  'context/get': READ,
  'context/add': CONTEXTS,
  'context/forPath': ({ create }) => (create ? CONTEXTS : READ),
  'context/edit': CONTEXTS,
  'context/remove': CONTEXTS,
  // Tests connect what a person has disconnected, and look into folders with the person's keys.
  'context/test': MACHINES,
  'machine/list': READ,
  'machine/connect': MACHINES,
  'machine/disconnect': MACHINES,
  'machine/test': MACHINES,
  'machine/install': MACHINES,
  'machine/folders': MACHINES,
  'machine/hosts': READ,
  'question/answer': person('answer questions'),
  // Of what the same connection has begun.
  'operation/cancel': READ,
  'tool/list': READ,
  'screen/judge': READ,
  'session/create': manage('start', 'start sessions'),
  'session/list': READ,
  'session/get': READ,
  // By force it goes into a dialog, and a key can answer one.
  'session/send': ({ force }) => (force ? person('answer requests') : manage('send', 'send text to sessions')),
  'session/key': person('press keys in sessions'),
  'session/answer': person('answer requests'),
  'session/interrupt': manage('stop', 'stop sessions'),
  'session/stop': manage('stop', 'stop sessions'),
  'session/kill': manage('stop', 'stop sessions'),
  'session/rename': { kind: 'own', words: 'rename other sessions' },
  'session/update': person('mark sessions'),
  'session/archive': person('archive sessions'),
  'session/purge': person('delete sessions'),
  'session/attach': ({ readOnly }) => (readOnly ? READ : ATTACH),
  'terminal/open': ({ readOnly }) => (readOnly ? READ : ATTACH),
  'terminal/resize': READ,
  'terminal/close': READ,
  'session/transcript': READ,
  'session/resume': manage('start', 'start sessions'),
  'session/explain': READ,
  'session/changes': READ,
  'session/trustGit': person('trust repositories'),
  'log/subscribe': READ,
  'log/unsubscribe': READ,
  'log/info': READ,
  'audit/list': READ,
  'policy/list': READ,
  'policy/add': RULES,
  'policy/remove': RULES,
  'policy/test': READ,
  'policy/off': RULES,
  'policy/propose': READ,
  'server/status': READ,
  'server/problems': READ,
  'server/stop': person('stop the agent server'),
  'doctor/run': READ,
  'token/list': READ,
  'token/new': TOKENS,
  'token/revoke': TOKENS,
};

/** What a request with these parameters does. */
export function accessOf<M extends Method>(method: M, params: Params<M>): Access {
  const rule: Rule<M> = ACCESS[method];
  return typeof rule === 'function' ? rule(params) : rule;
}
