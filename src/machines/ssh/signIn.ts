import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent, KeyboardInteractiveAuthMethod, ParsedKey } from 'ssh2';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { Question } from '../../protocol/question.js';
import { findIdentities, type Identity } from './identities.js';
import { identityAgent, signByAgent } from './identityAgent.js';
import type { Ssh2 } from './loadSsh2.js';
import { shownCommand } from './shownCommand.js';
import type { EffectiveConfig, SignInMethod } from './sshConfig.js';
import { SshFailure } from './sshFailure.js';

/** Answers by a person that a host may refuse, one after the other, before we give up: accounts lock. */
const MAX_TRIES = 2;
const MAX_PASSPHRASES = 3;
const MAX_PROMPTS = 10;

export type Ask = (question: Omit<Question, 'id' | 'machine' | 'timeoutMs'>) => Promise<string | null>;

export interface SignInOptions {
  readonly ssh2: Ssh2;
  readonly config: EffectiveConfig;
  /** `user@host` as people see it. */
  readonly target: string;
  /** Absolute path of the key file that was asked for. */
  readonly keyFile: string | undefined;
  /** Undefined when nobody can be asked. */
  readonly ask: Ask | undefined;
  readonly note: (sentence: string) => void;
  /** Gives up at once: for answers that never come. */
  readonly abort: (failure: SshFailure) => void;
}

/** Goes through the ways to sign in, in the order of the configuration, as far as the host accepts them. */
export class SignIn {
  readonly #options: SignInOptions;
  readonly #agent: BaseAgent | undefined;
  #identities: Promise<Identity[]> | undefined;
  #offered = 0;
  #started = false;
  /** Methods that the host still accepts. */
  #left: readonly string[] = [];
  /** The method that a person answered last, and how often the host refused an answer. */
  #answered: SignInMethod | undefined;
  #refusals = 0;
  /** Methods that were refused without a question. */
  readonly #mute = new Set<SignInMethod>();
  #current: AnyAuthMethod['type'] = 'none';
  #said = '';
  /** What keeps keys from being offered. */
  readonly #notes: string[] = [];
  #method = 'no proof';
  #failure: SshFailure | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
    const { identityAgent } = options.config;
    this.#agent = identityAgent === undefined ? undefined : options.ssh2.createAgent(identityAgent);
  }

  /** Why it gave up. */
  get failure(): SshFailure | undefined {
    return this.#failure;
  }

  /** What it signed in with, in words. */
  get method(): string {
    return this.#method;
  }

  /** The host's own words, neutralised: a banner, or instructions. */
  get said(): string {
    return this.#said;
  }

  readonly handler: AuthHandlerMiddleware = (_left, _partial, next) => {
    this.#next().then(
      (method) => {
        this.#current = method.type;
        next(method);
      },
      (error: unknown) => {
        this.#failure =
          error instanceof SshFailure ? error : new SshFailure('signInRefused', String(error), { cause: error });
        // The library takes false for "no more", which its types do not know.
        next(false as unknown as AnyAuthMethod);
      },
    );
  };

  /** The host refused what was tried, or with `partial` accepted it and wants more. */
  refused(methods: readonly string[], partial: boolean): void {
    this.#left = methods;
    if (partial) {
      this.#refusals = 0;
      this.#answered = undefined;
    } else if (this.#current === this.#answered) {
      this.#refusals++;
    } else if (this.#current === 'keyboard-interactive') {
      this.#mute.add('keyboard-interactive');
    }
  }

  heard(text: string): void {
    const line = truncate(stripTerminal(text), 500);
    if (line !== '') this.#said = line;
  }

  async #next(): Promise<AnyAuthMethod> {
    const { config, ask } = this.#options;
    const username = config.user;
    if (!this.#started) {
      this.#started = true;
      // Only asks what the host accepts.
      return { type: 'none', username };
    }
    for (const method of config.methods.filter((name) => this.#left.includes(name))) {
      if (method === 'publickey') {
        const identity = await this.#nextIdentity();
        if (identity === undefined) continue;
        this.#method = identity.source === 'agent' ? `key ${identity.label} of the agent` : `key ${identity.label}`;
        return { type: 'agent', username, agent: await this.#agentOf(identity) };
      }
      // Where one of these was answered and refused, the other would only ask for the same again.
      if (ask === undefined || this.#mute.has(method) || (this.#answered ?? method) !== method) continue;
      if (this.#refusals >= MAX_TRIES) break;
      this.#method = method === 'password' ? 'password' : 'answers to its questions';
      if (method === 'password') return { type: method, username, password: await this.#password(ask) };
      return { type: method, username, prompt: this.#keyboard(ask) };
    }
    throw this.#refusal();
  }

  async #nextIdentity(): Promise<Identity | undefined> {
    const { ssh2, config, keyFile } = this.#options;
    this.#identities ??= findIdentities(ssh2, config, this.#agent, {
      explicit: keyFile,
      warn: (sentence) => this.#note(sentence),
    });
    const identity = (await this.#identities)[this.#offered];
    if (identity !== undefined) this.#offered++;
    return identity;
  }

  /** One key at a time, as an agent: so a passphrase is asked for only when the host accepts the key. */
  async #agentOf({ publicKey, file }: Identity): Promise<BaseAgent> {
    let unlocked = publicKey === undefined && file !== undefined ? await this.#privateKey(file) : undefined;
    const key = publicKey ?? unlocked;
    if (key === undefined) throw this.#refusal();
    return identityAgent(this.#options.ssh2, key, async (data, hash) => {
      if (file === undefined) return await signByAgent(this.#agent, key, data, hash);
      unlocked ??= await this.#privateKey(file);
      const signature: Buffer | Error = unlocked.sign(data, hash);
      if (signature instanceof Error) throw signature;
      return signature;
    });
  }

  #note(sentence: string): void {
    this.#notes.push(sentence);
    this.#options.note(sentence);
  }

  async #privateKey({ path, content, encrypted }: NonNullable<Identity['file']>): Promise<ParsedKey> {
    const { ssh2, ask, abort } = this.#options;
    for (let attempt = 0; ; attempt++) {
      let passphrase: string | undefined;
      if (encrypted) {
        const text = attempt === 0 ? '' : 'That passphrase does not fit.';
        const title = `Passphrase of ${stripTerminal(path)}`;
        const answer = await ask?.({ kind: 'passphrase', title, text, secret: true });
        if (answer === undefined || answer === null) {
          const failure = new SshFailure('signInNeeded', `The passphrase of ${path} is needed`, {
            hint: `Sign in again and give it, or add the key to the agent: ${shownCommand('ssh-add', path)}`,
            command: shownCommand('ssh-add', path),
          });
          abort(failure);
          throw failure;
        }
        passphrase = answer;
      }
      const parsed = ssh2.utils.parseKey(content, passphrase) as ParsedKey | ParsedKey[] | Error;
      const key = Array.isArray(parsed) ? parsed[0] : parsed;
      if (key !== undefined && !(key instanceof Error)) return key;
      if (!encrypted || attempt + 1 >= MAX_PASSPHRASES) throw key ?? new Error(`${path} holds no key`);
    }
  }

  async #password(ask: Ask): Promise<string> {
    const answer = await ask({
      kind: 'password',
      title: `Password of ${this.#options.target}`,
      text: this.#refusals === 0 ? this.#said : 'That password was not accepted.',
      secret: true,
    });
    if (answer === null) throw this.#unanswered();
    this.#answered = 'password';
    return answer;
  }

  #keyboard(ask: Ask): KeyboardInteractiveAuthMethod['prompt'] {
    let rounds = 0;
    return (name, instructions, _lang, prompts, finish) => {
      const answerAll = async (): Promise<void> => {
        this.heard([name, instructions].filter((text) => text.trim() !== '').join(': '));
        // A host that asks on and on gets no further answers.
        if (prompts.length > MAX_PROMPTS || ++rounds > MAX_PROMPTS) throw this.#refusal();
        const answers: string[] = [];
        for (const { prompt, echo } of prompts) {
          const words = truncate(stripTerminal(prompt), 200);
          const isPassword = echo !== true && /password/i.test(words) && !/one[- ]time|otp|token|code/i.test(words);
          const answer = await ask({
            kind: isPassword ? 'password' : 'code',
            title: isPassword
              ? `Password of ${this.#options.target}`
              : `${words || 'Answer'} (${this.#options.target})`,
            text: this.#refusals === 0 ? this.#said : 'That was not accepted.',
            secret: echo !== true,
          });
          if (answer === null) throw this.#unanswered();
          this.#answered = 'keyboard-interactive';
          answers.push(answer);
        }
        finish(answers);
      };
      answerAll().catch((error: unknown) => {
        this.#options.abort(error instanceof SshFailure ? error : this.#refusal());
      });
    };
  }

  /** The host lets in only with a new password, which is better chosen in a terminal. */
  passwordExpired(prompt: string): SshFailure {
    const { config, target } = this.#options;
    this.heard(prompt);
    const port = config.port === 22 ? [] : ['-p', String(config.port)];
    const command = shownCommand('ssh', ...port, `${config.user}@${config.hostName}`);
    return new SshFailure('accountExpired', `${target} wants a new password. It says: ${this.#said}`, {
      hint: `Choose one there: ${command}`,
      command,
    });
  }

  #unanswered(): SshFailure {
    return new SshFailure('signInNeeded', `Nobody answered what ${this.#options.target} asked`, {
      hint: 'Connect again and answer.',
    });
  }

  #refusal(): SshFailure {
    const { config, target, ask } = this.#options;
    const expired = /expired/i.test(this.#said);
    const said = this.#said === '' ? '' : ` It says: ${this.#said}`;
    if (expired) return new SshFailure('accountExpired', `${target} lets nobody in with an expired account.${said}`);
    const byPerson = this.#left.filter((method) => method === 'password' || method === 'keyboard-interactive');
    if (ask === undefined && byPerson.length > 0) {
      return new SshFailure(
        'signInNeeded',
        `${target} asks for a ${byPerson.includes('password') ? 'password' : 'code'}`,
        {
          hint: 'Connect to it by hand once, where you can be asked.',
        },
      );
    }
    if (this.#refusals > 0) {
      return new SshFailure('signInRefused', `${target} did not accept what was answered.${said}`, {
        hint: 'Connect again when you know the right answer: a host may lock the account after some more.',
      });
    }
    const keys =
      this.#offered === 0
        ? 'there is no key to offer'
        : `it refused ${this.#offered === 1 ? 'the key' : `all ${this.#offered} keys`} offered`;
    const port = config.port === 22 ? [] : ['-p', String(config.port)];
    const copy = shownCommand('ssh-copy-id', ...port, `${config.user}@${config.hostName}`);
    return new SshFailure(
      'signInRefused',
      `${target} let nobody in: ${keys}.${said}${this.#notes.map((note) => ` ${note}.`).join('')}`,
      {
        hint: `Give the right key file, add the key to the agent by ssh-add, or install it there: ${copy}`,
        command: copy,
      },
    );
  }
}
