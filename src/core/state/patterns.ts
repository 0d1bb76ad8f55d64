/** An expression of a tool's file. */
export type Pattern = Pick<RegExp, 'test' | 'exec'>;

const compiled = new Map<string, Expression>();
let last = '';

/**
 * An expression of a tool's file. Only a look uses one (`looks.ts`): nobody knows how long a person's own takes.
 *
 * @param own the part of it that the file has, where the rest is ours
 */
export function pattern(source: string, flags = 'mu', own = source): Pattern {
  const key = `${flags} ${source}`;
  let expression = compiled.get(key);
  if (expression === undefined) {
    expression = new Expression(new RegExp(source, flags), own);
    compiled.set(key, expression);
  }
  return expression;
}

/** The expression that was tried last: the one that runs, when a look is ended. */
export function lastTried(): string {
  return last;
}

class Expression implements Pattern {
  readonly #plain: RegExp;
  readonly #own: string;

  constructor(plain: RegExp, own: string) {
    this.#plain = plain;
    this.#own = own;
  }

  test(text: string): boolean {
    last = this.#own;
    return this.#plain.test(text);
  }

  exec(text: string): RegExpExecArray | null {
    last = this.#own;
    return this.#plain.exec(text);
  }
}
