import { parseJson } from '../oci/json.ts';
import { DockerfileFault } from './fault.ts';
import { cut, trim, trimStart } from './spaces.ts';

const known = new Set(['syntax', 'escape', 'check']);
const name = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=/;

interface Directive {
  readonly name: string;
  readonly value: string;
}

/** Reads directives, which stand above everything else: the first line that is none, even an unknown one, ends them. */
export class DirectiveReader {
  readonly #comment: string;
  readonly #seen = new Set<string>();
  #done = false;

  constructor(comment = '#') {
    this.#comment = comment;
  }

  /** @throws DockerfileFault when a directive comes twice. */
  read(line: string): Directive | undefined {
    if (this.#done) return undefined;
    const body = line.startsWith(this.#comment) ? trimStart(line.slice(this.#comment.length)) : '';
    const match = name.exec(body);
    const rest = match === null ? '' : body.slice(match[0].length);
    // A value of nothing but spaces is a space to BuildKit's pattern, not the end of the directives.
    const value = trim(rest) || rest.slice(-1);
    const key = (match?.[1] ?? '').toLowerCase();
    if (value === '' || !known.has(key)) {
      this.#done = true;
      return undefined;
    }
    if (this.#seen.has(key)) throw new DockerfileFault(`only one ${key} parser directive can be used`);
    this.#seen.add(key);
    return { name: key, value };
  }
}

/**
 * Reads the first word of a directive's value as BuildKit's front end does before it parses: a shebang above it is
 * skipped.
 */
function directiveOf(key: string, text: string, comment: string): string | undefined {
  const reader = new DirectiveReader(comment);
  for (const line of text
    .replace(/^\ufeff/, '')
    .replace(/^#!.*\n?/, '')
    .split('\n')) {
    try {
      const directive = reader.read(line);
      if (directive === undefined) return undefined;
      if (directive.name === key) return cut(directive.value, ' ')[0];
    } catch {
      return undefined; // A repeated one: the parser says so.
    }
  }
  return undefined;
}

function fromJson(text: string): string | undefined {
  try {
    const parsed = parseJson(text);
    if (typeof parsed === 'object' && parsed !== null && 'syntax' in parsed && typeof parsed.syntax === 'string')
      return parsed.syntax;
  } catch {
    // The text is not JSON, as hardly any Dockerfile is.
  }
  return undefined;
}

/** Returns the image of the front end that the file asks for: `# syntax=`, `// syntax=` or `{"syntax": …}`. */
export function syntaxOf(text: string): string | undefined {
  return (
    directiveOf('syntax', text, '#') ??
    directiveOf('syntax', text, '//') ??
    (text.trimStart().startsWith('{') ? fromJson(text) : undefined)
  );
}

const goBooleans = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;

export function isBoolean(text: string): boolean {
  return goBooleans.test(text);
}

/**
 * Checks the options of `# check=`. The linter decides what they skip, but unknown options are errors. @throws
 * DockerfileFault
 */
export function checkOptions(text: string): void {
  const options = trim(directiveOf('check', text, '#') ?? '');
  if (options === '') return;
  for (const option of options.split(';')) {
    const [key, value] = cut(option, '=');
    if (value === undefined)
      throw new DockerfileFault(`failed to parse check options: invalid check option ${JSON.stringify(option)}`);
    if (trim(key) === 'error' && !isBoolean(trim(value)))
      throw new DockerfileFault(
        `failed to parse check options: failed to parse check option ${JSON.stringify(option)}`,
      );
    if (!['skip', 'experimental', 'error'].includes(trim(key)))
      throw new DockerfileFault(`failed to parse check options: invalid check option ${JSON.stringify(trim(key))}`);
  }
}
