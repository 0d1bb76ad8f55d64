import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { campaign } from '../helpers/campaign.js';
import { TestServer } from '../helpers/testServer.js';
import { filesCases, type FilesInput, type Kind } from './files.js';

const PRECIOUS = 'as it was\n';

type Maker = (path: string, outside: string) => void;

const MAKERS: Readonly<Record<Kind, Maker>> = {
  folder: (path) => {
    mkdirSync(path);
    writeFileSync(join(path, 'note'), 'mine');
  },
  // Of a program that has ended, by a short name: the path of a socket may not be long.
  socket: (path) =>
    void execFileSync(
      'python3',
      ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', basename(path)],
      { cwd: dirname(path) },
    ),
  pipe: (path) => void execFileSync('mkfifo', [path]),
  gigabyte: (path) => {
    writeFileSync(path, '', { mode: 0o600 });
    truncateSync(path, 2 ** 30);
  },
  'link out': (path, outside) => symlinkSync(outside, path),
  'link to a device': (path) => symlinkSync('/dev/zero', path),
  brackets: (path) => writeFileSync(path, '['.repeat(1_000_000), { mode: 0o600 }),
  prototype: (path) =>
    writeFileSync(path, '{"__proto__":{"version":1},"constructor":{"prototype":{"id":"x"}},"version":1}', {
      mode: 0o600,
    }),
  'lone surrogates': (path) =>
    writeFileSync(path, String.raw`{"version":1,"id":"\ud83d","name":"\udc00\u0000"}`, { mode: 0o600 }),
  'line break in its name': (path) => writeFileSync(`${path.slice(0, -5)}\nFORGED.json`, '{}', { mode: 0o600 }),
};

campaign('files', filesCases, async ({ place, kind }: FilesInput, { t }) => {
  const server = new TestServer(t);
  const outside = join(server.home.root, 'precious');
  writeFileSync(outside, PRECIOUS);
  const path = join(server.cm, place);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  MAKERS[kind](path, outside);
  const isSaid = await works(server);
  const logged = join(server.cm, 'server.log');
  const forged = kind === 'line break in its name' && existsSync(logged) && /^FORGED/mu.test(server.serverLog);
  return { isSaid: isSaid && !forged, isOutsideWhole: readFileSync(outside, 'utf8') === PRECIOUS };
});

/** A session runs to its end, or the person is told in words why none does. */
async function works(server: TestServer): Promise<boolean> {
  try {
    const client = server.client({ reconnect: false });
    const { id } = await server.shell(client, 'exit 3');
    return (await server.ended(client, id)).exitCode === 3;
  } catch (error) {
    return error instanceof CodeManagerError && error.code !== 'internal' && error.hint !== undefined;
  }
}
