import { parseJson } from '../oci/json.ts';
import { DockerfileFault } from './fault.ts';
import { quotedWords } from './flagwords.ts';
import { cut, cutWord, isSpace, splitWords, trimStart } from './spaces.ts';

export interface Arguments {
  readonly args: readonly string[];
  /** True when the words were a JSON array. */
  readonly json: boolean;
}

const none: Arguments = { args: [], json: false };

/**
 * Reads a JSON array of strings; undefined when the text is no JSON array. @throws DockerfileFault on an array of
 * anything but strings.
 */
function jsonArray(rest: string): Arguments | undefined {
  if (!trimStart(rest).startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = parseJson(trimStart(rest));
  } catch {
    return undefined; // BuildKit reads it as a shell's words then: `RUN [ -f x ]`.
  }
  if (!Array.isArray(parsed)) return undefined;
  if (!parsed.every((item) => typeof item === 'string'))
    throw new DockerfileFault('when using JSON array syntax, arrays must be comprised of strings only');
  return { args: parsed, json: true };
}

function whole(rest: string): Arguments {
  return rest === '' ? none : { args: [rest], json: false };
}

function list(rest: string): Arguments {
  return rest === '' ? none : { args: splitWords(rest), json: false };
}

function jsonOrWhole(rest: string): Arguments {
  return jsonArray(rest) ?? whole(rest);
}

function jsonOrList(rest: string): Arguments {
  return jsonArray(rest) ?? list(rest);
}

/** Reads names and values, one after the other. `ENV a b c` is the old form: one name, and all the rest its value. */
function pairs(rest: string, escape: string, instruction: string): Arguments {
  const words = quotedWords(rest, escape);
  if (words.length === 0) return none;
  if (words[0]?.includes('=') !== true) {
    const [name, value] = cutWord(rest);
    if (value === undefined) throw new DockerfileFault(`${instruction} must have two arguments`);
    return { args: [name, value], json: false };
  }
  const args = words.flatMap((word) => {
    const [name, value] = cut(word, '=');
    if (value === undefined)
      throw new DockerfileFault(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    return [name, value];
  });
  return { args, json: false };
}

function health(rest: string): Arguments {
  let end = 0;
  while (end < rest.length && !isSpace(rest.charAt(end))) end++;
  if (end === 0) return none;
  const command = jsonOrWhole(trimStart(rest.slice(end)));
  return { args: [rest.slice(0, end), ...command.args], json: command.json };
}

const forms: Readonly<Record<string, (rest: string, escape: string) => Arguments>> = {
  add: jsonOrList,
  arg: (rest, escape) => ({ args: quotedWords(rest, escape), json: false }),
  cmd: jsonOrWhole,
  copy: jsonOrList,
  entrypoint: jsonOrWhole,
  env: (rest, escape) => pairs(rest, escape, 'ENV'),
  expose: list,
  from: list,
  healthcheck: health,
  label: (rest, escape) => pairs(rest, escape, 'LABEL'),
  maintainer: whole,
  run: jsonOrWhole,
  shell: jsonOrWhole,
  stopsignal: whole,
  user: whole,
  volume: jsonOrList,
  workdir: whole,
};

/**
 * Parts the words behind an instruction's flags, as each instruction does it; an unknown one has no arguments. @throws
 * DockerfileFault
 */
export function argumentsOf(instruction: string, rest: string, escape: string): Arguments {
  return Object.hasOwn(forms, instruction) ? (forms[instruction]?.(rest, escape) ?? none) : none;
}

export const instructionNames: readonly string[] = [...Object.keys(forms), 'onbuild'].map((name) => name.toUpperCase());
