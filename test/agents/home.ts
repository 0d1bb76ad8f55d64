import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type AgentName = 'claude' | 'claude-old' | 'codex' | 'opencode' | 'gemini' | 'copilot';
/** In its pinned version, or in the one that is its newest today. */
export type AgentVersion = AgentName | `${AgentName}@newest`;

/** A real agent with a home of its own, that talks to a scripted model and to nobody else. */
export interface AgentHome {
  /** Absolute path of its program. */
  readonly program: string;
  readonly home: string;
  /** Variables of the agent besides PATH and HOME: its dummy key and where its model is. */
  readonly variables: Readonly<Record<string, string>>;
  /** A whole environment for it. */
  readonly env: Readonly<Record<string, string>>;
}

const CLAUDE_KEY = 'sk-ant-dummy-key-0123456789abcdefghij';

/** Installs the agent when it is not there yet. */
export async function installAgent(
  agent: AgentVersion,
): Promise<{ readonly program: string; readonly version: string }> {
  const { stdout } = await run(process.execPath, ['test/agents/install.mjs', agent], { timeout: 600_000 });
  const [, program = '', version = ''] = stdout.trim().split('\t');
  return { program, version };
}

/** Installs the agent when it is not there yet, and makes it a home below `dir`. */
export async function agentHome(agent: AgentVersion, modelUrl: string, dir: string): Promise<AgentHome> {
  const { program } = await installAgent(agent);
  const name = nameOf(agent);
  const home = join(dir, `home-${name}`);
  mkdirSync(home, { recursive: true });
  const { files, variables } = CONFIGURATIONS[name](modelUrl);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
  const path = `${dirname(program)}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  // Codex takes /tmp for a place to write to: what is below it would need no approval.
  const env = { PATH: path, HOME: home, LANG: 'C.UTF-8', SHELL: '/bin/bash', ...variables };
  return { program, home, variables, env };
}

function nameOf(agent: AgentVersion): AgentName {
  return agent.replace(/@newest$/u, '') as AgentName;
}

interface Configuration {
  /** Below the home; objects are written as JSON. */
  readonly files: Readonly<Record<string, string | object>>;
  readonly variables: Readonly<Record<string, string>>;
}

const claude = (modelUrl: string): Configuration => ({
  files: {
    '.claude.json': {
      hasCompletedOnboarding: true,
      theme: 'dark',
      numStartups: 5,
      customApiKeyResponses: { approved: [CLAUDE_KEY.slice(-20)], rejected: [] },
    },
  },
  variables: {
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: CLAUDE_KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  },
});

const CONFIGURATIONS: Readonly<Record<AgentName, (modelUrl: string) => Configuration>> = {
  claude,
  'claude-old': claude,
  codex: (modelUrl) => ({
    files: {
      // With a model that it does not know, Codex has no tool to edit files.
      '.codex/config.toml': [
        'model = "gpt-5.5"',
        'model_provider = "scripted"',
        'check_for_update_on_startup = false',
        '[model_providers.scripted]',
        'name = "Scripted"',
        `base_url = "${modelUrl}/v1"`,
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
        'request_max_retries = 1',
        'stream_max_retries = 1',
        '[tui]',
        'screen_reader_detection_done = true',
        // It has been offered the newer model already.
        '[notice.model_migrations]',
        '"gpt-5.5" = "gpt-6-sol"',
        '',
      ].join('\n'),
    },
    variables: { SCRIPTED_KEY: 'dummy' },
  }),
  opencode: (modelUrl) => ({
    files: {
      '.config/opencode/opencode.json': {
        autoupdate: false,
        share: 'disabled',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Scripted',
            options: { baseURL: `${modelUrl}/v1`, apiKey: 'dummy' },
            models: { 'scripted-model': { name: 'Scripted Model', limit: { context: 100_000, output: 8000 } } },
          },
        },
        model: 'scripted/scripted-model',
        small_model: 'scripted/scripted-model',
        permission: { edit: 'ask', bash: 'ask' },
      },
    },
    variables: { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', npm_config_offline: 'true' },
  }),
  gemini: (modelUrl) => ({
    files: {
      '.gemini/settings.json': {
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: true } },
        general: { enableAutoUpdate: false },
        privacy: { usageStatisticsEnabled: false },
      },
    },
    variables: { GEMINI_API_KEY: 'dummy', GOOGLE_GEMINI_BASE_URL: modelUrl },
  }),
  copilot: (modelUrl) => ({
    files: {},
    variables: {
      COPILOT_PROVIDER_BASE_URL: `${modelUrl}/v1`,
      COPILOT_MODEL: 'gpt-4.1',
      COPILOT_OFFLINE: 'true',
      COPILOT_AUTO_UPDATE: 'false',
    },
  }),
};
