/**
 * Regular expressions that take time in proportion to their length times the text's. Users bring their expressions
 * from tools whose engine does the same; JavaScript's own backtracks, and one expression of a policy could then hold up
 * every verification. What needs backtracking, such as a back reference, is refused.
 */
type Part =
  | { readonly is: 'char'; readonly test: (char: string) => boolean }
  | { readonly is: 'sequence'; readonly parts: readonly Part[] }
  | { readonly is: 'choice'; readonly options: readonly Part[] }
  | { readonly is: 'repeat'; readonly part: Part; readonly min: number; readonly max: number | undefined };

type Step =
  { readonly is: 'char'; readonly test: (char: string) => boolean } | { readonly is: 'fork'; readonly to: number[] };

/** The steps that an expression may have when its repetitions are written out. */
const mostSteps = 1_000;
const mostRepeats = 100;
const deepestGroup = 20;

/** Thrown for an expression that is not accepted; the message ends a sentence that begins with the expression. */
export class ExpressionFault extends Error {}

/** Reads an expression. It must match a whole text, so `^` and `$` at its ends are allowed and change nothing. */
export function linearExpression(source: string): (text: string) => boolean {
  const part = new Reader(unanchored(source)).read();
  const steps: Step[] = [];
  write(part, steps);
  return (text) => follow(steps, text);
}

function unanchored(source: string): string {
  const begun = source.startsWith('^') ? source.slice(1) : source;
  return /(?:^|[^\\])(?:\\\\)*\$$/.test(begun) ? begun.slice(0, -1) : begun;
}

const classes: Readonly<Record<string, RegExp>> = { d: /^[0-9]$/, w: /^[0-9A-Za-z_]$/, s: /^[\t\n\f\r ]$/ };

class Reader {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#chars = Array.from(source);
  }

  read(): Part {
    const part = this.#choice();
    if (this.#at < this.#chars.length) throw new ExpressionFault('has a ")" without its "("');
    return part;
  }

  #choice(): Part {
    const options = [this.#sequence()];
    while (this.#takes('|')) options.push(this.#sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { is: 'choice', options };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek())
      parts.push(this.#repeated(this.#atom()));
    return { is: 'sequence', parts };
  }

  #atom(): Part {
    const char = this.#next();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { is: 'char', test: this.#class() };
      case '.':
        return { is: 'char', test: (each) => each !== '\n' };
      case '\\':
        return { is: 'char', test: this.#escape() };
      case '^':
      case '$':
        throw new ExpressionFault(`has "${char}" inside, but is always matched against the whole text`);
      case '*':
      case '+':
      case '?':
      case '{':
        throw new ExpressionFault(`has "${char}" with nothing before it to repeat`);
      default:
        return { is: 'char', test: (each) => each === char };
    }
  }

  #group(): Part {
    if (this.#takes('?') && !this.#takes(':'))
      throw new ExpressionFault(
        'has a "(?" that is not "(?:": flags, names and looking ahead or behind are not accepted',
      );
    this.#depth += 1;
    if (this.#depth > deepestGroup)
      throw new ExpressionFault(`has groups nested more than ${deepestGroup} levels deep`);
    const part = this.#choice();
    if (!this.#takes(')')) throw new ExpressionFault('has a "(" without its ")"');
    this.#depth -= 1;
    return part;
  }

  #escape(): (char: string) => boolean {
    const char = this.#next();
    const named = classes[char.toLowerCase()];
    if (named !== undefined) {
      const isWanted = char === char.toLowerCase();
      return (each) => named.test(each) === isWanted;
    }
    if (/^[0-9A-Za-z]$/.test(char)) throw new ExpressionFault(`has "\\${char}", which is not accepted`);
    return (each) => each === char;
  }

  #class(): (char: string) => boolean {
    const isNegated = this.#takes('^');
    const tests: ((char: string) => boolean)[] = [];
    // A bracket that comes first is one of the characters.
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) tests.push(this.#member());
    this.#at += 1;
    return (char) => tests.some((test) => test(char)) !== isNegated;
  }

  #member(): (char: string) => boolean {
    const from = this.#next();
    if (from === '[' && this.#peek() === ':') throw new ExpressionFault('has a "[:", which is not accepted');
    if (from === '\\') return this.#escape();
    if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']') return (char) => char === from;
    this.#at += 1;
    const to = this.#next();
    if (to === '\\' || to < from)
      throw new ExpressionFault(`has a range from "${from}" that does not go up to a character`);
    return (char) => char >= from && char <= to;
  }

  #repeated(part: Part): Part {
    const char = this.#peek();
    const bounds = char === '{' ? this.#counts() : repetitions[char ?? ''];
    if (bounds === undefined) return part;
    if (char !== '{') this.#at += 1;
    // As few or as many as possible is the same for a match of the whole text.
    this.#takes('?');
    if (['*', '+', '?', '{'].includes(this.#peek() ?? ''))
      throw new ExpressionFault('repeats a repetition: put the inner one into brackets');
    return { is: 'repeat', part, ...bounds };
  }

  #counts(): { min: number; max: number | undefined } {
    const found = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.#chars.slice(this.#at, this.#at + 9).join(''));
    if (found === null) throw new ExpressionFault('has a "{" that is no repetition such as {2} or {1,3}: write "\\{"');
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? undefined : Number(found[3]);
    if (min > mostRepeats || (max ?? 0) > mostRepeats || (max ?? Infinity) < Math.max(min, 1))
      throw new ExpressionFault(
        `repeats a part more than ${mostRepeats} times, never, or more often at least than at most`,
      );
    return { min, max };
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #next(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new ExpressionFault('ends too early');
    this.#at += 1;
    return char;
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

const repetitions: Readonly<Record<string, { min: number; max: number | undefined }>> = {
  '*': { min: 0, max: undefined },
  '+': { min: 1, max: undefined },
  '?': { min: 0, max: 1 },
};

function write(part: Part, steps: Step[]): void {
  if (steps.length > mostSteps)
    throw new ExpressionFault(`has more than ${mostSteps} steps when its repetitions are written out`);
  switch (part.is) {
    case 'char':
      steps.push(part);
      return;
    case 'sequence':
      for (const each of part.parts) write(each, steps);
      // Even nothing is a step: repetitions of repetitions of nothing would otherwise be written out without an end.
      if (part.parts.length === 0) steps.push({ is: 'fork', to: [steps.length + 1] });
      return;
    case 'choice':
      writeChoice(part.options, steps);
      return;
    case 'repeat':
      writeRepeat(part, steps);
  }
}

function writeChoice(options: readonly Part[], steps: Step[]): void {
  const fork: number[] = [];
  steps.push({ is: 'fork', to: fork });
  const ends: number[][] = [];
  for (const option of options) {
    fork.push(steps.length);
    write(option, steps);
    const end: number[] = [];
    steps.push({ is: 'fork', to: end });
    ends.push(end);
  }
  for (const end of ends) end.push(steps.length);
}

function writeRepeat({ part, min, max }: Extract<Part, { is: 'repeat' }>, steps: Step[]): void {
  for (let each = 0; each < min; each += 1) write(part, steps);
  if (max === undefined) {
    const loop = [steps.length + 1];
    const at = steps.push({ is: 'fork', to: loop }) - 1;
    write(part, steps);
    steps.push({ is: 'fork', to: [at] });
    loop.push(steps.length);
    return;
  }
  const skips: number[][] = [];
  for (let each = min; each < max; each += 1) {
    const skip = [steps.length + 1];
    steps.push({ is: 'fork', to: skip });
    skips.push(skip);
    write(part, steps);
  }
  for (const skip of skips) skip.push(steps.length);
}

/** Follows every state at once, so that each character costs at most one visit of each step. */
function follow(steps: readonly Step[], text: string): boolean {
  let states = enter(steps, [0]);
  for (const char of text) {
    const next: number[] = [];
    for (const state of states) {
      const step = steps[state];
      if (step?.is === 'char' && step.test(char)) next.push(state + 1);
    }
    if (next.length === 0) return false;
    states = enter(steps, next);
  }
  return states.has(steps.length);
}

function enter(steps: readonly Step[], begun: readonly number[]): Set<number> {
  const states = new Set<number>();
  const open = [...begun];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (states.has(state)) continue;
    states.add(state);
    const step = steps[state];
    if (step?.is === 'fork') open.push(...step.to);
  }
  return states;
}
