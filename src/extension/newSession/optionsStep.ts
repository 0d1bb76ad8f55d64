import * as vscode from 'vscode';
import { Name } from '../../protocol/context.js';
import type { ToolInfo } from '../../protocol/tool.js';
import { oneLine } from '../../view/plainText.js';
import { formatEnvironment, joinWords, parseEnvironment, splitWords } from '../model/typedText.js';
import { inputStep, pickStep } from '../quickInput/steps.js';
import type { SessionOptions } from './draft.js';

const TITLE = 'New Session: Options';

type OptionKey = 'name' | 'mode' | 'model' | 'worktree' | 'args' | 'env';
interface OptionItem extends vscode.QuickPickItem {
  readonly key: OptionKey;
}

/** Lets the person look at and change the options until they go back. */
export async function askOptions(given: SessionOptions, tool: ToolInfo | undefined): Promise<SessionOptions> {
  let options = given;
  for (;;) {
    const result = await pickStep<OptionItem>({
      title: TITLE,
      placeholder: 'Choose what to change; go back to the task when done',
      canGoBack: true,
      items: itemsOf(options, tool),
    });
    if (result.kind !== 'next') return options;
    options = { ...options, ...(await change(result.value.key, options, tool)) };
  }
}

function itemsOf(options: SessionOptions, tool: ToolInfo | undefined): readonly OptionItem[] {
  const asConfigured = 'as the agent is configured';
  const mode = tool?.modes.find(({ id }) => id === options.mode)?.label ?? options.mode;
  const items: (OptionItem | undefined)[] = [
    { key: 'name', iconPath: new vscode.ThemeIcon('tag'), label: 'Name', description: options.name ?? 'from the task' },
    tool?.modes.length === 0
      ? undefined
      : {
          key: 'mode',
          iconPath: new vscode.ThemeIcon('shield'),
          label: 'Permission Mode',
          description: mode ?? asConfigured,
        },
    tool?.models === null
      ? undefined
      : {
          key: 'model',
          iconPath: new vscode.ThemeIcon('hubot'),
          label: 'Model',
          description: options.model ?? asConfigured,
        },
    {
      key: 'worktree',
      iconPath: new vscode.ThemeIcon('git-branch'),
      label: 'New Git Worktree',
      description: worktreeText(options.worktree),
    },
    {
      key: 'args',
      iconPath: new vscode.ThemeIcon('symbol-parameter'),
      label: 'Extra Arguments',
      description: joinWords(options.args) || 'none',
    },
    {
      key: 'env',
      iconPath: new vscode.ThemeIcon('symbol-variable'),
      label: 'Environment',
      description: Object.keys(options.env).join(', ') || 'none',
    },
  ];
  return items.flatMap((item) =>
    item === undefined ? [] : [{ ...item, description: oneLine(item.description ?? '') }],
  );
}

function worktreeText(worktree: boolean | string): string {
  return worktree === false ? 'no, work in the folder itself' : worktree === true ? 'yes' : `branch ${worktree}`;
}

async function change(
  key: OptionKey,
  options: SessionOptions,
  tool: ToolInfo | undefined,
): Promise<Partial<SessionOptions>> {
  switch (key) {
    case 'name': {
      const name = await ask('Name, empty: made from the task', options.name ?? '', (value) =>
        value.trim() === '' ? undefined : Name.safeParse(value).error?.issues[0]?.message,
      );
      return name === undefined ? {} : { name: name.trim() === '' ? undefined : name.trim() };
    }
    case 'mode': {
      const modes = tool?.modes ?? [];
      const picked = await choose('Permission mode', [
        { label: 'As the agent is configured', value: undefined },
        ...modes.map(({ id, label }) => ({ label: oneLine(label), description: id, value: id })),
      ]);
      return picked === undefined ? {} : { mode: picked.value };
    }
    case 'model': {
      const known = tool?.models ?? [];
      const picked = await choose<string | undefined | true>('Model', [
        { label: 'As the agent is configured', value: undefined },
        ...known.map((model) => ({ label: oneLine(model), value: model })),
        { label: 'Other…', value: true },
      ]);
      if (picked === undefined) return {};
      if (picked.value !== true) return { model: picked.value };
      const model = await ask('Name of the model', options.model ?? '');
      return model === undefined || model.trim() === '' ? {} : { model: model.trim() };
    }
    case 'worktree': {
      const picked = await choose<boolean | 'branch'>('Where should it work?', [
        { label: 'In the folder itself', value: false },
        { label: 'In a new git worktree', description: 'with a branch named after the session', value: true },
        { label: 'In a new git worktree, branch…', value: 'branch' },
      ]);
      if (picked === undefined) return {};
      if (picked.value !== 'branch') return { worktree: picked.value };
      const branch = await ask('Name of the branch', typeof options.worktree === 'string' ? options.worktree : '');
      return branch === undefined || branch.trim() === '' ? {} : { worktree: branch.trim() };
    }
    case 'args': {
      const line = await ask('Arguments, quoted as in a shell', joinWords(options.args), (value) =>
        splitWords(value) === undefined ? 'A quote is left open' : undefined,
      );
      return line === undefined ? {} : { args: splitWords(line) ?? [] };
    }
    case 'env': {
      const line = await ask('NAME=value NAME2="a value"', formatEnvironment(options.env), (value) => {
        const env = parseEnvironment(value);
        return typeof env === 'string' ? env : undefined;
      });
      const env = line === undefined ? undefined : parseEnvironment(line);
      return env === undefined || typeof env === 'string' ? {} : { env };
    }
  }
}

async function ask(
  prompt: string,
  value: string,
  validate?: (value: string) => string | undefined,
): Promise<string | undefined> {
  const result = await inputStep({
    title: TITLE,
    prompt,
    value,
    canGoBack: true,
    ...(validate === undefined ? {} : { validate }),
  });
  return result.kind === 'next' ? result.value : undefined;
}

async function choose<T>(
  placeholder: string,
  items: readonly (vscode.QuickPickItem & { readonly value: T })[],
): Promise<{ readonly value: T } | undefined> {
  const result = await pickStep({ title: TITLE, placeholder, items, canGoBack: true });
  return result.kind === 'next' ? { value: result.value.value } : undefined;
}
