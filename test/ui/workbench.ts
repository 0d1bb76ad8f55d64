import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../../scripts/lib/browser.mjs';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import { repoRoot, screenshotsDir } from '../../scripts/lib/paths.mjs';
import { editorEnvironment, waitFor } from '../../scripts/lib/processes.mjs';
import { startVsCodeServer, type VsCodeServer } from '../../scripts/lib/vscodeServer.mjs';
import { createWorkspace, linkExtension, quietSettings, writeSettings } from '../../scripts/lib/workspace.mjs';
import type { PageElement } from './page';
import { QuickInput } from './quickInput';
import { TreeView } from './treeView';

export type Theme = 'light' | 'dark' | 'highContrast';

/** `name` is for the settings, `label` for the picker. */
const themes = {
  light: { name: 'Default Light Modern', label: 'Light Modern', cssClass: 'vs' },
  dark: { name: 'Default Dark Modern', label: 'Dark Modern', cssClass: 'vs-dark' },
  highContrast: { name: 'Default High Contrast', label: 'Dark High Contrast', cssClass: 'hc-black' },
} as const satisfies Readonly<Record<Theme, object>>;

const defaultSize = { width: 1280, height: 800 };

export interface WorkbenchOptions {
  /** Default: a new git repository with two files. `none`: an empty window. */
  readonly folder?: string;
  /** The checkout or unpacked extension to use, or `none` when `extensionsDir` already has it. Default: this checkout. */
  readonly extensionDir?: string;
  readonly extensionsDir?: string;
  /** Added to the environment of the editor's server, and with it of the extension. */
  readonly env?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** All extensions that VS Code comes with, as a person has them. Default: the few that matter here. */
  readonly allExtensions?: boolean;
  readonly theme?: Theme;
  /** Of the window, in CSS pixels. Default 1280 × 800. */
  readonly size?: { readonly width: number; readonly height: number };
}

/**
 * Opens a workbench for the time of a test. A failure leaves a screenshot and prints the extension's log.
 * @throws what `body` throws
 */
export async function withWorkbench(
  t: TestContext,
  options: WorkbenchOptions,
  body: (workbench: Workbench) => Promise<void>,
): Promise<void> {
  const workbench = await Workbench.open(options);
  try {
    await body(workbench);
  } catch (error) {
    const name = `failed-${t.name.replace(/[^A-Za-z0-9]+/g, '-')}`;
    await workbench.screenshot(name).catch(() => undefined);
    const log = (await workbench.extensionLog()).slice(-3_000);
    process.stderr.write(`Screenshot: out/screenshots/${name}.png\n${log}\n`);
    throw error;
  } finally {
    await workbench.close();
  }
}

/** One for all tests of a file: each has pages, storage and an editor of its own in it, and its start costs seconds. */
let shared: Promise<Browser> | undefined;
after(async () => (await shared)?.close());

/** A real VS Code in a browser page, with the extension installed and a `CM_HOME` of its own. */
export class Workbench {
  readonly #work: string;
  readonly #context: BrowserContext;
  readonly #options: WorkbenchOptions;
  readonly folder: string | undefined;
  readonly #server: VsCodeServer;
  #page: Page;

  private constructor(parts: {
    work: string;
    context: BrowserContext;
    server: VsCodeServer;
    page: Page;
    folder: string | undefined;
    options: WorkbenchOptions;
  }) {
    this.#work = parts.work;
    this.#context = parts.context;
    this.#server = parts.server;
    this.#page = parts.page;
    this.#options = parts.options;
    this.folder = parts.folder;
  }

  /** Starts a VS Code server and opens its workbench; resolves when the extension's icon is there. */
  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    // Short, because unix sockets below it have a limit of about 100 characters.
    const work = await mkdtemp(join(tmpdir(), 'cm-ui-'));
    await writeSettings(join(work, 'data'), {
      ...quietSettings,
      ...themeSettings(options.theme ?? 'dark'),
      ...options.settings,
    });
    const folder =
      options.folder === 'none' ? undefined : (options.folder ?? (await createWorkspace(join(work, 'sample'))));
    if (options.extensionDir !== 'none') {
      await linkExtension(extensionsDir(work, options), options.extensionDir ?? repoRoot);
    }
    const server = await startServer(work, options);
    shared ??= launchBrowser();
    const context = await (await shared).newContext({ viewport: options.size ?? defaultSize });
    const page = await context.newPage();
    const workbench = new Workbench({ work, context, server, page, folder, options });
    try {
      await workbench.reload();
      return workbench;
    } catch (error) {
      const log = server.log();
      await workbench.screenshot('failed-to-open').catch(() => undefined);
      await workbench.close();
      throw new Error(`The workbench did not open:\n${log.slice(-4_000)}`, { cause: error });
    }
  }

  get page(): Page {
    return this.#page;
  }

  /** What the extension and all that it starts have as `CM_HOME`. */
  get cmHome(): string {
    return cmHome(this.#work, this.#options);
  }

  get quickInput(): QuickInput {
    return new QuickInput(this.#page);
  }

  /** A tree of the side bar by the name of its view: `Sessions`. */
  tree(name: string): TreeView {
    return new TreeView(this.#page, name);
  }

  /** Loads the page again, as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    await this.#page.goto(this.#server.url(this.folder));
    await this.#page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    await this.#activityIcon.waitFor({ timeout: 60_000 });
  }

  /** A second window of the same editor; it goes away with this one. */
  async openWindow(folder: string | undefined = this.folder): Promise<Workbench> {
    const page = await this.#page.context().newPage();
    const window = new Workbench({
      work: this.#work,
      context: this.#context,
      server: this.#server,
      page,
      folder,
      options: this.#options,
    });
    await window.reload();
    return window;
  }

  /** Ends the editor and all that was started in its `CM_HOME`, also in a given one, and removes its data. */
  async close(): Promise<void> {
    await this.#context.close();
    await this.#server.stop();
    await endHome(this.cmHome);
    await rm(this.#work, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Shows the extension's side bar. */
  async showSideBar(): Promise<void> {
    const isShown = await this.#activityIcon.getAttribute('aria-expanded');
    if (isShown !== 'true') await this.#activityIcon.click();
    await this.#page.locator('.part.sidebar .pane').first().waitFor();
  }

  /** The number on the extension's icon, 0 for none. */
  async badge(): Promise<number> {
    const badge = this.#activityIcon.locator('.badge-content');
    return (await badge.count()) === 0 ? 0 : Number((await badge.first().textContent()) || '0');
  }

  /** Runs a command by its full title in the palette: `Code Manager: New Session…`. */
  async runCommand(title: string): Promise<void> {
    await this.#page.keyboard.press('F1');
    await this.quickInput.input.fill(`>${title}`);
    await this.quickInput.pick(title);
  }

  /** The titles that the palette offers for a text. */
  async findCommands(text: string): Promise<readonly string[]> {
    await this.#page.keyboard.press('F1');
    await this.quickInput.input.fill(`>${text}`);
    await waitFor('the palette to answer', async () => (await this.quickInput.items()).length > 0);
    const titles = (await this.quickInput.items()).map(({ label }) => label);
    await this.quickInput.cancel();
    return titles;
  }

  /** The lines of the output panel that are in sight, top to bottom. */
  async outputLines(): Promise<readonly string[]> {
    return await this.#lines('.part.panel .output-view .view-line');
  }

  /** The lines of the editors that are in sight, top to bottom. */
  async editorLines(): Promise<readonly string[]> {
    return await this.#lines('.part.editor .editor-instance .view-line');
  }

  async waitForEditor(text: string | RegExp): Promise<void> {
    const matches = (all: string) => (typeof text === 'string' ? all.includes(text) : text.test(all));
    await waitFor(`${String(text)} in an editor`, async () => matches((await this.editorLines()).join('\n')));
  }

  /** Waits for a text anywhere in the status bar. */
  async waitForStatus(text: string | RegExp): Promise<void> {
    const bar = this.#page.locator('.part.statusbar');
    const matches = (all: string) => (typeof text === 'string' ? all.includes(text) : text.test(all));
    await waitFor(`${String(text)} in the status bar`, async () => matches(await bar.innerText()));
  }

  async #lines(selector: string): Promise<readonly string[]> {
    const lines = await this.#page.locator(selector).evaluateAll((elements: PageElement[]) =>
      elements.map((element) => ({
        top: Number.parseFloat(element.style.top),
        text: (element.textContent ?? '').replaceAll('\u00a0', ' '),
      })),
    );
    return lines.sort((a, b) => a.top - b.top).map(({ text }) => text);
  }

  async waitForOutput(text: string | RegExp, timeoutMs = 30_000): Promise<void> {
    const matches = (line: string) => (typeof text === 'string' ? line.includes(text) : text.test(line));
    await waitFor(`${String(text)} in the output panel`, async () => (await this.outputLines()).some(matches), {
      timeoutMs,
    });
  }

  /** The rows of the terminal in sight. */
  async terminalText(): Promise<string> {
    const rows = this.#page.locator('.terminal-wrapper.active .xterm-rows:visible');
    return (await rows.count()) === 0 ? '' : (await rows.first().innerText()).replaceAll('\u00a0', ' ');
  }

  async waitForTerminal(text: string | RegExp, timeoutMs = 30_000): Promise<void> {
    const matches = (all: string) => (typeof text === 'string' ? all.includes(text) : text.test(all));
    await waitFor(`${String(text)} in the terminal`, async () => matches(await this.terminalText()), { timeoutMs });
  }

  /** A notification in sight whose message has this text; its buttons are inside. */
  notification(text: string | RegExp): Locator {
    return this.#page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  }

  /** The modal dialog. */
  get dialog(): Locator {
    return this.#page.locator('.monaco-dialog-box');
  }

  /** An item of the status bar by the end of its id: `codeManager.status`. */
  statusBarItem(id: string): Locator {
    return this.#page.locator(`.part.statusbar .statusbar-item[id$="${id}"]`);
  }

  /** Changes the colours as a person does, so that everything in sight stays where it is. */
  async setTheme(theme: Theme): Promise<void> {
    const { label, cssClass } = themes[theme];
    await this.runCommand('Preferences: Color Theme');
    await this.quickInput.input.fill(label);
    await this.quickInput.pick(label);
    await this.#page.locator(`.monaco-workbench.${cssClass}`).waitFor();
    await this.quickInput.widget.waitFor({ state: 'hidden' });
  }

  /** Drags the edge of the side bar until it has about this width in pixels. */
  async resizeSideBar(width: number): Promise<void> {
    const box = await this.#page.locator('.part.sidebar').boundingBox();
    if (box === null) throw new Error('The side bar is hidden');
    const y = box.y + box.height / 2;
    const edge = box.x + box.width;
    await this.#page.mouse.move(edge, y);
    await this.#page.mouse.down();
    await this.#page.mouse.move(edge + width - box.width, y, { steps: 4 });
    await this.#page.mouse.up();
  }

  /**
   * Saves what is in sight, or one part of it, as `out/screenshots/NAME.png`.
   * @returns the path
   */
  async screenshot(name: string, part?: Locator): Promise<string> {
    await mkdir(screenshotsDir, { recursive: true });
    const path = join(screenshotsDir, `${name}.png`);
    // Nothing is hovered, so that pictures differ only in what they are about.
    await this.#page.mouse.move(0, 0);
    await (part ?? this.#page).screenshot({ path, animations: 'disabled', caret: 'hide' });
    return path;
  }

  /** The side bar as a whole, for a screenshot. */
  get sideBar(): Locator {
    return this.#page.locator('.part.sidebar');
  }

  /** What the extension host and the extension's own log channel wrote. */
  async extensionLog(): Promise<string> {
    const dir = join(this.#work, 'data', 'data', 'logs');
    const names = await readdir(dir, { recursive: true }).catch(() => []);
    const isOwn = (name: string) => /exthost\d*\/(remoteexthost\.log|code-manager\..*\.log)$/.test(name);
    const own = names.filter(isOwn).sort();
    const texts = await Promise.all(own.map(async (name) => `${name}\n${await readFile(join(dir, name), 'utf8')}`));
    return texts.join('\n');
  }

  get #activityIcon(): Locator {
    return this.#page.locator('.activitybar').getByRole('tab', { name: /^Code Manager/ });
  }
}

function themeSettings(theme: Theme): Record<string, unknown> {
  return { 'workbench.colorTheme': themes[theme].name, 'window.autoDetectHighContrast': false };
}

function cmHome(work: string, options: WorkbenchOptions): string {
  return options.env?.['CM_HOME'] ?? join(work, 'cm');
}

function extensionsDir(work: string, options: WorkbenchOptions): string {
  return options.extensionsDir ?? join(work, 'extensions');
}

async function startServer(work: string, options: WorkbenchOptions): Promise<VsCodeServer> {
  return await startVsCodeServer({
    dataDir: join(work, 'data'),
    extensionsDir: extensionsDir(work, options),
    plain: options.allExtensions !== true,
    env: { ...editorEnvironment(), ...options.env, CM_HOME: cmHome(work, options) },
  });
}
