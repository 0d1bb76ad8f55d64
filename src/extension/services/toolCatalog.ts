import type { ToolInfo } from '../../protocol/tool.js';
import type { ServerLink } from '../model/serverLink.js';

/** What the agents are called and whether they are installed, as the agent server says. */
export class ToolCatalog {
  readonly #link: ServerLink;
  #tools: readonly ToolInfo[] = [];
  #pending: Promise<readonly ToolInfo[]> | undefined;

  constructor(link: ServerLink) {
    this.#link = link;
  }

  /** The name people know, or the id until the list is there. */
  nameOf(id: string): string {
    return this.#tools.find((tool) => tool.id === id)?.name ?? id;
  }

  /** What was last heard, possibly nothing. */
  get known(): readonly ToolInfo[] {
    return this.#tools;
  }

  async list(options: { refresh?: boolean } = {}): Promise<readonly ToolInfo[]> {
    this.#pending ??= this.#link
      // The first look into a slow login shell takes its time.
      .request('tool/list', { refresh: options.refresh ?? false }, { timeoutMs: 30_000 })
      .then((tools) => (this.#tools = tools))
      .finally(() => (this.#pending = undefined));
    return await this.#pending;
  }
}
