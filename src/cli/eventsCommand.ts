import { homedir } from 'node:os';
import { stripTerminal } from '../common/terminalText.js';
import type { Change } from '../protocol/events.js';
import { CodeManagerError } from '../protocol/errors.js';
import { connectionText, machineOfSession } from '../view/machineText.js';
import { describe } from '../protocol/word.js';
import { shortPath } from '../view/plainText.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { forever } from './forever.js';
import { paintWord } from './sessionView.js';

export async function events(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const since = invocation.value('since');
  if (since !== undefined && !/^\d{1,15}$/.test(since)) {
    throw new CodeManagerError('invalid', `The flag --since takes the number of a change, not "${since}"`);
  }
  const resume = since === undefined ? undefined : { instance: await instanceOf(app), seq: Number(since) };
  const client = app.connect({ subscribe: true, ...(resume === undefined ? {} : { resume }) });
  let pictures = 0;
  await forever(client, (fail) => {
    client.onDidReset(() => {
      // The first picture is the beginning, unless there was something to go on from.
      if (pictures++ > 0 || resume !== undefined)
        output.note('Some changes before this moment are not known any more.');
    });
    client.onDidChange((event) => {
      const printed = output.json
        ? output.record(event)
        : output.lines([`${clock(event.time)}  ${eventText(app, event.change, client.snapshot.machines)}`]);
      printed.catch(fail);
    });
  });
}

/** Numbers count within one life of the server. */
async function instanceOf(app: App): Promise<string> {
  return (await app.client.request('server/status', {})).server.instance;
}

function clock(iso: string): string {
  const date = new Date(iso);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

function eventText({ output }: App, change: Change, machines: Parameters<typeof machineOfSession>[1]): string {
  switch (change.type) {
    case 'session/changed': {
      const { session } = change;
      const { word, detail } = describe(session, Date.now(), machineOfSession(session, machines));
      const name = `session ${session.id}  ${stripTerminal(session.name)}`;
      const archived = session.archived ? '  archived' : '';
      return `${name}  ${paintWord(output, word)}${detail === '' ? '' : `  ${stripTerminal(detail)}`}${archived}`;
    }
    case 'session/removed':
      return `session ${change.id}  ${stripTerminal(change.name)}  removed`;
    case 'context/changed':
      return stripTerminal(
        `context ${change.context.id}  ${change.context.name}  ${shortPath(change.context.path, homedir())}`,
      );
    case 'context/removed':
      return `context ${change.id}  ${stripTerminal(change.name)}  removed`;
    case 'machine/changed':
      return stripTerminal(`machine ${change.machine.host}  ${connectionText(change.machine, Date.now())}`);
    case 'machine/removed':
      return stripTerminal(`machine ${change.id}  removed`);
    case 'policy/changed': {
      const { off, rules, inForce } = change.policy;
      return `policy  ${off ? 'off' : `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, ${inForce} allow`}`;
    }
    case 'notice':
      return stripTerminal(`${change.level}  ${change.message}`);
  }
}
