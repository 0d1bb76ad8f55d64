import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { Verdict } from './reducer.js';

/**
 * Whether a program works at this moment: by its screen, or by its own word where that tells also that a key has ended its
 * work. Hooks do not.
 *
 * @param seen its screen; undefined where it has none that can be read
 * @param verdict undefined: nothing of it is followed
 */
export function stillWorks(
  seen: Pick<ScreenJudgement, 'state'> | undefined,
  verdict: Pick<Verdict, 'state' | 'source'> | undefined,
): boolean {
  if (seen === undefined) return verdict === undefined || verdict.state === 'unknown' || verdict.state === 'working';
  const isOwn = verdict?.source === 'report' || verdict?.source === 'title';
  return isOwn ? verdict.state === 'working' : seen.state === 'working';
}
