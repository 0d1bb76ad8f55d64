import { inTheirWords, whyCut } from '../../common/whyFailed.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { SignIn } from './signIn.js';
import type { EffectiveConfig } from './sshConfig.js';
import { ConnectionFailure } from '../connectionFailure.js';
import { speaksSsh, type Wire } from './wire.js';

export interface ClosedContext {
  readonly config: EffectiveConfig;
  readonly target: string;
  readonly wire: Wire;
  readonly signIn: SignIn;
  /** The first bytes that came. */
  readonly head: string;
  /** A person was being asked. */
  readonly asking: boolean;
  readonly hadHandshake: boolean;
}

/** Why a connection ended before it was signed in, as far as that can be told. */
export function closedFailure(problem: Error | undefined, context: ClosedContext): ConnectionFailure {
  const { config, target, wire, signIn, head, asking, hadHandshake } = context;
  const place = `${config.hostName} port ${config.port}`;
  const text = truncate(stripTerminal(problem?.message ?? ''), 300);
  const said = signIn.said === '' ? '' : ` It said: “${signIn.said}”`;
  const of = (reason: ConnectionFailure['reason'], message: string, hint?: string): ConnectionFailure =>
    new ConnectionFailure(reason, message, { hint, cause: problem });
  if (config.proxyCommand !== undefined && head === '') {
    const why = wire.said();
    return of(
      'configuration',
      `The ProxyCommand for ${config.alias} made no connection: ${inTheirWords(why)}`,
      'Run that command by hand to see why, and mend it in the ssh configuration.',
    );
  }
  if (head === '') {
    return of(
      'notSsh',
      `${place} hung up without a word`,
      'Too many may be signing in there at once, or it refuses this address.',
    );
  }
  if (!speaksSsh(head)) {
    const line = truncate(stripTerminal(head.split('\n')[0] ?? ''), 100);
    return of('notSsh', `${place} does not speak ssh: it said "${line}"`, 'Check the port.');
  }
  if (/no matching/.test(text) || /^SSH-1\.(?!99)/m.test(head)) {
    const what = /no matching (.+?)$/.exec(text)?.[1] ?? 'version of the protocol';
    return of(
      'noCommonAlgorithms',
      `${place} and this machine have no ${what} in common`,
      'The host is too old, or its sshd allows too little. ssh -vv shows both lists; KexAlgorithms, Ciphers, MACs and HostKeyAlgorithms of the ssh configuration can add old ones.',
    );
  }
  if (/too many/i.test(text)) {
    return of(
      'tooManyFailures',
      `${target} hung up after too many tries: ${inTheirWords(text)}`,
      'Name the right key by IdentityFile with IdentitiesOnly yes, so that no others are offered.',
    );
  }
  if (asking) return of('signInNeeded', `${target} hung up before the answer came`, 'Connect again and answer sooner.');
  if (/expired/i.test(text + said)) return of('accountExpired', `${target}: the account has expired.${said}`);
  return of(
    'closed',
    `${place} hung up ${hadHandshake ? 'during the sign-in' : 'while keys were exchanged'}${problem === undefined || text === '' ? '' : `: ${whyCut(problem)}`}.${said}`,
  );
}
