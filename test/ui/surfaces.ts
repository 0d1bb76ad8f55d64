import type { StepName } from './hostileSteps.js';

/** Only words of ours come out there. */
export const OURS = 'ours';
/** What comes out there is the person's own: their files, their settings, their keys. */
export const THEIRS = 'theirs';
/** The name of one session, in the way that a step drives in another file. */
export const NAME = 'a name';

/** How a text gets out of a file: the function of `editor/` or `quickInput/` that is imported there, or a document. */
export type Way = string;

/**
 * Every place of the extension where a text comes out, with the step of {@link STEPS} that drives hostile text through
 * it in a real editor, or why none does. A test compares it with the sources.
 */
export const SURFACES: Readonly<
  Record<string, Readonly<Record<Way, StepName | typeof OURS | typeof THEIRS | typeof NAME>>>
> = {
  'addHost/addHost.ts': { inputStep: OURS },
  'addHost/folderStep.ts': { Pick: 'folders of a host' },
  'addHost/hostStep.ts': { pickStep: THEIRS },
  'answering/alwaysAllow.ts': { pickStep: 'rule editor', say: 'no rule' },
  'answering/answerAll.ts': { say: NAME, sayDone: NAME, working: OURS },
  'answering/answerStep.ts': { pickStep: 'notification, answers, refusal', pickManyStep: 'several options' },
  'answering/answering.ts': {
    'documents.show': 'request document',
    say: 'answered',
    sayDone: 'answered',
    textStep: 'reason of a denial',
    working: 'answered',
  },
  'answering/approvalCommands.ts': { 'documents.show': 'audit log', say: 'auto-approval off' },
  'commands/contextCommands.ts': {
    ask: 'context edited, removed',
    'documents.show': 'test of a context',
    inputStep: THEIRS,
    pickStep: 'test of a context',
  },
  'commands/controlCommands.ts': { ask: 'kill', say: 'send, refused', textStep: 'send, refused', working: NAME },
  'commands/editContext.ts': { ask: 'context edited, removed', inputStep: THEIRS, pickStep: 'context edited, removed' },
  'commands/helpCommands.ts': {
    'documents.show': 'doctor',
    inputStep: THEIRS,
    sayDone: OURS,
    working: OURS,
    workingLong: OURS,
  },
  'commands/machineCommands.ts': {
    ask: 'details of a machine',
    'documents.show': NAME,
    pickStep: 'list of machines',
    sayDone: NAME,
  },
  'commands/openFolder.ts': { say: 'folder elsewhere' },
  'commands/organizeCommands.ts': { ask: 'delete', inputStep: 'rename', working: NAME },
  'commands/ownGitQuestion.ts': { 'documents.show': 'git question', say: 'git question' },
  'commands/showChanges.ts': { pickStep: 'changes elsewhere', say: NAME },
  'commands/watchCommands.ts': {
    'documents.show': 'whole log',
    inputStep: OURS,
    pickStep: 'list of sessions',
    workingLong: NAME,
  },
  'extension.ts': { createLog: 'notification, answers, refusal' },
  'logs/sessionLog.ts': { createChannel: 'output channel' },
  'newSession/agentStep.ts': { pickStep: 'new session', sayDone: OURS },
  'newSession/contextStep.ts': { pickStep: 'new session' },
  'newSession/newSession.ts': { inputStep: 'new session', say: OURS, working: NAME },
  'newSession/optionsStep.ts': { inputStep: THEIRS, pickStep: 'new session' },
  'commands/askSession.ts': { pickStep: 'list of sessions' },
  'services/commandLine.ts': { say: THEIRS },
  'services/machineQuestions.ts': {
    ask: 'questions of a host',
    inputStep: 'questions of a host',
    say: NAME,
  },
  'services/operations.ts': { workingLong: 'test of a context' },
  'services/problems.ts': { say: 'notification, answers, refusal' },
  'terminals/attachments.ts': { createTerminal: 'terminal', renameActiveTerminal: NAME },
  'views/contextsView.ts': { createTree: 'machines and contexts', treeItem: 'machines and contexts' },
  'views/notifier.ts': { say: 'notification, answers, refusal' },
  'views/sessionsView.ts': { createTree: 'rows', setTooltip: 'tooltip', treeItem: 'rows' },
  'views/statusBar.ts': { createStatusItem: 'status bar' },
};
