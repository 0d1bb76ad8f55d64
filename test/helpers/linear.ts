import { RegExpParser, type AST } from '@eslint-community/regexpp';

/**
 * Whether a backtracking engine takes linear time for an expression on every text, by the theory of ambiguous automata
 * (Weber and Seidl): it does not when some word can be read in ever more ways, and what follows can fail. Anchors are
 * taken into account, word boundaries are not, and a lookahead is one more way to read on: a "not linear" may be wrong,
 * a "linear" is not.
 *
 * @returns undefined when it is linear, else what is not
 */
export function notLinear(source: string, flags: string): string | undefined {
  return new Automaton(source, flags).ambiguity();
}

interface Letter {
  readonly from: number;
  readonly to: number;
  /** Indexes of the letters of the alphabet. */
  readonly reads: ReadonlySet<number>;
}

interface Step {
  readonly to: number;
  /** `line`: only where a line begins; `input`: where the text begins; `end`: a line break follows; `maybe`: it depends. */
  readonly only?: 'line' | 'input' | 'end' | 'maybe';
}

/** Where the text begins, also when `^` is where a line begins. */
const INPUT_START = '(?<![^])';

const START = 0;
const BREAK = 1;
const OTHER = 2;
/** A count above this is taken for any. */
const MOST_COPIES = 12;
const SAMPLES =
  [...Array(128).keys()].map((code) => String.fromCodePoint(code)).join('') +
  '\u0085\u00a0\u00e9\u0130\u0301\u200b\u2028\u2029\u2500\u2502\u2580\u28ff\u3000\u4e00\ufeff\u{1f600}';

class Automaton {
  readonly #flags: string;
  readonly #steps: Step[][] = [];
  readonly #letters: Letter[] = [];
  readonly #lettersOf: Letter[][] = [];
  readonly #alphabet: readonly string[];
  readonly #final: number;
  readonly #search: number;
  /** What is after a letter was read: node and kind of letter, and what can be read from there. */
  readonly #places: { readonly node: number; readonly next: ReadonlyMap<number, ReadonlyMap<number, number>> }[] = [];

  constructor(source: string, flags: string) {
    this.#flags = flags.replace(/[gyd]/gu, '');
    const near = [...source].flatMap((char) => {
      const code = char.codePointAt(0) ?? 0;
      return [code - 1, code, code + 1].filter(
        (each) => each >= 0 && each < 0x10ffff && (each < 0xd800 || each > 0xdfff),
      );
    });
    this.#alphabet = [...new Set([...SAMPLES, ...near.map((code) => String.fromCodePoint(code))])];
    const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source, 0, source.length, {
      unicode: flags.includes('u'),
      unicodeSets: flags.includes('v'),
    });
    this.#search = this.#node();
    const begin = this.#node();
    this.#read(this.#search, this.#search, new Set(this.#alphabet.keys()));
    this.#step(this.#search, begin);
    this.#final = this.#either(pattern.alternatives, begin);
    this.#explore();
  }

  #node(): number {
    this.#lettersOf.push([]);
    return this.#steps.push([]) - 1;
  }

  #step(from: number, to: number, only?: Step['only']): void {
    this.#steps[from]?.push(only === undefined ? { to } : { to, only });
  }

  #read(from: number, to: number, reads: ReadonlySet<number>): void {
    const letter = { from, to, reads };
    this.#letters.push(letter);
    this.#lettersOf[from]?.push(letter);
  }

  #either(alternatives: readonly AST.Alternative[], from: number): number {
    const end = this.#node();
    for (const { elements } of alternatives) {
      const begin = this.#node();
      this.#step(from, begin);
      this.#step(
        elements.reduce((at, element) => this.#element(element, at), begin),
        end,
      );
    }
    return end;
  }

  #element(element: AST.Element, from: number): number {
    switch (element.type) {
      case 'Group':
      case 'CapturingGroup':
        return this.#either(element.alternatives, from);
      case 'Quantifier':
        return this.#quantifier(element, from);
      case 'Assertion': {
        const to = this.#node();
        if (element.raw === INPUT_START) {
          this.#step(from, to, 'input');
        } else if (element.kind === 'lookahead' || element.kind === 'lookbehind') {
          this.#either(element.alternatives, from);
          this.#step(from, to, 'maybe');
        } else if (element.kind === 'start') {
          this.#step(from, to, this.#flags.includes('m') ? 'line' : 'input');
        } else {
          this.#step(from, to, element.kind === 'end' && this.#flags.includes('m') ? 'end' : 'maybe');
        }
        return to;
      }
      case 'Backreference':
        throw new Error(`${element.raw}: what a group has matched cannot be matched again in linear time`);
      case 'Character':
      case 'CharacterClass':
      case 'CharacterSet':
      case 'ExpressionCharacterClass': {
        const to = this.#node();
        const one = new RegExp(`^(?:${element.raw})$`, this.#flags.replace('m', ''));
        this.#read(from, to, new Set(this.#alphabet.flatMap((char, index) => (one.test(char) ? [index] : []))));
        return to;
      }
    }
  }

  #quantifier({ min, max, element }: AST.Quantifier, from: number): number {
    const least = Math.min(min, MOST_COPIES);
    const most = max > MOST_COPIES ? Infinity : max;
    let at = from;
    for (let i = 0; i < (most === Infinity ? Math.max(0, least - 1) : least); i++) at = this.#element(element, at);
    const end = this.#node();
    if (most === Infinity) {
      const loop = this.#node();
      this.#step(at, loop);
      const done = this.#element(element, loop);
      this.#step(done, loop);
      this.#step(done, end);
      if (least === 0) this.#step(at, end);
      return end;
    }
    for (let i = least; i < most; i++) {
      this.#step(at, end);
      at = this.#element(element, at);
    }
    this.#step(at, end);
    return end;
  }

  /** It has matched, whatever follows. */
  #isSure(node: number, seen = new Set<number>()): boolean {
    if (node === this.#final) return true;
    if (seen.has(node)) return false;
    seen.add(node);
    return (this.#steps[node] ?? []).some(({ to, only }) => only === undefined && this.#isSure(to, seen));
  }

  /** Finds every place and what can be read from it, and in how many ways. */
  #explore(): void {
    const known = new Map<string, number>();
    const todo: { node: number; before: number; index: number }[] = [];
    const place = (node: number, before: number): number => {
      const key = `${node} ${before}`;
      let index = known.get(key);
      if (index === undefined) {
        index = this.#places.push({ node, next: new Map() }) - 1;
        known.set(key, index);
        todo.push({ node, before, index });
      }
      return index;
    };
    place(this.#search, START);
    const sure = this.#steps.map((_, node) => this.#isSure(node));
    const isBreak = this.#alphabet.map((char) => /^[\n\r\u2028\u2029]$/u.test(char));
    // Letters that no set tells apart are one.
    const kinds = new Map<string, number>();
    this.#alphabet.forEach((_, index) => {
      const kind = `${isBreak[index]} ${this.#letters.map(({ reads }) => (reads.has(index) ? 1 : 0)).join('')}`;
      if (!kinds.has(kind)) kinds.set(kind, index);
    });
    const alphabet = [...kinds.values()];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      const { node, before, index } = at;
      const next = new Map<number, Map<number, number>>();
      const visit = (from: number, mustEnd: boolean, path: ReadonlySet<number>): void => {
        for (const { to, reads } of this.#lettersOf[from] ?? []) {
          if (sure[to] === true) continue;
          for (const letter of alphabet) {
            if (!reads.has(letter) || (mustEnd && isBreak[letter] !== true)) continue;
            const target = place(to, isBreak[letter] === true ? BREAK : OTHER);
            const ways = next.get(letter) ?? new Map<number, number>();
            next.set(letter, ways.set(target, (ways.get(target) ?? 0) + 1));
          }
        }
        for (const { to, only } of this.#steps[from] ?? []) {
          if (path.has(to) || (only === 'line' && before === OTHER) || (only === 'input' && before !== START)) continue;
          visit(to, mustEnd || only === 'end', new Set([...path, to]));
        }
      };
      visit(node, false, new Set([node]));
      this.#places[index] = { node, next };
    }
  }

  ambiguity(): string | undefined {
    const count = this.#places.length;
    const targets = this.#places.map(({ next }) => new Set([...next.values()].flatMap((ways) => [...ways.keys()])));
    const reach = targets.map((first) => {
      const seen = new Set(first);
      for (const each of seen) for (const to of targets[each] ?? []) seen.add(to);
      return seen;
    });
    const isLooped = (p: number): boolean => reach[p]?.has(p) === true;
    const together = (p: number, q: number): boolean => reach[p]?.has(q) === true && reach[q]?.has(p) === true;
    const ways = (p: number, letter: number): ReadonlyMap<number, number> =>
      this.#places[p]?.next.get(letter) ?? new Map();
    const loops = [...Array(count).keys()].filter(isLooped);
    for (const p of loops) {
      for (const [, next] of this.#places[p]?.next ?? []) {
        for (const [q, number] of next) if (number > 1 && together(p, q)) return 'exponential';
      }
    }
    for (const p of loops) {
      for (const q of loops) {
        if (p !== q && reach[p]?.has(q) === true && this.#readsAlike(p, q, together, ways)) {
          return together(p, q) ? 'exponential' : 'polynomial';
        }
      }
    }
    return undefined;
  }

  /** Some word leads from p to p, from p to q and from q to q. */
  #readsAlike(
    p: number,
    q: number,
    together: (a: number, b: number) => boolean,
    ways: (place: number, letter: number) => ReadonlyMap<number, number>,
  ): boolean {
    const seen = new Set<string>();
    const todo: (readonly [number, number, number])[] = [[p, p, q]];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      for (const letter of this.#places[at[0]]?.next.keys() ?? []) {
        for (const a of ways(at[0], letter).keys()) {
          if (!together(a, p)) continue;
          for (const b of ways(at[1], letter).keys()) {
            for (const c of ways(at[2], letter).keys()) {
              if (!together(c, q)) continue;
              if (a === p && b === q && c === q) return true;
              const key = `${a} ${b} ${c}`;
              if (seen.has(key)) continue;
              seen.add(key);
              todo.push([a, b, c]);
            }
          }
        }
      }
    }
    return false;
  }
}
