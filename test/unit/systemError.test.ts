import assert from 'node:assert/strict';
import { constants } from 'node:os';
import test from 'node:test';
import { KNOWN_CODES, printedCode, systemReason } from '../../src/common/systemError.js';
import { toDiskError, toReadError } from '../../src/core/store/diskErrors.js';
import { TmuxRefusedError } from '../../src/core/tmux/tmuxErrors.js';
import { HostFileError } from '../../src/machines/shell/hostErrors.js';
import { errorText, toCodeManagerError } from '../../src/protocol/errors.js';

/** Every code that the system may give for a file. */
const OF_FILES = [
  ...['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EMFILE', 'ENFILE'],
  ...['ENAMETOOLONG', 'ETXTBSY', 'EIO', 'ESTALE', 'EEXIST', 'EFBIG', 'ENXIO', 'EBUSY', 'EXDEV', 'ENOTEMPTY', 'EMLINK'],
  ...['ENODEV', 'ENOMEM', 'EAGAIN', 'ETIMEDOUT', 'EHOSTDOWN', 'ENOTCONN', 'ENOTSUP'],
];

function thrown(code: string, syscall: string, path: string | undefined): Error {
  const where = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: something, ${syscall}${where}`), { code, syscall, errno: -1, path });
}

test('whatever the system refuses is said in words, with what to do, and without its code', () => {
  for (const code of [...OF_FILES, 'ENOTFILE', 'ENOTOWN']) {
    assert.ok(KNOWN_CODES.includes(code), code);
    for (const doing of ['read', 'written'] as const) {
      const words = systemReason(code, doing);
      assert.ok(words, code);
      assert.match(words.hint, /^[A-Z].*\.$/, code);
      assert.match(words.reason, /^[a-z]/, code);
    }
    const errors = [
      toDiskError(thrown(code, 'write', '/no/such/home'), '/no/such/home'),
      toReadError(thrown(code, 'open', '/no/such/home'), '/no/such/home'),
      ...['open', 'scandir', 'stat', 'write', 'mkdir', 'rename', 'unlink', 'link', 'fsync', 'copyfile', 'chmod'].map(
        (syscall) => toCodeManagerError(thrown(code, syscall, '/no/such/home')),
      ),
      ...['write', 'fsync', 'read'].map((syscall) => toCodeManagerError(thrown(code, syscall, undefined))),
    ];
    for (const error of errors) {
      assert.equal(error.code, 'unavailable', `${code}: ${error.message}`);
      const text = errorText(error);
      assert.doesNotMatch(text, /\bE[A-Z]{3,}\b/, text);
      assert.match(text, /\. [A-Z].*\.$/s, text);
    }
    assert.match(errorText(toCodeManagerError(thrown(code, 'spawn tmux', 'tmux'))), /^tmux cannot be started: /);
  }
});

test('codes in the table are those of the system, or ours', () => {
  for (const code of KNOWN_CODES) {
    assert.ok(code in constants.errno || ['ENOTFILE', 'ENOTOWN', 'EHOSTDOWN'].includes(code), code);
  }
});

/** What strerror says in the C locale, by code. */
const SAYS = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EROFS: 'Read-only file system',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EEXIST: 'File exists',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENAMETOOLONG: 'File name too long',
  ENOMEM: 'Cannot allocate memory',
  EAGAIN: 'Resource temporarily unavailable',
  EADDRINUSE: 'Address already in use',
};

test('what a program printed of a refusal has the words of its code, for files of hosts and for tmux alike', () => {
  for (const [code, says] of Object.entries(SAYS)) {
    assert.equal(printedCode(`sh: /some/where: ${says}`), code);
    assert.ok(systemReason(code, 'written'), code);
    assert.equal(new HostFileError(`dd: failed to open '/x': ${says}`, '/x').code, code);
    assert.equal(new TmuxRefusedError(`error creating /x/y (${says})`).kind, 'system', code);
  }
  assert.equal(printedCode('no space for new pane'), undefined);
});

test('what is no file is told, and never as if it were a sentence of ours', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
  assert.equal(toCodeManagerError(refused).code, 'internal');
  assert.equal(toCodeManagerError(new Error('a fault')).message, 'Something went wrong: it said “a fault”');
  assert.equal(toCodeManagerError(new Error('A fault of ours')).message, 'A fault of ours');
});
