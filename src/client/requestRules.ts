import type { Method } from '../protocol/requests.js';

/**
 * Whether a request may be sent again when the connection broke before its answer: it only reads, or a second time
 * changes nothing (`session/create` and `session/resume` by their request ids). The others might type, press or delete twice.
 */
const REPEATABLE = {
  initialize: false,
  ping: true,
  'context/list': true,
  'context/get': true,
  'context/add': false,
  'context/forPath': true,
  'context/edit': true,
  'context/remove': false,
  'context/test': true,
  'machine/list': true,
  'machine/connect': true,
  'machine/disconnect': true,
  'machine/test': true,
  'machine/install': false,
  'machine/folders': true,
  'machine/hosts': true,
  'question/answer': false,
  'operation/cancel': true,
  'tool/list': true,
  'screen/judge': true,
  'session/create': true,
  'session/list': true,
  'session/get': true,
  'session/send': false,
  'session/key': false,
  'session/answer': false,
  'session/interrupt': false,
  'session/stop': true,
  'session/kill': true,
  'session/rename': true,
  'session/update': true,
  'session/archive': false,
  'session/purge': false,
  'session/attach': true,
  // Terminals belong to one connection.
  'terminal/open': false,
  'terminal/resize': false,
  'terminal/close': false,
  'session/transcript': true,
  'session/resume': true,
  'session/changes': true,
  'session/trustGit': true,
  'session/explain': true,
  // Subscriptions belong to one connection; whoever follows a log subscribes anew.
  'log/subscribe': false,
  'log/unsubscribe': false,
  'log/info': true,
  'audit/list': true,
  'policy/list': true,
  'policy/add': false,
  'policy/remove': false,
  'policy/test': true,
  'policy/off': true,
  'policy/propose': true,
  'server/status': true,
  'server/stop': false,
  'doctor/run': true,
  'server/problems': true,
  'token/list': true,
  'token/new': false,
  'token/revoke': false,
} as const satisfies Record<Method, boolean>;

/** It may be asked again when its answer did not come. */
export function isRepeatable(method: Method): boolean {
  return REPEATABLE[method];
}
