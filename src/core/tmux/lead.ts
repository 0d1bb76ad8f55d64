import type { ControlClient } from './controlClient.js';
import { tmuxCommand } from '../../common/quote.js';

/** Server option with the name of the control client whose server acts. */
const OWNER_OPTION = '@cm_owner';
/** A name that tmux gives to clients, and that is safe in a format. */
const CLIENT_NAME = /^[A-Za-z0-9_/-]+$/;

/** The mark in a format. */
export const LEADER = `#{${OWNER_OPTION}}`;

/** What changes when another one leads, for a tmux that does not tell. */
export const ASK_LEAD: readonly string[] = [
  tmuxCommand('display-message', '-p', LEADER),
  tmuxCommand('list-clients', '-F', '#{client_name}'),
];

/**
 * Of several servers of ours on one tmux one acts and the others watch. The mark of who acts is kept by tmux and is void
 * when that client has gone.
 *
 * @param former earlier clients of the same server: tmux may keep one whose connection was cut
 * @param take also from one that is there
 * @returns whether the server of this client acts
 */
export async function claimLead(control: ControlClient, former: ReadonlySet<string>, take: boolean): Promise<boolean> {
  for (;;) {
    const [clients = [], [line = ''] = []] = await control.run(
      tmuxCommand('list-clients', '-F', '#{client_name}'),
      tmuxCommand('display-message', '-p', `#{client_name} #{${OWNER_OPTION}}`),
    );
    const [own = '', owner = ''] = line.split(' ');
    if (own === owner) return true;
    // A tmux that does not name its clients cannot tell them apart either.
    if (!CLIENT_NAME.test(own)) return true;
    const known = CLIENT_NAME.test(owner) ? owner : '';
    if (known !== '' && clients.includes(known) && !former.has(known) && !take) return false;
    // Only if nobody else was quicker. One command, since a nested one has an answer of its own.
    const value = known === owner ? `#{?#{==:#{${OWNER_OPTION}},${known}},${own},#{${OWNER_OPTION}}}` : own;
    await control.run(tmuxCommand('set-option', '-s', '-F', OWNER_OPTION, value));
  }
}
