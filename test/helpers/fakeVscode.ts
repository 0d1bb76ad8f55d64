import Module from 'node:module';

/** What the editor was given to show, by where it was given it. */
export interface Shown {
  readonly surface: string;
  readonly text: string;
}

/** Everything that was shown since the last {@link takeShown}. */
const shown: Shown[] = [];

export function takeShown(): Shown[] {
  return shown.splice(0);
}

function note(surface: string, text: unknown): void {
  if (typeof text === 'string') shown.push({ surface, text });
}

class ThemeColor {
  readonly isColor = true;
}
class ThemeIcon {
  readonly isIcon = true;
}

/** Notes the texts that are set on it. */
function noting(surface: string, values: Record<string, unknown> = {}): Record<string, unknown> {
  const event = (): { dispose(): void } => ({ dispose: () => undefined });
  return new Proxy<Record<string, unknown>>(values, {
    get: (target, key) => {
      if (key in target) return target[String(key)];
      return String(key).startsWith('onDid') ? event : (text: unknown): void => note(`${surface}.${String(key)}`, text);
    },
    set: (target, key, value: unknown) => {
      target[String(key)] = value;
      note(`${surface}.${String(key)}`, value);
      if (typeof value === 'object' && value !== null) noteAll(`${surface}.${String(key)}`, value);
      return true;
    },
  });
}

function noteAll(surface: string, value: object): void {
  for (const [key, inner] of Object.entries(value as Record<string, unknown>)) {
    note(`${surface}.${key}`, inner);
    if (typeof inner === 'object' && inner !== null && !(inner instanceof ThemeIcon))
      noteAll(`${surface}.${key}`, inner);
  }
}

const message =
  (surface: string) =>
  (text: string, ...rest: unknown[]): Promise<undefined> => {
    note(surface, text);
    noteAll(surface, rest);
    return Promise.resolve(undefined);
  };

function TreeItem(label: string): unknown {
  note('treeItem.label', label);
  return noting('treeItem');
}

class MarkdownString {
  isTrusted = true;
  supportHtml = true;
  supportThemeIcons = true;
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

const fake = {
  ThemeColor,
  ThemeIcon,
  TreeItem,
  MarkdownString,
  ProgressLocation: { Window: 10, Notification: 15 },
  StatusBarAlignment: { Left: 1 },
  QuickPickItemKind: { Separator: -1 },
  window: {
    showInformationMessage: message('message'),
    showWarningMessage: message('message'),
    showErrorMessage: message('message'),
    setStatusBarMessage: (text: string) => note('status', text),
    withProgress: (options: { title: string; location: number }, run: (bar: unknown, token: unknown) => unknown) => {
      note(options.location === 10 ? 'progress' : 'message', options.title);
      return run({ report: (step: object) => noteAll('message', step) }, {});
    },
    createStatusBarItem: () => noting('status'),
    createTreeView: () => noting('treeView'),
    createQuickPick: () => noting('pick'),
    createInputBox: () => noting('input'),
    createOutputChannel: (name: string) => {
      note('channel.name', name);
      return noting('channel', { name });
    },
    createTerminal: ({ name }: { name: string }) => note('terminal.name', name),
  },
};

// Whoever asks for the editor's module gets this one.
const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
const load = loader._load.bind(Module);
loader._load = (request, ...rest) => (request === 'vscode' ? fake : load(request, ...rest));
