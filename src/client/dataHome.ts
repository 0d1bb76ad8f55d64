import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { homeDirectory } from '../common/home.js';
import { CodeManagerError } from '../protocol/errors.js';

/**
 * The folder of all data: CM_HOME, else `~/.cm`.
 *
 * @throws CodeManagerError `invalid` when the environment names none: it would be another one in each folder
 */
export function dataHome(env: NodeJS.ProcessEnv = process.env): string {
  const { CM_HOME: own = '', HOME: home } = env;
  if (own.startsWith('~')) {
    throw new CodeManagerError('invalid', `CM_HOME is ${own}, where ~ stands for no folder`, {
      hint: 'Only a shell replaces it, and only without quotes: write "$HOME" instead.',
    });
  }
  if (own !== '' && !isAbsolute(own)) {
    throw new CodeManagerError('invalid', `CM_HOME is ${own}, which is no full path`, {
      hint: 'It would be another folder wherever you stand: set it to the full path of one.',
    });
  }
  if (`${own}${home ?? ''}`.includes('\ufffd')) {
    throw new CodeManagerError('invalid', 'The folder for data has a name with bytes that are no UTF-8', {
      hint: 'Set CM_HOME to another folder.',
    });
  }
  if (own === '' && home !== undefined && !isAbsolute(home)) {
    throw new CodeManagerError(
      'invalid',
      home === '' ? 'HOME is empty, so there is no place for data' : `HOME is ${home}, which is no full path`,
      { hint: 'Set HOME, or CM_HOME, to the full path of a folder.' },
    );
  }
  const missing = own === '' && home !== undefined && statSync(home, { throwIfNoEntry: false }) === undefined;
  if (missing) {
    throw new CodeManagerError('invalid', `HOME is ${home}, which does not exist`, {
      hint: 'Set HOME, or CM_HOME, to a folder that is there.',
    });
  }
  return homeDirectory(env);
}
