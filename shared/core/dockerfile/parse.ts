import { type Arguments, argumentsOf } from './arguments.ts';
import { type Budget, MAX_INSTRUCTIONS } from './budget.ts';
import { DirectiveReader } from './directives.ts';
import { DockerfileFault, located } from './fault.ts';
import { splitInstruction } from './flagwords.ts';
import { type Heredoc, heredocsOf } from './heredoc.ts';
import { Lines } from './lines.ts';
import { trimEnd, trimStart } from './spaces.ts';

/** One instruction as written: its words are parted, nothing is checked or expanded. */
export interface Statement extends Arguments {
  /** The instruction's name in lower case. */
  readonly name: string;
  readonly written: string;
  readonly flags: readonly string[];
  /** The logical line, with its continued lines joined. */
  readonly original: string;
  readonly heredocs: readonly Heredoc[];
  readonly line: number;
  /** The instruction that ONBUILD holds back. */
  readonly trigger?: Statement;
}

export interface Parsed {
  readonly statements: readonly Statement[];
  readonly escape: string;
}

function statementOf(original: string, escape: string, line: number): Statement {
  const { word, flags, rest } = splitInstruction(original, escape);
  const name = word.toLowerCase();
  const common = { name, written: word, flags, original, heredocs: [], line };
  if (name !== 'onbuild') return { ...common, ...argumentsOf(name, rest, escape) };
  // A chained instruction is not read further: it is refused for its name.
  if (rest === '') return { ...common, args: [], json: false };
  if (/^onbuild(?:\s|$)/i.test(rest)) return { ...common, args: ['ONBUILD'], json: false };
  const trigger = statementOf(rest, escape, line);
  return { ...common, args: [trigger.written, ...trigger.args], json: false, trigger };
}

function mayHaveHeredocs({ trigger, ...statement }: Statement): boolean {
  const { name, json } = trigger ?? statement;
  return ['add', 'copy', 'run'].includes(name) && !json;
}

class Parser {
  readonly #lines: Lines;
  readonly #budget: Budget;
  readonly #directives = new DirectiveReader();
  #escape = '\\';

  constructor(text: string, budget: Budget) {
    this.#lines = new Lines(text.startsWith('\ufeff') ? text.slice(1) : text);
    this.#budget = budget;
  }

  parse(): Parsed {
    const statements: Statement[] = [];
    for (let raw = this.#lines.next(); raw !== undefined; raw = this.#lines.next()) {
      const line = this.#lines.count;
      const first = this.#first(raw);
      if (first === '') continue;
      if (statements.length >= MAX_INSTRUCTIONS)
        throw new DockerfileFault(
          `the Dockerfile has more than ${MAX_INSTRUCTIONS} instructions, which is what is read of one`,
          line,
        );
      statements.push(located(line, () => this.#statement(first, line)));
    }
    if (statements.length === 0) throw new DockerfileFault('file with no instructions', this.#lines.count);
    this.#lines.end();
    return { statements, escape: this.#escape };
  }

  /** Returns a line where an instruction may begin; empty for comments, directives and empty lines. */
  #first(raw: string): string {
    const line = trimStart(trimEnd(raw, (character) => character === '\n' || character === '\r'));
    const directive = located(this.#lines.count, () => this.#directives.read(line));
    if (directive?.name === 'escape') this.#setEscape(directive.value);
    return line.startsWith('#') ? '' : line;
  }

  #setEscape(value: string): void {
    if (value !== '`' && value !== '\\')
      throw new DockerfileFault(`invalid escape token '${value}' does not match \` or \\`, this.#lines.count);
    this.#escape = value;
  }

  /**
   * Returns the line without the escape at its end that continues it; undefined where it ends here. An escaped escape
   * does not continue.
   */
  #continued(line: string): string | undefined {
    const kept = trimEnd(line, (character) => character === ' ' || character === '\t');
    if (!kept.endsWith(this.#escape)) return undefined;
    return kept.length > 1 && kept.at(-2) === this.#escape ? undefined : kept.slice(0, -1);
  }

  #statement(first: string, line: number): Statement {
    const statement = statementOf(this.#logical(first), this.#escape, line);
    if (!statement.original.includes('<<') || !mayHaveHeredocs(statement)) return statement;
    return {
      ...statement,
      heredocs: heredocsOf(statement.original, this.#budget).map((heredoc) => this.#filled(heredoc)),
    };
  }

  #logical(first: string): string {
    const parts: string[] = [];
    for (let part: string | undefined = first; part !== undefined; part = this.#following()) {
      const continued = this.#continued(part);
      parts.push(continued ?? part);
      if (continued === undefined) break;
    }
    return parts.join('');
  }

  /** Returns the next line of a continued instruction: comments and empty lines between are skipped. */
  #following(): string | undefined {
    for (let raw = this.#lines.next(); raw !== undefined; raw = this.#lines.next()) {
      const line = trimEnd(raw, (character) => character === '\n' || character === '\r');
      const content = trimStart(line);
      if (content !== '' && !content.startsWith('#')) return line;
    }
    return undefined;
  }

  #filled(heredoc: Heredoc): Heredoc {
    const content: string[] = [];
    for (let raw = this.#lines.next(); raw !== undefined; raw = this.#lines.next()) {
      const line = trimEnd(raw, (character) => character === '\n' || character === '\r');
      if ((heredoc.chomp ? line.replace(/^\t+/, '') : line) === heredoc.name)
        return { ...heredoc, content: content.join('') };
      content.push(raw);
    }
    throw new DockerfileFault('unterminated heredoc');
  }
}

/** Parses a Dockerfile into statements. @throws DockerfileFault with the line where the faulty instruction begins. */
export function parse(text: string, budget: Budget): Parsed {
  return new Parser(text, budget).parse();
}
