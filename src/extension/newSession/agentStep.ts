import * as vscode from 'vscode';
import type { ToolInfo } from '../../protocol/tool.js';
import { sayDone } from '../editor/say.js';
import { oneLine } from '../../view/plainText.js';
import { pickStep } from '../quickInput/steps.js';
import type { ToolCatalog } from '../services/toolCatalog.js';

interface AgentItem extends vscode.QuickPickItem {
  readonly tool?: ToolInfo;
}

/**
 * The second step: who. What is not installed is shown with the command that installs it.
 *
 * @param machine id of the machine on which it is to run
 * @param place name of that machine when it is another one than this window's
 */
export async function askAgent(
  tools: ToolCatalog,
  title: string,
  recent: readonly string[],
  { machine, place }: { readonly machine: string; readonly place: string | undefined },
): Promise<{ readonly id: string } | 'back' | undefined> {
  for (let refresh = false; ; refresh = true) {
    const result = await pickStep<AgentItem>({
      title,
      placeholder: place === undefined ? 'Which agent?' : `Which agent on ${oneLine(place, 60)}?`,
      canGoBack: true,
      items:
        !refresh && tools.known(machine).length > 0
          ? itemsOf(tools.known(machine), recent)
          : tools.list({ refresh, machine }).then((list) => itemsOf(list, recent)),
    });
    if (result.kind === 'back') return 'back';
    const tool = result.kind === 'next' ? result.value.tool : undefined;
    if (tool === undefined) return undefined;
    if (tool.installed) return tool;
    const copied = tool.installCommand ?? tool.installUrl ?? '';
    await vscode.env.clipboard.writeText(copied);
    sayDone(`Copied: ${copied}`, 10_000);
  }
}

function itemsOf(tools: readonly ToolInfo[], recent: readonly string[]): readonly AgentItem[] {
  const rank = ({ id }: ToolInfo): number => {
    const index = recent.indexOf(id);
    if (index >= 0) return index;
    // The demo agent is for those who have no other.
    return id === 'demo' ? 1000 : 100;
  };
  const agents = tools.filter(({ id }) => id !== 'shell');
  const installed = agents.filter((tool) => tool.installed).sort((a, b) => rank(a) - rank(b));
  const missing = agents.filter((tool) => !tool.installed);
  const shell = tools.find(({ id }) => id === 'shell');
  return [
    ...installed.map((tool) => ({
      iconPath: new vscode.ThemeIcon(tool.id === 'demo' ? 'beaker' : 'robot'),
      label: oneLine(tool.name),
      description: oneLine([tool.version, tool.runs].filter((text) => text !== null).join(' · ')),
      tool,
    })),
    ...(missing.length === 0 ? [] : [{ label: 'Not installed', kind: vscode.QuickPickItemKind.Separator }]),
    ...missing.map((tool) => ({
      iconPath: new vscode.ThemeIcon('circle-slash'),
      label: oneLine(tool.name),
      description: oneLine(tool.installCommand ?? tool.installUrl ?? ''),
      tool,
    })),
    ...(shell === undefined
      ? []
      : [
          { label: '', kind: vscode.QuickPickItemKind.Separator },
          {
            iconPath: new vscode.ThemeIcon('terminal'),
            label: 'Run a Command…',
            description: 'any program',
            tool: shell,
          },
        ]),
  ];
}
