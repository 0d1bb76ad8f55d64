import type { CreateSessionInput, Session } from '../../protocol/session.js';

/** Where a session is to run: in a context, or in a folder for which the server finds or makes one. */
export type Place =
  | { readonly kind: 'context'; readonly contextId: string; readonly name: string }
  | { readonly kind: 'folder'; readonly path: string; readonly name: string };

export interface SessionOptions {
  readonly name?: string | undefined;
  readonly mode?: string | undefined;
  readonly model?: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly worktree: boolean | string;
}

export const NO_OPTIONS: SessionOptions = { args: [], env: {}, worktree: false };

/** A session that is being put together. */
export interface Draft {
  readonly place: Place;
  readonly tool: string;
  readonly task: string;
  readonly options: SessionOptions;
}

/** The request that starts it. */
export function toRequest({ place, tool, task, options }: Draft, requestId: string): CreateSessionInput {
  return {
    requestId,
    tool,
    task,
    ...(place.kind === 'context' ? { context: place.contextId } : { path: place.path }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.model === undefined ? {} : { model: options.model }),
    args: [...options.args],
    env: { ...options.env },
    worktree: options.worktree,
  };
}

/**
 * A draft for doing again what a session did. Its environment is not known any more: values are never stored. Without a
 * place when its context has gone and its folder is on another machine.
 */
export function draftLike(session: Session, contextExists: boolean): Partial<Draft> {
  const place: Place | undefined = contextExists
    ? { kind: 'context', contextId: session.contextId, name: session.contextName }
    : session.machineId === 'local'
      ? { kind: 'folder', path: session.path, name: session.contextName }
      : undefined;
  return {
    ...(place === undefined ? {} : { place }),
    tool: session.tool,
    task: session.task,
    options: {
      ...NO_OPTIONS,
      ...(session.mode === null ? {} : { mode: session.mode }),
      ...(session.model === null ? {} : { model: session.model }),
      args: session.args,
      worktree: session.worktree !== null,
    },
  };
}

/** What is remembered for the next time: neither the task nor the environment, which may hold secrets. */
export interface Remembered {
  readonly place: Place;
  readonly tool: string;
  readonly options: Omit<SessionOptions, 'env' | 'name'>;
}

/** What of a draft is remembered. */
export function remember({ place, tool, options }: Draft): Remembered {
  const { env: _env, name: _name, ...rest } = options;
  return { place, tool, options: rest };
}
