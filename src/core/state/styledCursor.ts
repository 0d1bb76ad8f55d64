import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenOption } from '../../protocol/screen.js';

/** How a letter is drawn: the parameters of its colours as the terminal names them, '' for the usual ones. */
interface Style {
  readonly foreground: string;
  readonly background: string;
}

interface StyledLine {
  readonly text: string;
  /** One for each UTF-16 unit of `text`. */
  readonly styles: readonly Style[];
}

interface Place extends Style {
  readonly line: number;
}

/**
 * The judgement of a screen on which the chosen option is marked by its colours alone, with the option that they mark
 * and the keys that lead to each. As it was where that cannot be told for sure.
 *
 * @param styledText the same screen as tmux prints it with colours (`capture-pane -e`)
 */
export function withStyledCursor(judgement: ScreenJudgement, styledText: string): ScreenJudgement {
  const { options } = judgement;
  if (options.length < 2 || options.some(({ selected }) => selected !== null)) return judgement;
  const lines = styledText.split('\n').map(styledLine);
  const places = placesOf(lines, options);
  if (places === undefined) return judgement;
  const ways = [onOtherGround(lines, places), differing(places, 'background'), differing(places, 'foreground')];
  const [at, ...more] = ways.find(({ length }) => length > 0) ?? [];
  if (at === undefined || more.length > 0) return judgement;
  const isRow = new Set(places.map(({ line }) => line)).size === 1;
  const [back, forth] = isRow ? ['Left', 'Right'] : ['Up', 'Down'];
  return {
    ...judgement,
    options: options.map((option, i) => ({
      ...option,
      selected: i === at,
      keys: [...Array<string>(Math.abs(i - at)).fill(i > at ? forth : back), 'Enter'],
    })),
  };
}

/** Where each option stands, from the bottom up; undefined when one cannot be found. */
function placesOf(lines: readonly StyledLine[], options: readonly ScreenOption[]): readonly Place[] | undefined {
  const places: Place[] = [];
  let below = lines.length - 1;
  for (const { label } of [...options].reverse()) {
    let line = below;
    while (line >= 0 && lines[line]?.text.includes(label) !== true) line--;
    const found = lines[line];
    const style = found?.styles[found.text.lastIndexOf(label)];
    if (style === undefined) return undefined;
    places.unshift({ ...style, line });
    below = line;
  }
  return places;
}

/** The words that stand on another ground than the last words of their line. */
function onOtherGround(lines: readonly StyledLine[], places: readonly Place[]): readonly number[] {
  return indexesOf(places, ({ line, background }) => {
    const { text = '', styles = [] } = lines[line] ?? {};
    return background !== (styles[text.trimEnd().length - 1]?.background ?? '');
  });
}

/** The one that is written otherwise than all others, which are written alike. */
function differing(places: readonly Place[], what: keyof Style): readonly number[] {
  const counts = new Map<string, number>();
  for (const { [what]: one } of places) counts.set(one, (counts.get(one) ?? 0) + 1);
  if (places.length < 3 || counts.size !== 2) return [];
  return indexesOf(places, ({ [what]: one }) => counts.get(one) === 1);
}

function indexesOf<T>(items: readonly T[], fits: (item: T) => boolean): readonly number[] {
  return items.flatMap((item, i) => (fits(item) ? [i] : []));
}

const SEQUENCE = /\x1b\[([0-9;:]*)m|\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b[()].|\x1b./gu;

function styledLine(line: string): StyledLine {
  let text = '';
  const styles: Style[] = [];
  let style: Style = { foreground: '', background: '' };
  let from = 0;
  const take = (part: string): void => {
    text += part;
    for (let i = 0; i < part.length; i++) styles.push(style);
  };
  for (const match of line.matchAll(SEQUENCE)) {
    take(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) style = restyled(style, match[1]);
  }
  take(line.slice(from));
  return { text, styles };
}

function restyled(before: Style, parameters: string): Style {
  let style = before;
  const codes = parameters === '' ? ['0'] : parameters.split(/[;:]/u);
  for (let i = 0; i < codes.length; i++) {
    const code = Number(codes[i]);
    const isLong = code === 38 || code === 48;
    const length = !isLong ? 1 : codes[i + 1] === '2' ? 5 : 3;
    const value = codes.slice(i, i + length).join(';');
    if (code === 0) style = { foreground: '', background: '' };
    else if (code === 7) style = { foreground: style.background, background: `reverse ${style.foreground}` };
    else if (code === 39) style = { ...style, foreground: '' };
    else if (code === 49) style = { ...style, background: '' };
    else if (code === 38 || (code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      style = { ...style, foreground: value };
    } else if (code === 48 || (code >= 40 && code <= 47) || (code >= 100 && code <= 107)) {
      style = { ...style, background: value };
    }
    i += length - 1;
  }
  return style;
}
