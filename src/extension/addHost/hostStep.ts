import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.js';
import type { Result } from '../../protocol/requests.js';
import { oneLine } from '../../view/plainText.js';
import { formatSshTarget, parseSshTarget, type SshTarget } from '../model/sshTarget.js';
import { pickStep, type StepResult } from '../quickInput/steps.js';

/** What the person chose: a host, or another way than ssh alone. */
export type HostChoice =
  | { readonly kind: 'host'; readonly target: SshTarget }
  | { readonly kind: 'agentOverSsh' }
  | { readonly kind: 'agentByUrl' };

interface HostItem extends vscode.QuickPickItem {
  readonly choice?: HostChoice;
}

export interface HostStepOptions {
  readonly title: string;
  readonly hosts: () => Promise<Result<'machine/hosts'>>;
  /** Also offer the ways to an agent server. */
  readonly withAgents: boolean;
  readonly canGoBack: boolean;
}

/** Lets the person pick a host of their ssh configuration or type one. */
export async function hostStep(options: HostStepOptions): Promise<StepResult<HostChoice>> {
  const result = await pickStep<HostItem>({
    title: options.title,
    placeholder: 'A host of your ssh configuration, or type user@host:port',
    canGoBack: options.canGoBack,
    items: itemsOf(options),
    typed: (value) => {
      const target = parseSshTarget(value);
      return target === undefined ? undefined : typedItem(target);
    },
  });
  if (result.kind !== 'next') return result;
  const { choice } = result.value;
  return choice === undefined ? { kind: 'cancel' } : { kind: 'next', value: choice };
}

async function itemsOf({ hosts, withAgents }: HostStepOptions): Promise<readonly HostItem[]> {
  const known = await hosts().then(
    (list) => list.map(hostItem),
    // A configuration that cannot be read keeps nobody from typing a host.
    (error: unknown): HostItem[] => [
      {
        iconPath: new vscode.ThemeIcon('warning'),
        label: 'Your ssh configuration could not be read',
        detail: oneLine(errorText(error), 300),
      },
    ],
  );
  const agents: HostItem[] = [
    { label: 'Agent servers', kind: vscode.QuickPickItemKind.Separator },
    {
      iconPath: new vscode.ThemeIcon('server-process'),
      label: 'Agent Server over SSH…',
      description: 'one that is installed or runs on a host',
      choice: { kind: 'agentOverSsh' },
    },
    {
      iconPath: new vscode.ThemeIcon('globe'),
      label: 'Agent Server by URL…',
      description: 'wss://, with a token',
      choice: { kind: 'agentByUrl' },
    },
  ];
  return withAgents ? [...known, ...agents] : known;
}

function hostItem({ alias, hostName, user }: Result<'machine/hosts'>[number]): HostItem {
  const place = `${user === null ? '' : `${user}@`}${hostName ?? (user === null ? '' : alias)}`;
  return {
    iconPath: new vscode.ThemeIcon('vm'),
    label: oneLine(alias),
    description: place === alias ? '' : oneLine(place),
    choice: { kind: 'host', target: { host: alias } },
  };
}

function typedItem(target: SshTarget): HostItem {
  return {
    iconPath: new vscode.ThemeIcon('arrow-right'),
    label: `Connect to ${oneLine(formatSshTarget(target))}`,
    alwaysShow: true,
    choice: { kind: 'host', target },
  };
}
