import { stripTerminal } from '../../common/terminalText.js';
import {
  addKnownHost,
  fingerprint,
  judgeHostKey,
  keyType,
  knownHostName,
  knownTypes,
  type KnownHostLine,
} from './knownHosts.js';
import { shownCommand } from '../../common/shownCommand.js';
import type { Ask } from './signIn.js';
import type { EffectiveConfig } from './sshConfig.js';
import { ConnectionFailure } from '../connectionFailure.js';

/** Algorithms of a host key by the type of the key. */
const RSA = ['rsa-sha2-512', 'rsa-sha2-256'];

/** Decides about the key of one host: what known_hosts says, and a person where it says nothing. */
export class HostKeyCheck {
  readonly #config: EffectiveConfig;
  readonly #ask: Ask | undefined;
  readonly #lines: readonly KnownHostLine[];
  readonly #names: readonly string[];
  #accepted: Buffer | undefined;
  #toAdd: Buffer | undefined;

  constructor(config: EffectiveConfig, ask: Ask | undefined, lines: readonly KnownHostLine[]) {
    this.#config = config;
    this.#ask = ask;
    this.#lines = lines;
    // A key that is known for the host without its port is known for the host.
    this.#names =
      config.hostKeyAlias === undefined
        ? [knownHostName(config.hostName, config.port), config.hostName.toLowerCase()]
        : [config.hostKeyAlias.toLowerCase()];
  }

  /** The algorithms to offer: first those of the keys that are known, or a known host would show another key. */
  order(algorithms: readonly string[]): string[] {
    const known = knownTypes(this.#lines, this.#names).flatMap((type) =>
      type === 'ssh-rsa' ? [...RSA, type] : [type],
    );
    return [
      ...algorithms.filter((name) => known.includes(name)),
      ...algorithms.filter((name) => !known.includes(name)),
    ];
  }

  /**
   * Resolves when the key may be trusted; says so in a few words.
   * @throws ConnectionFailure `hostKeyChanged`, `hostKeyRevoked`, `hostKeyUnknown`
   */
  async check(key: Buffer): Promise<string> {
    // Keys are exchanged again in a long connection.
    if (this.#accepted?.equals(key) === true) return 'known';
    const { alias, strictHostKeys } = this.#config;
    const print = `${keyName(key)} ${fingerprint(key)}`;
    const verdict = judgeHostKey(this.#lines, this.#names, key);
    switch (verdict.kind) {
      case 'known':
        this.#accepted = key;
        return print;
      case 'revoked':
        throw new ConnectionFailure('hostKeyRevoked', `${alias} showed a key that is revoked: ${print}`, {
          hint: `It is marked so in ${verdict.file}:${verdict.line}.`,
        });
      case 'changed': {
        const command = shownCommand('ssh-keygen', '-R', this.#names[0] ?? alias, '-f', verdict.file);
        throw new ConnectionFailure(
          'hostKeyChanged',
          `${alias} showed another key than the one in ${verdict.file}:${verdict.line}: ${print}`,
          {
            hint: `Somebody may be in between. If you know that the host has a new key, remove the old one: ${command}`,
            command,
          },
        );
      }
      case 'unknown': {
        if (strictHostKeys !== 'accept-new') {
          const answer =
            strictHostKeys === 'yes'
              ? undefined
              : await this.#ask?.({
                  kind: 'hostKey',
                  title: `Trust the key of ${alias}?`,
                  text: [
                    print,
                    ...(verdict.otherTypes.length > 0
                      ? [`The host is known by another kind of key (${verdict.otherTypes.map(shortType).join(', ')}).`]
                      : []),
                    ...(verdict.authority ? ['known_hosts names an authority for it, which is not checked here.'] : []),
                  ].join('\n'),
                  secret: false,
                });
          if (answer !== 'yes') throw this.#unknown(print, answer);
        }
        this.#accepted = key;
        this.#toAdd = key;
        return `${print} (new)`;
      }
    }
  }

  /** Keeps a key that was accepted. Call it when the host has proved that the key is its own. */
  async remember(): Promise<string | undefined> {
    const key = this.#toAdd;
    this.#toAdd = undefined;
    const file = this.#config.userKnownHosts.find((path) => path !== '/dev/null');
    if (key === undefined || file === undefined) return undefined;
    await addKnownHost(file, this.#names[0] ?? this.#config.alias, key, { hash: this.#config.hashKnownHosts });
    return file;
  }

  #unknown(print: string, answer: string | null | undefined): ConnectionFailure {
    const { alias, port, hostName, strictHostKeys } = this.#config;
    const command = shownCommand('ssh-keyscan', ...(port === 22 ? [] : ['-p', String(port)]), hostName);
    if (answer !== undefined) {
      return new ConnectionFailure('hostKeyUnknown', `The key of ${alias} was not accepted: ${print}`, {
        hint: 'Connect again and answer yes to trust it.',
      });
    }
    return new ConnectionFailure('hostKeyUnknown', `${alias} is not known: it showed ${print}`, {
      hint:
        strictHostKeys === 'yes'
          ? `StrictHostKeyChecking refuses unknown hosts. Compare the key that ${command} prints and add it to known_hosts.`
          : 'Connect where you can be asked, and answer yes to trust it.',
    });
  }
}

function keyName(key: Buffer): string {
  return shortType(keyType(key));
}

/** `ED25519`, as ssh calls it. */
function shortType(type: string): string {
  const name = /^(?:sk-)?(?:ssh|ecdsa)-(ed25519|rsa|dss|sha2-nistp\d+)/.exec(type)?.[1];
  if (name === undefined) return stripTerminal(type) || 'unknown';
  return name.startsWith('sha2') ? 'ECDSA' : name.toUpperCase();
}
