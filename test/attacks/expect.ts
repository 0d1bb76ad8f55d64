import type { RulesCase, RulesInput } from './rules.js';

/** One request: a command, or what else is asked. */
type Asked = string | Omit<RulesInput, 'rules'>;

/** Cases that have their rules and the right verdict in common. @param asked by the end of their ids */
export function each(
  prefix: string,
  rules: readonly string[],
  expect: RulesCase['expect'],
  asked: Readonly<Record<string, Asked>>,
): RulesCase[] {
  return Object.entries(asked).map(([id, what]) => ({
    id: `${prefix}-${id}`,
    input: { rules, ...(typeof what === 'string' ? { command: what } : what) },
    expect,
  }));
}
