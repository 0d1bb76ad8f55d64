import type { Duplex } from 'node:stream';
import type { SFTPWrapper } from 'ssh2';
import type { Logger } from '../../common/logger.js';
import type { Asker } from '../../core/machine/machineService.js';
import type { ConnectStep } from '../link/linkSteps.js';
import type { Connection } from '../shell/connection.js';
import type { PortAddress } from './portProbe.js';
import type { SignInMemory } from './signInMemory.js';

/** How to reach a host; what is left out comes from the person's own ssh configuration. */
export interface SshReach {
  /** Host name, address or alias of `~/.ssh/config`. */
  readonly host: string;
  readonly user?: string | null | undefined;
  readonly port?: number | null | undefined;
  /** Path of a private key on this machine. */
  readonly keyFile?: string | null | undefined;
}

export interface SshConnectOptions {
  /** Without one nobody is asked. */
  readonly asker?: Asker | undefined;
  /** Answers that were accepted before, and are kept for further connections; without one nothing is kept. */
  readonly memory?: SignInMemory | undefined;
  /** The name of the machine in questions; default: the host of the reach. */
  readonly machine?: string | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called when a step is done, with what there is to say about it. */
  readonly onStep?: ((step: ConnectStep, detail: string) => void) | undefined;
  /** Called with what is connected to first, where that is known. */
  readonly onAddress?: ((address: PortAddress) => void) | undefined;
  /** For each answer of the host or the network; the time that a person takes is not counted. */
  readonly timeoutMs?: number | undefined;
  /** A connection to go through in place of what the configuration says. */
  readonly jump?: SshConnection | undefined;
  /** Private keys to try after those that the configuration names, as absolute paths. */
  readonly identityFiles?: readonly string[] | undefined;
  /** Used in place of the person's own ssh configuration, as by `ssh -F`. */
  readonly configFile?: string | undefined;
  /** Has HOME, PATH and SSH_AUTH_SOCK; default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A connection that is signed in. */
export interface SshConnection extends Connection {
  /** A stream to a port as the host sees it. Rejects with reason `forward`. */
  forwardTcp(host: string, port: number): Promise<Duplex>;
  /** Rejects with reason `noSftp` or `channels`. The caller ends it. */
  sftp(): Promise<SFTPWrapper>;
}
