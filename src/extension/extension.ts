import './quietZod.js';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { createClient } from '../client/client.js';
import { isDeveloping } from '../client/development.js';
import { systemClock } from '../common/async.js';
import { VERSION } from '../common/build.js';
import { DisposableStore } from '../common/disposable.js';
import { dataHome } from '../client/dataHome.js';
import { addSshHost } from './addHost/addHost.js';
import { Answering } from './answering/answering.js';
import { registerApprovalCommands } from './answering/approvalCommands.js';
import { registerContextCommands, addContext } from './commands/contextCommands.js';
import { registerControlCommands } from './commands/controlCommands.js';
import { registerHelpCommands } from './commands/helpCommands.js';
import { followLinks } from './commands/links.js';
import { connectMachine, registerMachineCommands } from './commands/machineCommands.js';
import { registerOrganizeCommands } from './commands/organizeCommands.js';
import { askAboutOwnGit } from './commands/ownGitQuestion.js';
import type { Services } from './commands/services.js';
import { openLog, registerWatchCommands } from './commands/watchCommands.js';
import { createLog } from './editor/outputs.js';
import { ReadOnlyDocuments } from './logs/readOnlyDocuments.js';
import { SessionLogs } from './logs/sessionLogs.js';
import { ServerLink, type ConnectFor } from './services/serverLink.js';
import { SessionRows } from '../view/sessionRows.js';
import { NewSession } from './newSession/newSession.js';
import { showStarted } from './newSession/showStarted.js';
import { TaskDrafts } from './newSession/taskDrafts.js';
import { Claims } from './services/claims.js';
import { offerCommandLine } from './services/commandLine.js';
import { CommandRegistry } from './services/commandRegistry.js';
import { ContextKeys } from './services/contextKeys.js';
import { MachineQuestions } from './services/machineQuestions.js';
import { DesktopNotices } from './services/desktopNotices.js';
import { Operations } from './services/operations.js';
import { Problems } from './services/problems.js';
import { writeServerConfig } from './services/serverConfig.js';
import { Settings } from './services/settings.js';
import { ToolCatalog } from './services/toolCatalog.js';
import { welcome } from './services/welcome.js';
import { Attachments } from './terminals/attachments.js';
import { ContextsView } from './views/contextsView.js';
import { Notifier } from './views/notifier.js';
import { SessionsView } from './views/sessionsView.js';
import { StatusBar } from './views/statusBar.js';

/** As the agent server's log and status name them. */
const CLIENT_NAMES = { picture: 'vscode', logs: 'vscode-log', terminals: 'vscode-terminal' } as const;

/** Wires everything together. Nothing here waits: what takes time begins when somebody looks or asks. */
export function activate(context: vscode.ExtensionContext): void {
  const begun = performance.now();
  const store = new DisposableStore();
  context.subscriptions.push(store);
  const log = store.add(createLog());
  const keys = new ContextKeys();
  // No agent can run there; those of other machines can be watched from there.
  keys.set('codeManager.unsupported', process.platform === 'win32');
  keys.set('codeManager.tmux', 'ok');

  // For what is started from here, too.
  if (context.extensionMode === vscode.ExtensionMode.Development) process.env['CM_DEV'] = '1';
  const home = dataHome();
  const serverPath = context.asAbsolutePath(join('dist', 'server.js'));
  const questions = new MachineQuestions();
  const connect: ConnectFor = (purpose) =>
    createClient({
      name: CLIENT_NAMES[purpose],
      home,
      // One of them starts the server; the others wait for it.
      serverPath: purpose === 'picture' ? serverPath : undefined,
      replaceOtherBuild: isDeveloping(),
      subscribe: purpose === 'picture',
      log: (message) => log.info(message),
      onQuestion: questions.answer,
    });

  const problems = new Problems(log);
  const onError = (error: unknown): void => problems.note(error, 'extension');
  const settings = new Settings();
  const link = store.add(new ServerLink(connect, onError));
  const rows = store.add(new SessionRows(link, systemClock, onError));
  const tools = new ToolCatalog(link);
  const operations = new Operations(link, questions);
  const logs = store.add(new SessionLogs(link, tools, settings, context.workspaceState));
  const documents = store.add(new ReadOnlyDocuments());
  const attachments = store.add(new Attachments(link, keys));
  const drafts = store.add(new TaskDrafts(keys));
  const sessionsView = store.add(new SessionsView(link, rows, tools, settings, keys));
  const contextsView = store.add(new ContextsView(link, rows, keys));
  store.add(new StatusBar(link, rows, settings));
  const commands = store.add(new CommandRegistry(problems, log));
  const newSession: NewSession = new NewSession({
    link,
    tools,
    drafts,
    memory: context.globalState,
    keys,
    defaultTool: () => settings.get('defaultTool'),
    addContext: () => addContext(link),
    addSshHost: () => addSshHost(link),
    connect: (id) => connectMachine(services, id),
    askOwnGit: (name, own) =>
      askAboutOwnGit(
        { documents },
        { key: 'git', name, consequence: 'A new worktree can do with it or without it.' },
        own,
      ),
    onStarted: async (session) => {
      await showStarted(session.id, attachments, () => openLog(services, session));
      await untilListed(rows, session.id);
      await sessionsView.select(session.id);
    },
  });
  const services: Services = {
    context,
    log,
    home,
    keys,
    commands,
    problems,
    settings,
    link,
    rows,
    tools,
    operations,
    logs,
    documents,
    attachments,
    drafts,
    newSession,
    sessionsView,
    contextsView,
  };
  registerWatchCommands(services);
  registerControlCommands(services);
  const answering = new Answering(services);
  registerApprovalCommands(services, answering);
  store.add(
    new Notifier({
      link,
      rows,
      settings,
      claims: new Claims(join(context.globalStorageUri.fsPath, 'told')),
      desktop: new DesktopNotices(log),
      isLookedAt: (id) => logs.isVisible(id) || attachments.isVisible(id) || answering.isShown(id),
      onError,
    }),
  );
  registerOrganizeCommands(services);
  registerContextCommands(services);
  registerMachineCommands(services);
  registerHelpCommands(services, serverPath);
  store.add(followLinks(services));

  const took = (performance.now() - begun).toFixed(1);
  log.info(`Code Manager ${VERSION}, ${process.platform}, data in ${home}, activated in ${took} ms`);
  startLater(services, store);
}

/** What begins by itself, after activation and without anybody waiting for it. */
function startLater({ context, home, link, settings, tools, problems }: Services, store: DisposableStore): void {
  const doing = (what: string) => (error: unknown) => problems.note(error, what);
  offerCommandLine(context).catch(doing('cm in terminals'));
  welcome(context.globalState).catch(doing('welcome'));
  // Whoever has never used Code Manager gets no process for it.
  access(join(home, 'contexts.json')).then(
    () => link.open(),
    () => undefined,
  );
  store.add(
    link.onDidChange(({ type }) => {
      if (type === 'reset') tools.list().catch(doing('names of the agents'));
    }),
  );
  const obey = async (): Promise<void> => {
    if (!(await writeServerConfig(home, settings)) || !link.isLoaded) return;
    // Its settings are read at its start. The agents do not notice.
    await link.request('server/stop', { force: true }).catch(doing('restart for the new settings'));
    link.reopen();
  };
  obey().catch(doing('settings of the agent server'));
  store.add(
    settings.onDidChange(['tmux.path', 'retentionDays'], () => {
      obey().catch(doing('settings of the agent server'));
    }),
  );
}

/** Waits a moment for the row of a session that was just made: the event may come after the answer. */
async function untilListed(rows: SessionRows, id: string): Promise<void> {
  rows.update();
  for (let i = 0; i < 20 && rows.find(id) === undefined; i++) {
    await new Promise<void>((resolve) => systemClock.after(50, resolve));
    rows.update();
  }
}
