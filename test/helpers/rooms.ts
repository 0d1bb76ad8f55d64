/** What each folder may import besides itself. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  common: [],
  protocol: ['common'],
  core: ['common', 'protocol'],
  machines: ['common', 'protocol', 'core'],
  server: ['common', 'protocol', 'core', 'machines', 'client'],
  client: ['common', 'protocol'],
  view: ['common', 'protocol'],
  cli: ['common', 'protocol', 'client', 'view'],
  extension: ['common', 'protocol', 'client', 'view'],
};

/**
 * What each room inside a folder may import of its folder besides itself, lowest first: a room imports only rooms above
 * its own line.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'core/shell': [],
  'core/machine': ['shell'],
  'core/store': ['machine'],
  'core/tools': ['machine', 'shell', 'store'],
  'core/state': ['machine', 'tools'],
  'core/hooks': ['machine', 'state', 'store'],
  'core/tmux': ['hooks', 'machine', 'shell', 'store', 'tools'],
  'core/contexts': ['machine', 'store'],
  'core/git': ['machine', 'store'],
  'core/records': ['machine', 'store', 'tmux'],
  'core/conversations': ['machine', 'records', 'state'],
  'core/live': ['conversations', 'hooks', 'machine', 'records', 'state', 'tmux'],
  'core/logs': ['live', 'machine', 'tmux'],
  'core/sessions': [
    'contexts',
    'conversations',
    'git',
    'hooks',
    'live',
    'logs',
    'machine',
    'records',
    'state',
    'store',
    'tmux',
    'tools',
  ],
  'core/approvals/policy': ['machine', 'store'],
  'core/approvals': ['approvals/policy', 'hooks', 'live', 'records', 'sessions', 'state', 'store'],
  'core/engine': [
    'approvals',
    'approvals/policy',
    'contexts',
    'conversations',
    'git',
    'live',
    'logs',
    'machine',
    'records',
    'sessions',
    'store',
    'tmux',
    'tools',
  ],
  'core/doctor': ['approvals', 'engine', 'machine', 'tmux', 'tools'],
  machines: [],
  'machines/local': [''],
  'machines/link': [''],
  'machines/shell': ['', 'link'],
  'machines/ssh': ['', 'link', 'shell'],
  'machines/install': ['', 'shell', 'ssh'],
  'server/inside': [],
  'server/tcp': [],
  'server/hub': [],
  'server/hub/agent': [],
  'server/hub/ssh': ['hub/agent'],
  server: ['hub', 'hub/agent', 'hub/ssh', 'inside', 'tcp'],
  'extension/model': [],
  'extension/editor': ['model'],
  'extension/quickInput': ['editor', 'model'],
  'extension/services': ['editor', 'model', 'quickInput'],
  'extension/addHost': ['editor', 'model', 'quickInput', 'services'],
  'extension/newSession': ['editor', 'model', 'quickInput', 'services'],
  'extension/logs': ['editor', 'model', 'services'],
  'extension/terminals': ['editor', 'services'],
  'extension/views': ['editor', 'model', 'services'],
  'extension/commands': [
    'addHost',
    'editor',
    'logs',
    'model',
    'newSession',
    'quickInput',
    'services',
    'terminals',
    'views',
  ],
  'extension/answering': ['commands', 'editor', 'quickInput'],
  extension: ['addHost', 'answering', 'commands', 'editor', 'logs', 'newSession', 'services', 'terminals', 'views'],
};

type Arrow = readonly [from: string, to: string];

/** Arrows between names, without those that a way over others already is. */
function shortest(arrows: readonly Arrow[]): Arrow[] {
  const reaches = (from: string, to: string, direct: boolean): boolean =>
    arrows.some(([a, b]) => a === from && ((b === to && !direct) || (b !== to && reaches(b, to, false))));
  return arrows.filter(([from, to]) => !reaches(from, to, true));
}

/** The rooms as a picture, in the language of Mermaid: who may import whom, the long way round where there is one. */
export function roomsPicture(): string {
  const folders = Object.keys(ALLOWED);
  const divided = folders.filter((folder) => Object.keys(ROOMS).some((room) => room.startsWith(`${folder}/`)));
  const name = (room: string): string => (folders.includes(room) ? `${room}_` : room.replaceAll('/', '_'));
  const boxes = divided.flatMap((folder) => [
    `  subgraph ${folder}`,
    ...Object.keys(ROOMS)
      .filter((room) => room.split('/')[0] === folder)
      .map((room) => `    ${name(room)}[${room === folder ? 'itself' : room.slice(folder.length + 1)}]`),
    ...shortest(
      Object.entries(ROOMS)
        .filter(([room]) => room.split('/')[0] === folder)
        .flatMap(([room, others]) =>
          others.map((other): Arrow => [name(room), name(other === '' ? folder : `${folder}/${other}`)]),
        ),
    ).map(([from, to]) => `    ${from} --> ${to}`),
    '  end',
  ]);
  const between = shortest(
    Object.entries(ALLOWED).flatMap(([folder, others]) => others.map((other): Arrow => [folder, other])),
  ).map(([from, to]) => `  ${from} --> ${to}`);
  return ['flowchart TD', ...boxes, ...between].join('\n');
}
