import type { Command } from '../command.js';

/** Commands about the agent server and `cm` itself. */
export const SERVER_COMMANDS: readonly Command[] = [
  {
    path: ['server', 'status'],
    summary: 'Show the agent server of this machine.',
    details: 'With --json: uptime in seconds, memory in bytes.',
    args: [],
    flags: [],
    load: async () => (await import('../serverCommands.js')).status,
  },
  {
    path: ['server', 'run'],
    summary: 'Run the agent server in the foreground.',
    details:
      'With --port clients on this host can also come by TCP, with a token: one of `cm server token`, or the one that ' +
      'is given here or in CM_AGENT_TOKEN for this run. Other hosts come over ssh, or need --host and TLS.',
    args: [],
    flags: [
      { name: 'port', value: 'N', description: 'Also listen on a TCP port.' },
      { name: 'token-file', value: 'F', description: 'Let in who has the token in this file.', completes: 'file' },
      { name: 'token', value: 'T', description: 'The same on the command line, where others can see it.' },
      { name: 'host', value: 'H', description: 'Name or address to listen on; default 127.0.0.1.' },
      { name: 'tls-cert', value: 'F', description: 'Certificate (PEM), needed for other hosts.', completes: 'file' },
      { name: 'tls-key', value: 'F', description: 'Its key (PEM).', completes: 'file' },
    ],
    examples: ['cm server run --port 9876 --token-file ~/.cm-token'],
    load: async () => (await import('../serverCommands.js')).run,
  },
  {
    path: ['server', 'stop'],
    summary: 'Stop the agent server; sessions go on.',
    args: [],
    flags: [{ name: 'force', description: 'Also while sessions run.' }],
    load: async () => (await import('../serverCommands.js')).stop,
  },
  {
    path: ['server', 'restart'],
    summary: 'Restart the agent server; sessions go on.',
    args: [],
    flags: [],
    load: async () => (await import('../serverCommands.js')).restart,
  },
  {
    path: ['server', 'token'],
    summary: 'List, make or revoke the tokens of clients that come by TCP.',
    details:
      'A new token is printed once; only its hash is kept. Revoking one, by name or id, ends the connections that use it.',
    args: [
      { name: 'list|new|revoke', isOptional: true, completes: ['list', 'new', 'revoke'] },
      { name: 'NAME', isOptional: true },
    ],
    flags: [],
    examples: ['cm server token new laptop > token', 'cm server token revoke laptop'],
    load: async () => (await import('../serverCommands.js')).token,
  },
  {
    path: ['doctor'],
    summary: 'Check this machine and say how to mend what is wrong.',
    args: [],
    flags: [],
    load: async () => (await import('../doctorCommand.js')).doctor,
  },
  {
    path: ['completion'],
    summary: 'Print the completion script for a shell.',
    details:
      'bash: eval "$(cm completion bash)" in ~/.bashrc · zsh: eval "$(cm completion zsh)" in ~/.zshrc · ' +
      'fish: cm completion fish > ~/.config/fish/completions/cm.fish',
    args: [{ name: 'SHELL', completes: ['bash', 'zsh', 'fish'] }],
    flags: [],
    load: async () => (await import('../completionCommand.js')).completion,
  },
  {
    path: ['version'],
    summary: 'Print the version.',
    args: [],
    flags: [],
    load: async () => (await import('../versionCommand.js')).version,
  },
];
