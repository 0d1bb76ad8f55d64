import type { Locator, Page } from 'playwright-core';
import { waitFor } from '../../scripts/lib/processes.mjs';
import type { PageElement } from './page';

/** The picker and input box at the top of the window. */
export class QuickInput {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get widget(): Locator {
    return this.#page.locator('.quick-input-widget:visible');
  }

  /** Where a person types. */
  get input(): Locator {
    return this.widget.locator('.quick-input-filter input');
  }

  async waitForTitle(title: string | RegExp): Promise<void> {
    const matches = (text: string) => (typeof title === 'string' ? text === title : title.test(text));
    await waitFor(`a quick input titled ${String(title)}`, async () => matches(await this.title()));
  }

  /** Empty when there is none. */
  async title(): Promise<string> {
    return await this.#text('.quick-input-title');
  }

  /** The line below the input: a prompt or what is wrong with the value. */
  async message(): Promise<string> {
    return await this.#text('.quick-input-message');
  }

  /** The entries, with what stands beside each of them. */
  async items(): Promise<readonly { readonly label: string; readonly description: string; readonly detail: string }[]> {
    return await this.widget.locator('.quick-input-list-entry').evaluateAll((entries: PageElement[]) =>
      entries.map((entry) => ({
        label: entry.querySelector('.quick-input-list-rows .label-name')?.textContent ?? '',
        description: entry.querySelector('.label-description')?.textContent ?? '',
        detail: entry.querySelector('.quick-input-list-label-meta')?.textContent ?? '',
      })),
    );
  }

  /** Picks the first entry whose label is or begins with a text. */
  async pick(label: string): Promise<void> {
    const isIt = (text: string) => text === label || text.startsWith(label);
    const found = await waitFor(`an entry ${label}`, async () =>
      (await this.items()).map((item) => item.label).find(isIt),
    );
    const entry = this.widget
      .locator('.quick-input-list-entry')
      .filter({ has: this.#page.getByText(found, { exact: true }) })
      .first();
    // A click that was taken can replace the list before it is over, and must not be repeated on what comes then.
    await entry.click({ timeout: 5_000 }).catch(async (error: unknown) => {
      if ((await entry.count()) > 0) throw error;
    });
  }

  /** Types a value and accepts it. */
  async accept(value?: string): Promise<void> {
    await this.input.waitFor();
    if (value !== undefined) {
      // The list in which something was chosen goes a moment later.
      const list = this.widget.locator('.quick-input-list:visible');
      await waitFor('a box to type into', async () => (await list.count()) === 0);
      await this.input.fill(value);
    }
    await this.input.press('Enter');
  }

  async cancel(): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await this.widget.waitFor({ state: 'hidden' });
  }

  async #text(selector: string): Promise<string> {
    const element = this.widget.locator(selector);
    return (await element.count()) === 0 ? '' : (await element.first().innerText()).trim();
  }
}
