import type { AnswerQuestion } from '../../client/api.js';
import type { Question } from '../../protocol/question.js';
import { ask, say } from '../editor/say.js';
import { firstLines, oneLine } from '../../view/plainText.js';
import { interruption } from '../quickInput/interruption.js';
import { inputStep } from '../quickInput/steps.js';

const CONNECT = 'Connect';

/** Puts what machines ask while they sign in to the person: one question after another, whatever else is open. */
export class MachineQuestions {
  #last: Promise<unknown> = Promise.resolve();
  #declined = 0;

  /** How many questions the person has left without an answer: what fails because of that needs no message. */
  get declined(): number {
    return this.#declined;
  }

  readonly answer: AnswerQuestion = (question, signal) => {
    const answer = this.#last.then(() => interruption.run(() => this.#ask(question, signal)));
    this.#last = answer.catch(() => undefined);
    return answer;
  };

  async #ask(question: Question, signal: AbortSignal): Promise<string | null> {
    if (isOver(signal)) return null;
    const answer = await (question.kind === 'hostKey' ? askHostKey(question, signal) : askText(question, signal));
    if (answer === null && !isOver(signal)) this.#declined++;
    return answer;
  }
}

// A function, since it changes while the person thinks.
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function askText(question: Question, signal: AbortSignal): Promise<string | null> {
  const words = oneLine(question.text, 300);
  const result = await inputStep({
    title: oneLine(question.title),
    prompt: words === '' ? `Asked by ${oneLine(question.machine, 60)}. Kept nowhere.` : words,
    password: question.secret,
    interrupts: true,
    signal,
  });
  return result.kind === 'next' ? result.value : null;
}

async function askHostKey(question: Question, signal: AbortSignal): Promise<string | null> {
  const detail = firstLines(question.text, 12).join('\n');
  const action = await ask(question.title, detail, CONNECT);
  if (action !== CONNECT) return null;
  if (isOver(signal)) {
    // A dialog cannot be taken away from outside.
    void say('info', `${oneLine(question.machine, 60)} no longer waits for this answer.`);
  }
  return 'yes';
}
