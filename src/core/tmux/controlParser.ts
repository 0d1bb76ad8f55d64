/** What a tmux control client says: the answer to one command, or something that happened. */
export type ControlMessage =
  | {
      readonly kind: 'reply';
      readonly ok: boolean;
      /** Asked by this client, not by a hook. */ readonly own: boolean;
      readonly lines: readonly string[];
    }
  | { readonly kind: 'notification'; readonly name: string; readonly rest: string };

/** Longest line that is kept; a longer one cannot come from a command of ours and is cut. */
const MAX_LINE = 1 << 20;

/**
 * Parses the output of `tmux -C`. Feed decoded text in any chunking. A reply stands between `%begin` and `%end` or
 * `%error` with the same number; everything else that starts with `%` is a notification.
 */
export class ControlParser {
  #rest = '';
  #reply: { number: string; own: boolean; lines: string[] } | undefined;

  push(text: string): ControlMessage[] {
    const messages: ControlMessage[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const raw of lines) {
      const message = this.#line(raw.endsWith('\r') ? raw.slice(0, -1) : raw);
      if (message) messages.push(message);
    }
    return messages;
  }

  #line(line: string): ControlMessage | undefined {
    const reply = this.#reply;
    const guard = /^%(begin|end|error) (\d+ \d+) (\d+)$/.exec(line);
    if (reply) {
      if (guard && guard[1] !== 'begin' && guard[2] === reply.number) {
        this.#reply = undefined;
        return { kind: 'reply', ok: guard[1] === 'end', own: reply.own, lines: reply.lines };
      }
      reply.lines.push(line);
      return undefined;
    }
    if (guard?.[1] === 'begin') {
      this.#reply = { number: guard[2] ?? '', own: (Number(guard[3]) & 1) === 1, lines: [] };
      return undefined;
    }
    if (!line.startsWith('%')) return undefined;
    const space = line.indexOf(' ');
    return space < 0
      ? { kind: 'notification', name: line.slice(1), rest: '' }
      : { kind: 'notification', name: line.slice(1, space), rest: line.slice(space + 1) };
  }
}
