/** Milliseconds to wait, as a function of how often the message was retried so far. */
export type RetryDelay = (retried: number) => number;

export type RetryExpressionParse =
  | { ok: true; delayMs: RetryDelay }
  | { ok: false; reason: string };

type MathFunction = (...values: number[]) => number;

/** Bounds the recursion of the parser as well. */
const EXPRESSION_CHARS_MAX = 500;
const FUNCTIONS: ReadonlyMap<string, readonly [arity: number, apply: MathFunction]> = new Map([
  ["pow", [2, Math.pow]],
  ["max", [2, Math.max]],
  ["min", [2, Math.min]],
  ["sqrt", [1, Math.sqrt]],
  ["exp", [1, Math.exp]],
  ["abs", [1, Math.abs]],
  ["floor", [1, Math.floor]],
  ["ceil", [1, Math.ceil]],
  ["round", [1, Math.round]],
]);
const TOKENS = /\s*(?:([0-9]*\.?[0-9]+(?:e[0-9]+)?)|([a-z]+)|([-+*/%(),]))/giy;

class ExpressionError extends Error {}

/** Parses the arithmetic of `Upstash-Retry-Delay`, such as `pow(2, retried) * 1000`. */
export function parseRetryExpression(text: string): RetryExpressionParse {
  if (text.length > EXPRESSION_CHARS_MAX) return { ok: false, reason: "expression is too long" };
  try {
    const reader = new ExpressionReader(splitTokens(text));
    return { ok: true, delayMs: reader.readAll() };
  } catch (error) {
    if (error instanceof ExpressionError) return { ok: false, reason: error.message };
    throw error;
  }
}

function splitTokens(text: string): string[] {
  const tokens: string[] = [];
  const source = text.trimEnd();
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < source.length) {
    const from = TOKENS.lastIndex;
    const match = TOKENS.exec(source);
    if (match === null) throw new ExpressionError(`unexpected text at ${from}: ${text}`);
    tokens.push((match[1] ?? match[2] ?? match[3] ?? "").toLowerCase());
  }
  return tokens;
}

/** Recursive descent: sum, product, sign, atom. */
class ExpressionReader {
  readonly #tokens: readonly string[];
  #index = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  readAll(): RetryDelay {
    const whole = this.#readSum();
    const rest = this.#tokens[this.#index];
    if (rest !== undefined) throw new ExpressionError(`unexpected ${rest}`);
    return whole;
  }

  #readSum(): RetryDelay {
    let left = this.#readProduct();
    for (let sign = this.#take("+", "-"); sign !== undefined; sign = this.#take("+", "-")) {
      const [first, second, isMinus] = [left, this.#readProduct(), sign === "-"];
      left = (n) => (isMinus ? first(n) - second(n) : first(n) + second(n));
    }
    return left;
  }

  #readProduct(): RetryDelay {
    let left = this.#readSigned();
    for (let sign = this.#take("*", "/", "%"); sign; sign = this.#take("*", "/", "%")) {
      const [first, second, operator] = [left, this.#readSigned(), sign];
      left = (n) => {
        if (operator === "*") return first(n) * second(n);
        return operator === "/" ? first(n) / second(n) : first(n) % second(n);
      };
    }
    return left;
  }

  #readSigned(): RetryDelay {
    const sign = this.#take("+", "-");
    if (sign === undefined) return this.#readAtom();
    const inner = this.#readSigned();
    return sign === "-" ? (n) => -inner(n) : inner;
  }

  #readAtom(): RetryDelay {
    const token = this.#tokens[this.#index++];
    if (token === undefined) throw new ExpressionError("unexpected end of expression");
    if (/^[0-9.]/.test(token)) {
      const value = Number(token);
      return () => value;
    }
    if (token === "retried") return (n) => n;
    if (token === "(") {
      const inner = this.#readSum();
      this.#expect(")");
      return inner;
    }
    return this.#readCall(token);
  }

  #readCall(name: string): RetryDelay {
    const known = FUNCTIONS.get(name);
    if (known === undefined) throw new ExpressionError(`unknown name ${name}`);
    const [arity, apply] = known;
    const inputs: RetryDelay[] = [];
    this.#expect("(");
    do inputs.push(this.#readSum());
    while (this.#take(",") !== undefined);
    this.#expect(")");
    if (inputs.length !== arity) {
      throw new ExpressionError(`expected ${arity} values for ${name}, was ${inputs.length}`);
    }
    return (n) => apply(...inputs.map((input) => input(n)));
  }

  #take(...wanted: readonly string[]): string | undefined {
    const token = this.#tokens[this.#index];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#index += 1;
    return token;
  }

  #expect(wanted: string): void {
    if (this.#take(wanted) === undefined) throw new ExpressionError(`expected ${wanted}`);
  }
}
