import { alike } from '../../protocol/alike.js';
import { errorText } from '../../protocol/errors.js';
import type { Answer } from '../../protocol/pendingRequest.js';
import type { Session } from '../../protocol/session.js';
import type { Services } from '../commands/services.js';
import { rowOf } from '../commands/targets.js';
import { markRead } from '../commands/watchCommands.js';
import { say, sayDone, working } from '../editor/say.js';
import { oneLine } from '../../view/plainText.js';
import { contextName, sessionName } from '../../view/sessionLabel.js';
import { inOrder } from '../../view/sessionTree.js';

/** The others that ask exactly what a session asks, as they are known at this moment, the one that waits longest first. */
export function othersLike({ rows }: Services, session: Session): readonly Session[] {
  const waiting = rows.all.filter(({ description }) => description.word === 'Needs input');
  return alike(
    session,
    inOrder(waiting, 'Needs input').map((row) => row.session),
  );
}

/** `refactor-auth · api @build-box`, for the list of all that one answer is for. */
export function askedBy(services: Services, session: Session): string {
  const row = rowOf(services, session);
  const place = `${contextName(row)}${row.isHere ? '' : ` @${row.machineName}`}`;
  return `${sessionName(session)} · ${oneLine(place)}`;
}

/** Gives one answer to several sessions, to each by the id of the request that was shown, and says what came of it. */
export async function answerAll(
  services: Services,
  sessions: readonly Session[],
  answer: Answer,
  options: { readonly by: string; readonly timeoutMs: number },
): Promise<void> {
  const { link, keys } = services;
  const { by, timeoutMs } = options;
  const results = await working(`Answering ${sessions.length} sessions…`, () =>
    Promise.allSettled(
      sessions.map(({ id, request }) =>
        link.request('session/answer', { session: id, request: request?.id ?? '', answer, by }, { timeoutMs }),
      ),
    ),
  );
  const answered = sessions.filter((_, i) => results[i]?.status === 'fulfilled');
  if (answered.length > 0) keys.set('codeManager.hasAnswered', true);
  await markRead(services, answered);
  const troubles = results.flatMap((result, i) => {
    const trouble = troubleOf(result);
    const session = sessions[i];
    return trouble === undefined || session === undefined ? [] : [`${sessionName(session)}: ${trouble}`];
  });
  const said = results.find((result) => result.status === 'fulfilled')?.value.answer ?? '';
  if (troubles.length === 0) sayDone(`${sessions.length} sessions: answered by you · ${oneLine(said, 60)}`);
  else void say('warning', `Answered ${answered.length} of ${sessions.length} sessions. ${troubles.join(' ')}`);
}

type Settled = PromiseSettledResult<{ readonly notRecorded: string | null; readonly reasonWaits: string | null }>;

/** What a person has to know of one of the answers, as a sentence. */
function troubleOf(result: Settled): string | undefined {
  if (result.status === 'rejected') return withStop(errorText(result.reason));
  const { notRecorded, reasonWaits } = result.value;
  if (notRecorded !== null) return withStop(`answered, not on record: ${notRecorded}`);
  return reasonWaits === null ? undefined : withStop(`denied; the reason was not sent yet: ${reasonWaits}`);
}

function withStop(text: string): string {
  return oneLine(text, 300).replace(/(?<![.!?])$/, '.');
}
