import type { Logger } from '../../common/logger.js';
import type { ConfigFile } from '../../protocol/files.js';
import { AuditLog } from '../approvals/audit.js';
import { PolicyStore } from '../approvals/policy/policyStore.js';
import { GitTrust } from '../git/gitTrust.js';
import { readConfig } from '../store/configFile.js';
import { ContextStore } from '../contexts/contextStore.js';
import { CredentialsStore } from '../store/credentialsStore.js';
import { openHome, type HomePaths } from '../store/home.js';
import { ToolCatalog } from '../tools/catalog.js';

/** What an agent server knows that belongs to no machine's sessions. */
export interface ServerData {
  readonly paths: HomePaths;
  readonly contexts: ContextStore;
  readonly credentials: CredentialsStore;
  readonly catalog: ToolCatalog;
  /** As it was read last; see {@link refreshConfig}. */
  readonly config: ServerConfig;
  /** What was answered by this server. */
  readonly audit: AuditLog;
  readonly policies: PolicyStore;
  readonly gitTrust: GitTrust;
  /** What could not be read on disk, one sentence each, for the doctor. */
  readonly problems: readonly string[];
  /** Reads `config.json` again, which a person may have changed. */
  refreshConfig(): Promise<void>;
}

/** The settings that hold while the server runs; all others are read where they are used. */
export type ServerConfig = Pick<ConfigFile, 'logCapMiB' | 'retentionDays'>;

/** Reads it from the folder of all data. */
export async function openServerData(home: string, log: Logger): Promise<ServerData> {
  const paths = await openHome(home);
  const credentials = new CredentialsStore(paths.root);
  const contexts = new ContextStore(paths.root, { credentials });
  await contexts.load();
  const catalog = new ToolCatalog(paths.tools);
  await catalog.reload();
  let read = await readConfig(paths.root);
  const policies = new PolicyStore(paths.root);
  await policies.refresh();
  const data: ServerData = {
    paths,
    contexts,
    credentials,
    catalog,
    config: {
      get logCapMiB() {
        return read.config.logCapMiB;
      },
      get retentionDays() {
        return read.config.retentionDays;
      },
    },
    audit: new AuditLog(paths.root),
    policies,
    gitTrust: new GitTrust(paths.root),
    get problems() {
      const tools = catalog.problems.map(({ file, message }) => `${file}: ${message}`);
      return [...contexts.problems, ...read.problems, ...credentials.problems, ...policies.problems, ...tools];
    },
    refreshConfig: async () => {
      read = await readConfig(paths.root);
    },
  };
  for (const problem of data.problems) log.warn(problem);
  return data;
}
