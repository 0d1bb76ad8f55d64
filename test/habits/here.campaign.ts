import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { campaign } from '../helpers/campaign.js';
import { tempDir } from '../helpers/tempDir.js';
import { HABITS } from './habits.js';
import { baseOf, compare, makePerson } from './runHabit.js';

campaign(
  'habits here',
  HABITS,
  async (input, { t }) => {
    const root = tempDir(t);
    const home = join(root, 'home');
    mkdirSync(home);
    const person = makePerson(root, home, input);
    const machine = new LocalMachine({ env: baseOf(home), home, shell: person.shell });
    return compare(machine, person, input);
  },
  { concurrency: 4 },
);
