import { pathToFileURL } from 'node:url';
import { ANSWER, hookChannel, type HookTmux } from './hookScript.js';

/**
 * What OpenCode loads for its own events: adds a line `<run> <event>` for each that says what it does to a file beside
 * the session's log. It opens no port. A process of another session, or one that the agent has started, writes nothing.
 *
 * What it asks is told as `<run>/<ticket> <event>`. Until somebody has replied, it waits for tmux to wake it, and then
 * replies what lies in the file of the answer. Renaming that file decides who has it, as with the program of other hooks.
 */
export function opencodePlugin(sessionsDirectory: string, { program, socket }: HookTmux): string {
  return `import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

const dir = ${JSON.stringify(sessionsDirectory)};
const id = process.env.CM_SESSION ?? '';
const run = process.env.CM_RUN ?? '';

export const CodeManager = async ({ client, directory = process.cwd() } = {}) => {
  // What the agent starts inherits this.
  if (id === '' || process.env.CM_HOOKED === id || !existsSync(dir + '/' + id + '.json')) return {};
  process.env.CM_HOOKED = id;
  const children = new Set();
  const tops = new Set();
  const prompts = new Set();
  // The session that a prompt went to last, and the one that the person is in.
  let prompted;
  let own;
  const begun = new Set();
  const text = (value) => (typeof value === 'string' && value.length <= 12000 ? value : undefined);
  // What calls were given, of the last ones: a permission does not say in which folder its command runs.
  const inputs = new Map();
  const begins = (callID, input) => {
    inputs.set(callID, input);
    if (inputs.size > 1000) inputs.delete(inputs.keys().next().value);
  };
  const folderOf = (callID) => {
    const input = inputs.get(callID);
    if (input === undefined) return undefined;
    const { workdir } = input;
    return workdir === undefined || workdir === null || workdir === '' ? directory : text(workdir) && resolve(directory, workdir);
  };
  const waiting = new Map();
  // Denied with a reason, after which it goes on with its turn.
  const explained = new Set();
  const reply = async (ticket, requestID) => {
    const file = new URL('./' + ticket + ${JSON.stringify(ANSWER)}, import.meta.url);
    const taken = new URL(file.href + '.taken');
    try {
      renameSync(file, taken);
      const body = JSON.parse(readFileSync(taken, 'utf8'));
      rmSync(taken);
      if (body.message !== undefined) explained.add(requestID);
      await client._client.post({ url: '/permission/{requestID}/reply', path: { requestID }, body, headers: { 'Content-Type': 'application/json' } });
    } catch {}
  };
  const wait = (ticket, requestID, isAnswered) => {
    const channel = ${JSON.stringify(hookChannel(''))} + ticket;
    const child = spawn(${JSON.stringify(program)}, ['-S', ${JSON.stringify(socket)}, 'wait-for', channel], { stdio: 'ignore' });
    const isWoken = () => {
      if (waiting.delete(requestID) && isAnswered) void reply(ticket, requestID);
    };
    child.on('error', isWoken);
    child.on('exit', isWoken);
    child.unref();
    waiting.set(requestID, child);
  };
  const isOver = (requestID) => {
    const child = waiting.get(requestID);
    waiting.delete(requestID);
    // One that could not be started has no id of its own, and a signal would go to everybody of our group.
    if (child?.pid !== undefined) child.kill();
  };
  // Neither through a link, nor into what is no file or another user's.
  const isFree = (path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined || (stat.isFile() && stat.uid === process.getuid());
  };
  const say = (name, more, ticket) => {
    const head = ticket === undefined ? run : run + '/' + ticket;
    if (isFree(dir + '/' + id + '.hooks')) appendFileSync(dir + '/' + id + '.hooks', head + ' ' + JSON.stringify({ hook_event_name: name, cwd: process.cwd(), ...more }) + '\\n', { mode: 0o600 });
    if (existsSync(dir + '/changes') && isFree(dir + '/changes')) appendFileSync(dir + '/changes', '.');
  };
  // Where nobody could reply, what is asked stands on the screen only.
  const ask = (name, more, isAnswered) => {
    if (typeof client?._client?.post !== 'function') return;
    const ticket = id + '.' + more.id;
    say(name, more, ticket);
    wait(ticket, more.id, isAnswered);
  };
  // Agents write prompts to children of a session.
  const settle = () => {
    if (prompted === own || !tops.has(prompted)) return;
    own = prompted;
    say('conversation', { session_id: own });
  };
  const tell = (type, properties) => {
    const child = children.has(properties.sessionID);
    const of = { child, session_id: own === undefined || child ? undefined : properties.sessionID };
    switch (type) {
      case 'session.created':
      case 'session.updated': {
        const { id, parentID } = properties.info;
        (parentID ? children : tops).add(id);
        return settle();
      }
      case 'message.updated': {
        const { id, role, sessionID } = properties.info;
        if (role !== 'user' || prompts.has(id)) return;
        prompts.add(id);
        prompted = sessionID;
        return settle();
      }
      case 'session.error': {
        const { name, data = {} } = properties.error ?? {};
        if (name === 'MessageAbortedError') return;
        const status = Number.isInteger(data.statusCode) ? data.statusCode + ' ' : '';
        return say(type, { ...of, error: (status + (text(data.message) ?? text(name) ?? '')).slice(0, 500) });
      }
      case 'session.status':
        return say(type, { ...of, status: properties.status?.type });
      case 'permission.asked': {
        const { metadata = {}, patterns = [] } = properties;
        const [command, path, url] = [metadata.command, metadata.filepath, metadata.url].map(text);
        return ask(type, { ...of, id: properties.id, permission: properties.permission, command, folder: properties.permission === 'bash' ? folderOf(properties.tool?.callID) : undefined, path, url, pattern: text(patterns[0]) }, !child);
      }
      case 'question.asked':
        return ask(type, { ...of, id: properties.id, question: text(properties.questions?.[0]?.question) }, false);
      case 'permission.replied':
      case 'question.replied':
      case 'question.rejected':
        isOver(properties.requestID);
        return say(type, { ...of, id: properties.requestID, reply: explained.has(properties.requestID) ? 'explained' : text(properties.reply) });
      case 'message.part.updated': {
        const { part = {} } = properties;
        if (part.type !== 'tool' || part.state?.status !== 'running' || begun.has(part.callID)) return;
        begun.add(part.callID);
        return say('tool', { ...of, tool: part.tool, command: text(part.state.input?.command) });
      }
    }
  };
  return {
    'tool.execute.before': async ({ callID } = {}, { args } = {}) => {
      if (typeof callID === 'string' && typeof args === 'object' && args !== null) begins(callID, args);
    },
    event: async ({ event }) => {
      try {
        tell(event.type, event.properties ?? {});
      } catch {}
    },
  };
};
`;
}

/** Configuration for one start of OpenCode: added to that of the person, and nowhere written down. */
export function opencodeConfiguration(plugin: string): string {
  return JSON.stringify({ plugin: [pathToFileURL(plugin).href] });
}
