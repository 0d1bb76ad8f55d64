import type { Locator, Page } from 'playwright-core';
import { waitFor } from '../../scripts/lib/processes.mjs';
import type { PageElement } from './page';

/** What a person sees and hears of one row. */
export interface TreeRow {
  readonly label: string;
  readonly description: string;
  /** What a screen reader says. */
  readonly ariaLabel: string;
  /** 1 for the outermost rows. */
  readonly level: number;
  /** undefined when the row has nothing inside. */
  readonly expanded: boolean | undefined;
  readonly selected: boolean;
}

/**
 * Chooses an entry of the open menu. A menu takes no click in its first moment; once the mouse over an entry has focused
 * it, the key chooses it.
 */
export async function pickMenuItem(page: Page, entry: string): Promise<void> {
  // The key of a command is a part of its entry's name.
  const name = new RegExp(`^${entry.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')}(?: ?Ctrl\\+.*)?$`, 'u');
  const item = page.getByRole('menuitem', { name });
  const focused = page.locator('.monaco-menu .action-item.focused').filter({ hasText: entry });
  await item.waitFor({ timeout: 5000 });
  await waitFor(`“${entry}” in the menu`, async () => {
    await item.hover({ timeout: 5000 });
    await page.mouse.move(...(await middle(item)));
    return (await focused.count()) > 0;
  });
  await page.keyboard.press('Enter');
  await item.waitFor({ state: 'hidden' });
}

async function middle(item: Locator): Promise<[number, number]> {
  const { x, y, width, height } = (await item.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  return [x + width / 2 + Math.random() * 4, y + height / 2];
}

/** A tree in the side bar, found by the name of its view. */
export class TreeView {
  readonly #page: Page;
  readonly #name: string;

  constructor(page: Page, name: string) {
    this.#page = page;
    this.#name = name;
  }

  /** The whole view: header, tree or welcome text. */
  get pane(): Locator {
    return this.#page.locator('.pane').filter({
      has: this.#page.locator('.pane-header').getByRole('heading', { name: this.#name, exact: true }),
    });
  }

  /** The rows that are painted; those scrolled out of sight are not. */
  async rows(): Promise<readonly TreeRow[]> {
    const rows = await this.pane.locator('[role="treeitem"]').evaluateAll((elements: PageElement[]) =>
      elements.map((element) => ({
        label: element.querySelector('.label-name')?.textContent ?? '',
        description: element.querySelector('.label-description')?.textContent ?? '',
        ariaLabel: element.getAttribute('aria-label') ?? '',
        level: Number(element.getAttribute('aria-level')),
        expanded: element.getAttribute('aria-expanded'),
        selected: element.getAttribute('aria-selected') === 'true',
        index: Number(element.closest('.monaco-list-row')?.getAttribute('data-index')),
      })),
    );
    return rows
      .sort((a, b) => a.index - b.index)
      .map(({ index: _index, expanded, ...row }) => ({
        ...row,
        expanded: expanded === null ? undefined : expanded === 'true',
      }));
  }

  /** A row by its label. */
  row(label: string): Locator {
    return this.pane
      .locator('[role="treeitem"]')
      .filter({ has: this.#page.locator('.label-name').getByText(label, { exact: true }) });
  }

  /** Waits until a row satisfies a condition. */
  async waitForRow(what: string, isIt: (row: TreeRow) => boolean, timeoutMs = 30_000): Promise<TreeRow> {
    let seen: readonly TreeRow[] = [];
    try {
      return await waitFor(what, async () => (seen = await this.rows()).find(isIt), { timeoutMs });
    } catch (error) {
      const rows = seen.map(({ label, description }) => `  ${label} | ${description}`).join('\n');
      throw new Error(`No row of ${this.#name}: ${what}\nRows:\n${rows}`, { cause: error });
    }
  }

  /** Clicks an inline action of a row, which shows when the mouse is over the row. */
  async clickInline(label: string, action: string): Promise<void> {
    const row = this.row(label);
    await row.hover();
    await row.getByRole('button', { name: action }).click();
  }

  /** Picks an entry of a row's context menu. */
  async pickFromMenu(label: string, entry: string): Promise<void> {
    await this.row(label).click({ button: 'right' });
    await pickMenuItem(this.#page, entry);
  }

  /** The entries of a row's context menu, which is closed again. */
  async menu(label: string): Promise<readonly string[]> {
    await this.row(label).click({ button: 'right' });
    const items = this.#page.locator('.monaco-menu [role="menuitem"]');
    await items.first().waitFor();
    const labels = await items.evaluateAll((elements: PageElement[]) =>
      elements.map((element) => element.querySelector('.action-label')?.textContent ?? ''),
    );
    await this.#page.keyboard.press('Escape');
    return labels.filter((text) => text !== '');
  }

  /** Clicks an action of the view's title. */
  async clickTitleAction(action: string): Promise<void> {
    await this.pane.locator('.pane-header').hover();
    await this.pane.locator('.pane-header').getByRole('button', { name: action }).click();
  }

  /** What an empty view says. */
  get welcome(): Locator {
    return this.pane.locator('.welcome-view-content');
  }

  /** The line above the rows, empty when there is none. */
  async message(): Promise<string> {
    const message = this.pane.locator('.tree-explorer-viewlet-tree-view .message');
    return (await message.count()) === 0 ? '' : (await message.first().innerText()).trim();
  }

  /** What stands beside the view's name. */
  async description(): Promise<string> {
    const description = this.pane.locator('.pane-header .description');
    return (await description.count()) === 0 ? '' : (await description.first().innerText()).trim();
  }
}
