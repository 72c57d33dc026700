import { parseArgs } from 'node:util';

/** A flag of a command. With `value` it has one, and is shown with that word: `--port PORT`. */
interface Flag {
  readonly value?: string;
  /** True when the flag may be given several times. */
  readonly isRepeatable?: boolean;
  /** The environment variable that sets the same. */
  readonly variable?: string;
  readonly says: string;
}

/** One of the project's commands: its help, its messages and the parsing of its arguments are made of this. */
export interface Command {
  /** The command as one types it: `npm run doctor`. */
  readonly call: string;
  /** One sentence that says what the command does. */
  readonly does: string;
  /** The arguments besides flags, as in `PATH…`. */
  readonly takes?: string;
  /** The flags by name, without dashes. A setting without a flag has a name that begins with a dash. */
  readonly flags: Readonly<Record<string, Flag>>;
  /** A line of shell that works as it is. */
  readonly example: string;
  /** Paragraphs below the flags. */
  readonly notes?: readonly string[];
}

/** The arguments of a command line. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Returns the text for `--help` or `-h`; `undefined` where the arguments ask for neither. */
export function helpIn(command: Command, args: readonly string[]): string | undefined {
  return args.includes('--help') || args.includes('-h') ? helpOf(command) : undefined;
}

/** Returns the command's usage, its flags with a sentence each, and an example. */
function helpOf(command: Command): string {
  const { does, flags, example, notes = [] } = command;
  const rows = [
    ...Object.entries(flags).map(([name, flag]) => [flagOf(name, flag), flag.variable ?? '', flag.says]),
    ['--help', '', 'shows this help'],
  ];
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [widthOf(0), widthOf(1)];
  const list = rows.map(
    ([flag = '', variable = '', says = '']) =>
      `  ${flag.padEnd(first)}  ${second === 0 ? '' : `${variable.padEnd(second)}  `}${says}`,
  );
  return `${[usageOf(command), '', does, '', ...list, '', ...notes.flatMap((note) => [note, '']), `example: ${example}`].join('\n')}\n`;
}

/** Returns the line that says how the command is called. */
export function usageOf({ call, takes }: Command): string {
  return `usage: ${call} -- ${[takes, '[flags]'].filter(Boolean).join(' ')}`;
}

/** Returns the words that follow what is wrong with a command's arguments. */
export function pointerToHelp({ call }: Command): string {
  return `${call} -- --help lists the flags`;
}

/** Parses a command's arguments. Throws an `Error` that names an unknown flag, and says where the flags are listed. */
function argumentsOf(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(command.flags)
      .filter(([name]) => !name.startsWith('-'))
      .map(([name, { value, isRepeatable = false }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: isRepeatable },
      ]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: command.takes !== undefined });
  } catch (error) {
    // Node's second sentence is about arguments that begin with a dash, which no command has.
    const [what = ''] = (error as Error).message.split('. ');
    throw new Error(`${what}; ${pointerToHelp(command)}`, { cause: error });
  }
}

/** Returns the text for `--help` or `-h`; `undefined` if the arguments have neither. */
export async function runCommand<Wanted>(
  command: Command,
  read: (given: Arguments) => Wanted,
  run: (wanted: Wanted) => Promise<void>,
): Promise<void> {
  const args = process.argv.slice(2);
  const help = helpIn(command, args);
  if (help !== undefined) return void process.stdout.write(help);
  let wanted: Wanted;
  try {
    wanted = read(argumentsOf(command, args));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usageOf(command)}\n`);
    process.exitCode = 2;
    return;
  }
  await run(wanted);
}

function flagOf(name: string, { value, isRepeatable = false }: Flag): string {
  if (name.startsWith('-')) return '';
  return `--${name}${value === undefined ? '' : ` ${value}`}${isRepeatable ? ' …' : ''}`;
}
