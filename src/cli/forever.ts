import type { Client } from '../client/api.js';

/**
 * Keeps a command going until the process is ended, through restarts of the agent server. Rejects when there is no
 * connection to be had: at the beginning with the first failure, later only when it is final.
 *
 * @param subscribe registers what the command listens to, before anything can come
 */
export async function forever(client: Client, subscribe: (fail: (error: unknown) => void) => void): Promise<never> {
  return new Promise((_, reject) => {
    let wasConnected = false;
    subscribe(reject);
    client.onDidChangeState((state) => {
      wasConnected ||= state.kind === 'connected';
      if (state.kind === 'disconnected' && (state.final || !wasConnected)) reject(state.error);
    });
  });
}
