import { join } from 'node:path';
import type { ToolConversation } from '../../protocol/tool.js';

type Home = ToolConversation['home'];
type Environment = Readonly<Record<string, string>>;

/** Where a tool with this environment keeps its conversations. */
export function conversationHome({ variable, below, default: path }: Home, env: Environment): string {
  const value = env[variable];
  if (value !== undefined && value !== '') return join(value, below);
  return path.startsWith('~/') ? join(env['HOME'] ?? '/', path.slice(2)) : path;
}

/** What leads a tool to a home that its environment does not lead to. */
export function homeEnvironment(spec: Home, env: Environment, home: string): Environment {
  if (conversationHome(spec, env) === home) return {};
  const above = spec.below !== '' && home.endsWith(`/${spec.below}`) ? home.slice(0, -spec.below.length - 1) : home;
  return { [spec.variable]: above === '' ? '/' : above };
}
