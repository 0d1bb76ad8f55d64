import type { ToolInfo } from '../../protocol/tool.js';
import type { ServerLink } from './serverLink.js';

/** The first look into a slow login shell takes its time, more so over a slow line. */
const LIST_TIMEOUT_MS = 30_000;

/** What the agents are called and whether they are installed on a machine, as the agent server says. */
export class ToolCatalog {
  readonly #link: ServerLink;
  /** By the id of the machine. */
  readonly #tools = new Map<string, readonly ToolInfo[]>();
  readonly #pending = new Map<string, Promise<readonly ToolInfo[]>>();

  constructor(link: ServerLink) {
    this.#link = link;
  }

  /** The name people know, or the id until a list is there. */
  nameOf(id: string): string {
    for (const tools of this.#tools.values()) {
      const name = tools.find((tool) => tool.id === id)?.name;
      if (name !== undefined) return name;
    }
    return id;
  }

  /** What was last heard of a machine, possibly nothing. */
  known(machine = 'local'): readonly ToolInfo[] {
    return this.#tools.get(machine) ?? [];
  }

  async list(options: { refresh?: boolean; machine?: string } = {}): Promise<readonly ToolInfo[]> {
    const { refresh = false, machine = 'local' } = options;
    const pending = this.#pending.get(machine);
    if (pending !== undefined) return await pending;
    const asked = this.#link
      .request('tool/list', { refresh, machine }, { timeoutMs: LIST_TIMEOUT_MS })
      .then((tools) => {
        this.#tools.set(machine, tools);
        return tools;
      })
      .finally(() => this.#pending.delete(machine));
    this.#pending.set(machine, asked);
    return await asked;
  }
}
