import * as vscode from 'vscode';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import { answerAllLabel, answerRows, type AnswerChoice, type AnswerScope } from '../../view/answerChoices.js';
import { requestRows, requestVerb, wrap } from '../../view/requestText.js';
import { pickManyStep, pickStep } from '../quickInput/steps.js';

/** What a person chose; `whole`: to read the request as a document. */
export type StepChoice = AnswerChoice | { readonly type: 'whole' };

export interface AnswerStep {
  readonly title: string;
  /** Null when nothing is known that could be answered from here. */
  readonly request: PendingRequest | null;
  /** One line for people, where there is no request. */
  readonly waitingFor: string;
  /** In which it runs, on one line: who is asked to trust it has to see which one it is. */
  readonly folder: string;
  /** Said above everything else: `The request has changed.` */
  readonly note: string;
  /** How many more ask exactly the same. */
  readonly others: number;
  /** All that the answer is for, where it is for several. */
  readonly askedBy: readonly string[];
  /** The text stands in a document below. */
  readonly isOpen: boolean;
  /** Aborts when the request is gone. */
  readonly signal: AbortSignal;
}

interface Item extends vscode.QuickPickItem {
  readonly choice: StepChoice | undefined;
}

/** Shows a request and its answers. What is active at first answers nothing, so that no Enter too many allows anything. */
export async function answerStep(step: AnswerStep): Promise<StepChoice | undefined> {
  const { title, request, note, isOpen, signal } = step;
  if (request?.several === true && request.options.length > 0) return await severalStep(step, request);
  const asked = askedItems(step);
  const answers = answerRows(request, scopeOf(step)).map((row): Item => ({
    label: row.label,
    iconPath: new vscode.ThemeIcon(row.icon),
    ...(row.detail === undefined ? {} : { detail: row.detail }),
    choice: row.choice,
  }));
  const placeholder = request === null ? 'It can be answered in its terminal only' : 'Choose an answer';
  const result = await pickStep<Item>({
    title,
    placeholder: note === '' ? placeholder : `${note} ${placeholder}`,
    items: [...asked, separator('answers'), ...answers],
    active: (item) => item === asked.at(-1),
    staysOpen: isOpen,
    signal,
  });
  return result.kind === 'next' ? result.value.choice : undefined;
}

const ATTACH: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('terminal'), tooltip: 'Attach Instead' };

function answerAllButton({ others }: AnswerStep): vscode.QuickInputButton {
  return { iconPath: new vscode.ThemeIcon('checklist'), tooltip: answerAllLabel(others) };
}

function scopeOf({ others, askedBy }: AnswerStep): AnswerScope {
  return { others: askedBy.length > 0 ? 0 : others, isForAll: askedBy.length > 0 };
}

/** Several options are one answer: they are ticked, as they are ticked already, and sent together. */
async function severalStep(step: AnswerStep, request: PendingRequest): Promise<StepChoice | undefined> {
  const { title, note, signal } = step;
  const rows = answerRows(request).flatMap(({ label, detail, choice }) =>
    choice.type === 'answer' && choice.answer.type === 'option'
      ? [{ label, option: choice.answer.label, ...(detail === undefined ? {} : { detail }) }]
      : [],
  );
  const tickable = new Map(request.options.map((option) => [option.label, option.ticked]));
  const items = rows.filter(({ option }) => tickable.get(option) !== undefined);
  const result = await pickManyStep<vscode.QuickPickItem & { readonly option: string }>({
    // Beside check boxes there are no rows without one; a title shows as many lines as it needs.
    title: [title, requestRows(request).join(' '), ...step.askedBy].join(' · '),
    placeholder: `${note} Choose all that apply`.trim(),
    items,
    picked: ({ option }) => tickable.get(option) === true,
    buttons: [ATTACH, ...(scopeOf(step).others === 0 ? [] : [answerAllButton(step)])],
    signal,
  });
  if (result.kind === 'button') return result.button === ATTACH ? { type: 'attach' } : { type: 'answerAll' };
  if (result.kind !== 'next') return undefined;
  const labels = result.value.map(({ option }) => option);
  return { type: 'answer', answer: { type: 'options', labels } };
}

/** What is asked, in whole: as rows, or named where it stands in the document. */
function askedItems({ request, waitingFor, folder, note, isOpen, askedBy }: AnswerStep): Item[] {
  const rows =
    request === null
      ? [waitingFor]
      : isOpen
        ? ['The whole request is shown below']
        : [...requestRows(request), ...(request.kind === 'trust' ? wrap(folder) : [])];
  const asking = askedBy.map((label, index): Item => ({
    label,
    iconPath: new vscode.ThemeIcon(index === 0 ? 'organization' : 'blank'),
    alwaysShow: true,
    choice: { type: 'whole' },
  }));
  const heading = note === '' ? (request === null ? 'waits for' : requestVerb(request)) : note;
  return [
    ...(asking.length === 0 ? [] : [separator('asked by'), ...asking]),
    separator(heading),
    ...rows.map((label, index): Item => {
      const icon = index === 0 ? (isOpen ? 'go-to-file' : 'quote') : 'blank';
      return {
        label: label,
        iconPath: new vscode.ThemeIcon(icon),
        alwaysShow: true,
        choice: request === null ? { type: 'attach' } : { type: 'whole' },
      };
    }),
  ];
}

function separator(label: string): Item {
  return { label, kind: vscode.QuickPickItemKind.Separator, choice: undefined };
}
