import type { OperationMethod } from '../../client/operation.js';
import { delay } from '../../common/async.js';
import type { Progress } from '../../protocol/question.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ParamsInput, Result } from '../../protocol/requests.js';
import { workingLong } from '../editor/say.js';
import type { ServerLink } from './serverLink.js';
import type { MachineQuestions } from './machineQuestions.js';

/** What is done sooner shows no progress. */
const PATIENCE_MS = 800;

/** Runs what takes long: with its steps in a notification, and a way to cancel it. */
export class Operations {
  readonly #link: ServerLink;
  readonly #questions: MachineQuestions;

  constructor(link: ServerLink, questions: MachineQuestions) {
    this.#link = link;
    this.#questions = questions;
  }

  /** @throws CodeManagerError `cancelled` also when the person gave no answer to what was asked meanwhile */
  async run<M extends OperationMethod>(
    title: string,
    method: M,
    params: Omit<ParamsInput<M>, 'operation'>,
  ): Promise<Result<M>> {
    const declined = this.#questions.declined;
    try {
      return await this.#run(title, method, params);
    } catch (error) {
      if (this.#questions.declined === declined) throw error;
      throw new CodeManagerError('cancelled', 'The question was not answered', { cause: error });
    }
  }

  async #run<M extends OperationMethod>(
    title: string,
    method: M,
    params: Omit<ParamsInput<M>, 'operation'>,
  ): Promise<Result<M>> {
    const abort = new AbortController();
    let last: Progress | undefined;
    let show: ((progress: Progress) => void) | undefined;
    const onProgress = (progress: Progress): void => {
      last = progress;
      show?.(progress);
    };
    const running = this.#link.operation(method, params, { onProgress, signal: abort.signal });
    const ended = running.then(
      () => true,
      () => true,
    );
    if (await Promise.race([ended, delay(PATIENCE_MS).then(() => false)])) return await running;
    return await workingLong(title, { cancellable: true }, async (report, token) => {
      token.onCancellationRequested(() => abort.abort());
      let percent = 0;
      show = (progress) => {
        const increment = Math.max(0, (progress.percent ?? percent) - percent);
        percent += increment;
        report({ message: progress.message, ...(progress.percent === null ? {} : { increment }) });
      };
      if (last !== undefined) show(last);
      return await running;
    });
  }
}
