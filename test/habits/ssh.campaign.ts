import { campaign } from '../helpers/campaign.js';
import { tempDir } from '../helpers/tempDir.js';
import { machineOn } from '../ssh/sshHost.js';
import { Sshd } from '../ssh/sshd.js';
import { HABITS } from './habits.js';
import { baseOf, compare, makePerson, shellPath } from './runHabit.js';

campaign(
  'habits by ssh',
  HABITS,
  async (input, { t }) => {
    const root = tempDir(t);
    const { PATH = '', LANG = '' } = baseOf('');
    // The account's own shell starts ours there; the one of the person is asked.
    const host = await Sshd.start(t, { env: { SHELL: shellPath(root, input.shell), PATH, LANG } });
    const person = makePerson(tempDir(t), host.home, input);
    const machine = machineOn(t, host);
    await machine.link.connect();
    return compare(machine, person, input);
  },
  { concurrency: 2 },
);
