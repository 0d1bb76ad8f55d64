/** A text that people send, with a mark by which it is known again. It makes the model say the mark. */
export type MarkedText = (mark: string) => string;

const say = (mark: string, rest = ''): string => `do:say(${mark})${rest}`;

/** Kinds of texts of which at least one program takes a part for something else, or loses it. */
export const TEXTS: Readonly<Record<string, MarkedText>> = {
  plain: (mark) => say(mark),
  'backslash-end': (mark) => say(mark, ' \\'),
  backslashes: (mark) => say(mark, ' C:\\new\\table \\\\ \\n'),
  dash: (mark) => `-- ${say(mark)} --force -x`,
  slash: (mark) => say(mark, ' /etc/hosts /help'),
  'slash-line': (mark) => `${say(mark)}\n/help`,
  bang: (mark) => say(mark, ' !important !!'),
  'at-end': (mark) => say(mark, ' @src'),
  'at-start': (mark) => `@${mark} ${say(mark)}`,
  hash: (mark) => `# ${say(mark)}`,
  dollar: (mark) => say(mark, ' $HOME ${x} $(id) $x'),
  quotes: (mark) => say(mark, ' `id` \'a\' "b" ;'),
  tabs: (mark) => say(mark, '\tx\t\ty'),
  joiners: (mark) => say(mark, ' \u{1f469}\u200d\u{1f4bb} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'),
  'right-to-left': (mark) =>
    say(mark, ' \u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627'),
  wide: (mark) => say(mark, ' \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud55c\uad6d\uc5b4'),
  accents: (mark) => say(mark, ' e\u0301 n\u0303 Z\u0351\u036b'),
  megabyte: (mark) => say(mark, ` ${'words of a long text\n'.repeat(48_000)}end`),
  'paste-end': (mark) => say(mark, ' a\u001b[201~\rb'),
  controls: (mark) => say(mark, ' \u0003\u001a\u0004\u007f\u001b[A\u009b end'),
  'many-lines': (mark) => say(mark, Array.from({ length: 40 }, (_, n) => `\nline ${n}`).join('')),
  'long-line': (mark) => say(mark, ' word'.repeat(600)),
  'blank-lines': (mark) => say(mark, '\n\n\nend\n\n'),
  formats: (mark) => say(mark, ' %s #{pane_id} #(id) %% ~ {a,b}'),
  question: (mark) => `? ${say(mark)} ?`,
};
