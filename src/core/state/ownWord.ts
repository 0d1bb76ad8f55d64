import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { Tool } from '../../protocol/tool.js';

/** What of a tool's data says how it tells what it asks. */
export type Telling = Pick<Tool, 'hooks' | 'calls' | 'conversation'>;

/** Whether a tool writes down in its conversation what it calls, before it asks for it. */
export function recordsCalls({ conversation }: Pick<Tool, 'conversation'>): boolean {
  return conversation?.format === 'codex';
}

/**
 * What a screen says where its tool itself may say exactly what it asks: everything but that it is exact. A screen loses
 * what cannot be seen, so it is exact only where there is nothing better.
 */
export function besideOwnWord<Judged extends Partial<ScreenJudgement>>(tool: Telling, judged: Judged): Judged {
  const isTold = tool.hooks !== undefined || tool.calls !== undefined || recordsCalls(tool);
  const { request } = judged;
  return isTold && request != null ? { ...judged, request: { ...request, exact: null } } : judged;
}
