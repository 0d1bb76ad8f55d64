import { CodeManagerError } from '../protocol/errors.js';
import type { ClientConnection } from './clientConnection.js';
import type { Handlers } from './handlers.js';
import type { TokenStore } from './tcp/tokenStore.js';

type TokenMethod = 'token/list' | 'token/new' | 'token/revoke';

/** Requests about who may connect over TCP: only from the host itself, so that no token outlives its end by another. */
export function tokenHandlers(tokens: TokenStore): Pick<Handlers, TokenMethod> {
  return {
    'token/list': (_params, connection) => {
      refuseFar(connection);
      return tokens.list();
    },
    'token/new': ({ name }, connection) => {
      refuseFar(connection);
      return tokens.create(name);
    },
    'token/revoke': ({ token }, connection) => {
      refuseFar(connection);
      return tokens.revoke(token);
    },
  };
}

function refuseFar(connection: ClientConnection): void {
  if (connection.token === undefined) return;
  throw new CodeManagerError('unauthorized', 'Tokens are managed on the host of the agent server only', {
    hint: 'Run `cm server token` there.',
  });
}
