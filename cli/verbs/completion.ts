import { usageFailure } from '../failure.ts';
import { commonFlags, verbsIn } from '../help.ts';
import type { Flag, Verb } from '../verb.ts';

/** Returns the long and the short form of a flag, without its value. */
function formsOf({ flags }: Flag): string[] {
  return flags.split(/,? /).filter((part) => part.startsWith('-'));
}

function flagsOf(verb: Verb): string[] {
  return [...(verb.flags ?? []), ...commonFlags].flatMap(formsOf).filter((form) => form.startsWith('--'));
}

/** The texts stand in single quotes in all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}

function bash(root: Verb): string {
  const cases = verbsIn(root.verbs ?? []).map(
    ({ words, verb }) => `    ${quoted(words.join(' '))}) words=${quoted(flagsOf(verb).join(' '))} ;;`,
  );
  const groups = (root.verbs ?? []).flatMap(({ name, verbs }) =>
    verbs === undefined ? [] : [`    ${quoted(name)}) words=${quoted(verbs.map((verb) => verb.name).join(' '))} ;;`],
  );
  return `# longshore completion bash >> ~/.bashrc
_longshore() {
  local current="\${COMP_WORDS[COMP_CWORD]}" first="\${COMP_WORDS[1]}" words
  case "$first \${COMP_WORDS[2]}" in
${cases.filter((line) => /^ {4}'\S+ \S+'/.test(line)).join('\n')}
    *) case "$first" in
${[...groups, ...cases.filter((line) => /^ {4}'\S+'/.test(line))].join('\n')}
    esac ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words=${quoted((root.verbs ?? []).map(({ name }) => name).join(' '))}
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _longshore longshore
`;
}

function zsh(root: Verb): string {
  const described = (verbs: readonly Verb[]) =>
    verbs.map(({ name, does }) => quoted(`${name}:${does.replaceAll(':', '')}`)).join(' ');
  const groups = (root.verbs ?? []).flatMap(({ name, verbs }) =>
    verbs === undefined ? [] : [`    ${name}) verbs=(${described(verbs)}) ;;`],
  );
  return `#compdef longshore
# longshore completion zsh > "\${fpath[1]}/_longshore"
_longshore() {
  local -a verbs
  if (( CURRENT == 2 )); then
    verbs=(${described(root.verbs ?? [])})
    _describe verb verbs
    return
  fi
  (( CURRENT == 3 )) && case "$words[2]" in
${groups.join('\n')}
  esac
  if (( $#verbs )); then _describe verb verbs; else _files; fi
}
if [ "$funcstack[1]" = "_longshore" ]; then _longshore "$@"; else compdef _longshore longshore; fi
`;
}

function fish(root: Verb): string {
  const lines = (root.verbs ?? []).flatMap((verb) => [
    `complete -c longshore -f -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.does)}`,
    ...(verb.verbs ?? []).map(
      ({ name, does }) =>
        `complete -c longshore -f -n '__fish_seen_subcommand_from ${verb.name}' -a ${name} -d ${quoted(does)}`,
    ),
  ]);
  const flags = commonFlags.map(({ flags: text, says }) => {
    const long = /--([\w-]+)/.exec(text)?.[1] ?? '';
    return `complete -c longshore -l ${long} -r -d ${quoted(says)}`;
  });
  return `# longshore completion fish > ~/.config/fish/completions/longshore.fish\n${[...lines, ...flags].join('\n')}\n`;
}

const shells: Readonly<Record<string, (root: Verb) => string>> = { bash, zsh, fish };

/** Makes the verb that prints a shell's completion of all verbs. */
export function completionOf(root: () => Verb): Verb {
  return {
    name: 'completion',
    does: 'Prints what lets a shell complete verbs and flags',
    takes: '<shell>',
    notes: ['SHELL is bash, zsh or fish. The first lines of what is printed say where it goes.'],
    examples: ['completion bash >> ~/.bashrc'],
    async run({ world }, given) {
      const make = Object.hasOwn(shells, given.at(0)) ? shells[given.at(0)] : undefined;
      if (make === undefined) throw usageFailure(`there is no completion for "${given.at(0)}": give bash, zsh or fish`);
      await world.out.write(make(root()));
    },
  };
}
