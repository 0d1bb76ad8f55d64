import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent, KeyboardInteractiveAuthMethod, ParsedKey } from 'ssh2';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { Question } from '../../protocol/question.js';
import { findIdentities, type Identity } from './identities.js';
import { identityAgent, signByAgent } from './identityAgent.js';
import type { Ssh2 } from './loadSsh2.js';
import type { SignInMemory } from './signInMemory.js';
import { shownCommand } from '../../common/shownCommand.js';
import type { EffectiveConfig, SignInMethod } from './sshConfig.js';
import { ConnectionFailure } from '../connectionFailure.js';

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
  readonly memory: SignInMemory | undefined;
  readonly note: (sentence: string) => void;
  /** Gives up at once: for answers that never come. */
  readonly abort: (failure: ConnectionFailure) => void;
}

/** Goes through the ways to sign in, in the order of the configuration, as far as the host accepts them. */
export class SignIn {
  readonly #options: SignInOptions;
  readonly #agent: BaseAgent | undefined;
  #identities: Promise<Identity[]> | undefined;
  #offered = 0;
  /** The first key file that was offered. */
  #file: string | undefined;
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
  /** What makes a key fit to be offered. */
  #mend: string | undefined;
  /** A password that was given or remembered, until the host has decided. */
  #password: { readonly text: string; readonly remembered: boolean } | undefined;
  #method = 'no proof';
  #failure: ConnectionFailure | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
    const { identityAgent } = options.config;
    this.#agent = identityAgent === undefined ? undefined : options.ssh2.createAgent(identityAgent);
  }

  /** Why it gave up. */
  get failure(): ConnectionFailure | undefined {
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
          error instanceof ConnectionFailure
            ? error
            : new ConnectionFailure('signInRefused', String(error), { cause: error });
        // The library takes false for "no more", which its types do not know.
        next(false as unknown as AnyAuthMethod);
      },
    );
  };

  /** The host let us in: what it accepted may be remembered. */
  accepted(): void {
    if (this.#password !== undefined) this.#options.memory?.keepPassword(this.#place, this.#password.text);
  }

  /** The host refused what was tried, or with `partial` accepted it and wants more. */
  refused(methods: readonly string[], partial: boolean): void {
    this.#left = methods;
    if (partial) {
      this.#refusals = 0;
      this.#answered = undefined;
    } else if (this.#current === this.#answered) {
      this.#refuse();
    } else if (this.#current === 'keyboard-interactive') {
      this.#mute.add('keyboard-interactive');
    }
  }

  #refuse(): void {
    this.#refusals++;
    // A remembered one that is refused would lock the account if it were tried again and again.
    if (this.#password?.remembered === true) this.#options.memory?.forgetPassword(this.#place);
    this.#password = undefined;
  }

  get #place(): string {
    const { user, hostName, port } = this.#options.config;
    return `${user}@${hostName}:${port}`;
  }

  heard(text: string): void {
    const line = truncate(stripTerminal(text), 500);
    if (line !== '') this.#said = line;
  }

  async #next(): Promise<AnyAuthMethod> {
    const { config, ask, memory } = this.#options;
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
      if (this.#mute.has(method) || (this.#answered ?? method) !== method) continue;
      if (this.#refusals >= MAX_TRIES) break;
      if (ask === undefined && memory?.password(this.#place) === undefined) continue;
      this.#method = method === 'password' ? 'password' : 'answers to its questions';
      if (method === 'password') return { type: method, username, password: await this.#givePassword(method) };
      return { type: method, username, prompt: this.#keyboard() };
    }
    throw this.#refusal();
  }

  async #nextIdentity(): Promise<Identity | undefined> {
    const { ssh2, config, keyFile } = this.#options;
    this.#identities ??= findIdentities(ssh2, config, this.#agent, {
      explicit: keyFile,
      warn: (sentence, command) => {
        this.#note(sentence);
        this.#mend ??= command;
      },
    });
    const identity = (await this.#identities)[this.#offered];
    if (identity !== undefined) this.#offered++;
    this.#file ??= identity?.file?.path;
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
    const { ssh2, ask, memory, abort } = this.#options;
    const remembered = memory?.key(path);
    if (remembered !== undefined) return remembered;
    for (let attempt = 0; attempt < (encrypted ? MAX_PASSPHRASES : 1); attempt++) {
      let passphrase: string | undefined;
      if (encrypted) {
        const text = attempt === 0 ? '' : 'That passphrase does not fit.';
        const title = `Passphrase of ${stripTerminal(path)}`;
        passphrase = (await ask?.({ kind: 'passphrase', title, text, secret: true })) ?? undefined;
        if (passphrase === undefined) break;
      }
      const parsed = ssh2.utils.parseKey(content, passphrase) as ParsedKey | ParsedKey[] | Error;
      const key = Array.isArray(parsed) ? parsed[0] : parsed;
      if (key === undefined || key instanceof Error) continue;
      if (encrypted) memory?.keepKey(path, key);
      return key;
    }
    const command = shownCommand('ssh-add', path);
    const failure = new ConnectionFailure('signInNeeded', `The passphrase of ${path} is needed`, {
      hint: `Connect again and give it, or add the key to the agent: ${command}`,
      command,
    });
    abort(failure);
    throw failure;
  }

  /** The remembered password once, else that of the person. */
  async #givePassword(method: SignInMethod): Promise<string> {
    const { memory, ask, target } = this.#options;
    const remembered = this.#refusals === 0 ? memory?.password(this.#place) : undefined;
    const text =
      remembered ?? (await this.#person(ask, { kind: 'password', title: `Password of ${target}`, secret: true }));
    this.#password = { text, remembered: remembered !== undefined };
    this.#answered = method;
    return text;
  }

  /** Puts a question to the person, with what the host said, or that the last answer was refused. */
  async #person(ask: Ask | undefined, question: Omit<Parameters<Ask>[0], 'text'>): Promise<string> {
    if (ask === undefined) throw this.#refusal();
    const answer = await ask({ ...question, text: this.#refusals === 0 ? this.#said : 'That was not accepted.' });
    if (answer !== null) return answer;
    throw new ConnectionFailure(
      'signInNeeded',
      `Nobody answered what ${this.#options.target} asked: ${question.title}`,
      this.#byHand('Connect again and answer'),
    );
  }

  #keyboard(): KeyboardInteractiveAuthMethod['prompt'] {
    const { ask, target, abort } = this.#options;
    const method = 'keyboard-interactive';
    const answered = new Set<string>();
    let rounds = 0;
    return (name, instructions, _lang, prompts, finish) => {
      const answerAll = async (): Promise<void> => {
        this.heard([name, instructions].filter((text) => text.trim() !== '').join(': '));
        // A host that asks on and on gets no further answers.
        if (prompts.length > MAX_PROMPTS || ++rounds > MAX_PROMPTS) throw this.#refusal();
        const answers: string[] = [];
        for (const { prompt, echo } of prompts) {
          const words = truncate(stripTerminal(prompt), 200);
          // Some hosts ask again by themselves: that is a refusal as well.
          if (answered.has(words)) this.#refuse();
          if (this.#refusals >= MAX_TRIES) throw this.#refusal();
          answered.add(words);
          if (echo !== true && /password/i.test(words) && !/one[- ]time|otp|token|code/i.test(words)) {
            answers.push(await this.#givePassword(method));
          } else {
            const title = `${words || 'Answer'} (${target})`;
            answers.push(await this.#person(ask, { kind: 'code', title, secret: echo !== true }));
            this.#answered = method;
          }
        }
        finish(answers);
      };
      answerAll().catch((error: unknown) => abort(error instanceof ConnectionFailure ? error : this.#refusal()));
    };
  }

  /** The host lets in only with a new password, which is better chosen in a terminal. */
  passwordExpired(prompt: string): ConnectionFailure {
    const { target } = this.#options;
    this.heard(prompt);
    const command = this.#command('ssh');
    return new ConnectionFailure('accountExpired', `${target} wants a new password. It says: “${this.#said}”`, {
      hint: `Choose one there: ${command}`,
      command,
    });
  }

  /** A command of ssh that reaches the same host: by its alias, since only that has the same jumps and keys. */
  #command(program: string, ...flags: readonly string[]): string {
    const { alias, port, user } = this.#options.config;
    const where = port === 22 ? [] : ['-p', String(port)];
    return shownCommand(program, ...flags, ...where, `${user}@${alias}`);
  }

  get #copy(): string {
    return this.#command('ssh-copy-id', ...(this.#file === undefined ? [] : ['-i', this.#file]));
  }

  /** What helps when only a person can answer: to do so, or a key that was refused so far. */
  #byHand(what: string): { hint: string; command?: string } {
    return this.#offered === 0
      ? { hint: `${what}.` }
      : { hint: `${what}, or let the key in: ${this.#copy}`, command: this.#copy };
  }

  #refusal(): ConnectionFailure {
    const { target, ask } = this.#options;
    const expired = /expired/i.test(this.#said);
    const said = this.#said === '' ? '' : ` It says: “${this.#said}”`;
    if (expired)
      return new ConnectionFailure('accountExpired', `${target} lets nobody in with an expired account.${said}`);
    if (this.#mend !== undefined && this.#refusals === 0) {
      return new ConnectionFailure('signInRefused', `${target} let nobody in: ${this.#notes.join('. ')}.${said}`, {
        hint: `Let only yourself read the key: ${this.#mend}`,
        command: this.#mend,
      });
    }
    const byPerson = this.#left.filter((method) => method === 'password' || method === 'keyboard-interactive');
    if (ask === undefined && byPerson.length > 0) {
      return new ConnectionFailure(
        'signInNeeded',
        `${target} asks for a ${byPerson.includes('password') ? 'password' : 'code'}`,
        this.#byHand('Connect to it by hand once, where you can be asked'),
      );
    }
    if (this.#refusals > 0) {
      return new ConnectionFailure('signInRefused', `${target} did not accept what was answered.${said}`, {
        hint: 'Connect again when you know the right answer: a host may lock the account after some more.',
      });
    }
    const keys =
      this.#offered === 0
        ? 'there is no key to offer'
        : `it refused ${this.#offered === 1 ? 'the key' : `all ${this.#offered} keys`} offered`;
    return new ConnectionFailure(
      'signInRefused',
      `${target} let nobody in: ${keys}.${said}${this.#notes.map((note) => ` ${note}.`).join('')}`,
      {
        hint: `Give the right key file, add the key to the agent by ssh-add, or install it there: ${this.#copy}`,
        command: this.#copy,
      },
    );
  }
}
