import type { BaseAgent, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import type { Ssh2 } from './loadSsh2.js';

export type Hash = SigningRequestOptions['hash'];

/** An agent with a single key whose signatures are made by `sign`. */
export function identityAgent(
  ssh2: Ssh2,
  key: ParsedKey,
  sign: (data: Buffer, hash: Hash) => Promise<Buffer>,
): BaseAgent {
  return new (class extends ssh2.BaseAgent<ParsedKey> {
    getIdentities(done: (error?: Error | null, keys?: ParsedKey[]) => void): void {
      done(null, [key]);
    }
    sign(_key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
      const answer = typeof options === 'function' ? options : done;
      const hash = typeof options === 'function' ? undefined : options.hash;
      sign(data, hash).then(
        (signature) => answer?.(null, signature),
        (error: unknown) => answer?.(error instanceof Error ? error : new Error(String(error))),
      );
    }
  })();
}

/** Signs with a key that an agent holds. */
export function signByAgent(agent: BaseAgent | undefined, key: ParsedKey, data: Buffer, hash: Hash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (agent === undefined) return reject(new Error('there is no agent'));
    agent.sign(key, data, hash === undefined ? {} : { hash }, (error, signature) => {
      if (signature === undefined) reject(error ?? new Error('the agent does not sign'));
      else resolve(signature);
    });
  });
}
