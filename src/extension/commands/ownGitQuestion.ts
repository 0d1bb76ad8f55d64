import { spelledLine, spelledLines } from '../../common/spelled.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { Session } from '../../protocol/session.js';
import { say } from '../editor/say.js';
import { countOf, oneLine } from '../../view/plainText.js';
import type { Services } from './services.js';

const SHOW = 'Show';
const USE = 'Use It';
const LEAVE = 'Leave It Out';

/** What the question is about. */
interface Subject {
  /** Of its document. */
  readonly key: string;
  readonly name: string;
  /** What follows from not using it. */
  readonly consequence: string;
}

/**
 * Asks whether what a repository has of its own for git may count.
 * @returns undefined when the person decided nothing
 */
export async function askAboutOwnGit(
  { documents }: Pick<Services, 'documents'>,
  { key, name, consequence }: Subject,
  own: OwnGit,
): Promise<boolean | undefined> {
  const short = oneLine(name, 60);
  const count = countOf(own.entries.length, 'setting or hook', 'settings or hooks');
  const text = `The repository of ${short} has ${count} of its own that git would run or fetch from. ${consequence}`;
  for (;;) {
    const action = await say('warning', text, SHOW, USE, LEAVE);
    if (action === SHOW) await documents.show(key, `${short}: git`, ownGitText(own));
    else return action === undefined ? undefined : action === USE;
  }
}

/**
 * Says that a part of what a repository has of its own was left out of the changes that are shown, and asks about it
 * once. True when something is to be asked again.
 */
export async function askAboutChanges(services: Services, session: Session, own: OwnGit): Promise<boolean> {
  const isWrong = own.entries.some(({ key }) => key !== 'core.fsmonitor');
  const consequence = isWrong ? 'It was left out, so that what is shown can be wrong.' : 'It was left out.';
  const use = await askAboutOwnGit(services, { key: `git:${session.id}`, name: session.name, consequence }, own);
  if (use === undefined) return false;
  await services.link.request('session/trustGit', { session: session.id, digest: own.digest, use });
  return use;
}

function ownGitText({ entries, never }: OwnGit): string {
  const lines = (all: OwnGit['entries']): string[] =>
    all.flatMap(({ key, value }) => {
      const [first = '', ...rest] = spelledLines(value);
      return [`  ${spelledLine(key)} = ${first}`, ...rest.map((line) => `      ${line}`)];
    });
  return [
    'What would count if you use it:',
    ...lines(entries),
    ...(never.length === 0 ? [] : ['', 'What is left out in any case:', ...lines(never)]),
    '',
  ].join('\n');
}
