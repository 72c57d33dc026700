import type { Flag, Verb } from './verb.ts';

/** The flags that every verb has. */
export const commonFlags: readonly Flag[] = [
  {
    flags: '-r, --registry <host>',
    says: 'the registry: a host, a URL, or the first part of a host that was logged in to',
  },
  { flags: '-o, --output <format>', says: 'table, json, tsv or name', choices: ['table', 'json', 'tsv', 'name'] },
  { flags: '--timeout <seconds>', says: 'how long an answer may take (60)' },
];
const versionFlag: Flag = { flags: '--version', says: 'shows the version' };
const helpFlag: Flag = { flags: '-h, --help', says: 'shows this help' };

/** Returns a flag as help shows it, with its value in capitals as in the other commands of the project. */
function shown({ flags }: Flag): string {
  return flags.replace(/[<[](\w[\w-]*)[>\]]/g, (_, name: string) => name.toUpperCase());
}

function tableOf(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, says]) => `  ${first.padEnd(width)}  ${says}`);
}

/** Returns a paragraph in lines that fit on a terminal. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length >= 100) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** Returns every verb that does something, with the words that call it. */
export function verbsIn(
  verbs: readonly Verb[],
  before: readonly string[] = [],
): { readonly words: string[]; readonly verb: Verb }[] {
  return verbs.flatMap((verb) => {
    const words = [...before, verb.name];
    return verb.verbs === undefined ? [{ words, verb }] : verbsIn(verb.verbs, words);
  });
}

/** Returns the help of the command, of a group, or of a verb: usage, a sentence, flags, and examples that work. */
export function helpOf(call: string, words: readonly string[], verb: Verb): string {
  const isGroup = verb.verbs !== undefined;
  const takes = isGroup
    ? 'VERB'
    : (verb.takes ?? '').replace(/[<[]([\w.-]+)[>\]]/g, (text, name: string) =>
        text.startsWith('<') ? name.toUpperCase() : `[${name.toUpperCase()}]`,
      );
  const usage = ['usage:', call, ...words, takes, '[flags]'].filter((part) => part !== '').join(' ');
  const inside = verbsIn(verb.verbs ?? []).map(
    ({ words: own, verb: { takes: theirs = '', does } }) => [`${own.join(' ')} ${theirs}`.trimEnd(), does] as const,
  );
  const flags = [...(verb.flags ?? []), ...commonFlags, ...(words.length === 0 ? [versionFlag] : []), helpFlag].map(
    (flag) => [shown(flag), flag.says] as const,
  );
  const examples = (verb.examples ?? []).map((example) => `example: ${call} ${example}`);
  const parts = [
    [usage],
    [`${verb.does}.`],
    ...(inside.length === 0 ? [] : [tableOf(inside)]),
    tableOf(flags),
    ...(verb.notes ?? []).map((note) => wrapped(note)),
    examples,
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}
