import { Command, CommanderError, Option } from 'commander';
import { Context } from './context.ts';
import { exits, Failure, usageFailure } from './failure.ts';
import { commonFlags, helpOf } from './help.ts';
import type { Format } from './output.ts';
import { Output } from './output.ts';
import type { Flag, Verb } from './verb.ts';
import { Given } from './verb.ts';
import { root } from './verbs/all.ts';
import { version } from './version.ts';
import type { World } from './world.ts';

/** Runs one command line. Throws a `Failure` for whatever goes wrong; help goes to the output. */
async function runCommandLine(world: World, args: readonly string[]): Promise<void> {
  let help: string | undefined;
  const command = commandOf(world, root, [], (text) => (help = text));
  try {
    await command.parseAsync([...args], { from: 'user' });
  } catch (error) {
    // Help was asked for.
    if (!(error instanceof CommanderError)) throw error;
  }
  if (help !== undefined) await world.out.write(help);
}

/** Says what is wrong with the words that were typed, and where to look. */
function usageOf({ message }: CommanderError, call: string): Failure {
  const [what = '', ...more] = message.replace(/^error: /, '').split('\n');
  const hint = more
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '; $1');
  return usageFailure(`${what}${hint}; ${call} --help lists the flags`);
}

function commandOf(world: World, verb: Verb, words: readonly string[], onHelp: (text: string) => void): Command {
  const command = new Command(verb.name).exitOverride((error) => {
    throw error.exitCode === 0 ? error : usageOf(error, [world.call, ...words].join(' '));
  });
  command.helpCommand(false).helpOption('-h, --help');
  command.configureOutput({ writeOut: onHelp, writeErr: () => undefined });
  command.helpInformation = () => helpOf(world.call, words, verb);
  if (words.length === 0) command.version(version, '--version');
  for (const flag of [...(verb.flags ?? []), ...commonFlags]) command.addOption(optionOf(flag));
  for (const each of verb.verbs ?? []) command.addCommand(commandOf(world, each, [...words, each.name], onHelp));
  if (verb.verbs !== undefined) {
    // Without a verb the help is what somebody looks for; but a script must not take it for success.
    command.argument('[verb...]').action(([typed]: readonly string[]) => {
      const list = `${[world.call, ...words].join(' ')} --help lists the verbs`;
      throw usageFailure(typed === undefined ? `say what to do; ${list}` : `unknown command '${typed}'; ${list}`);
    });
    return command;
  }
  for (const argument of (verb.takes ?? '').split(' ').filter((each) => each !== '')) command.argument(argument);
  return command.action(async (...given: unknown[]) => {
    const options = command.optsWithGlobals<Readonly<Record<string, unknown>>>();
    const args = given
      .slice(0, -2)
      .flat()
      .filter((each): each is string => typeof each === 'string');
    await verb.run?.(contextOf(world, options), new Given(args, options));
  });
}

function optionOf({ flags, says, choices }: Flag): Option {
  const option = new Option(flags, says);
  return choices === undefined ? option : option.choices([...choices]);
}

function contextOf(world: World, options: Readonly<Record<string, unknown>>): Context {
  const given = new Given([], options);
  const [registry, timeout] = [given.text('registry'), given.text('timeout')];
  return new Context(world, new Output(world, (given.text('output') ?? 'table') as Format), {
    ...(registry === undefined ? {} : { registry }),
    ...(timeout === undefined ? {} : { timeout }),
  });
}

/** Runs one command line and returns its exit code; what went wrong is one line of the standard error. */
export async function exitOf(world: World, args: readonly string[], run = runCommandLine): Promise<number> {
  try {
    await run(world, args);
    return exits.done;
  } catch (error) {
    if (world.interrupted.aborted) return exits.interrupted;
    // The reader, such as head, has what it wanted: that is no failure of the command.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return exits.done;
    const { harmless } = await import('./text/harmless.ts');
    const isFailure = error instanceof Failure;
    const said = isFailure
      ? error.message
      : `longshore failed, which is a fault of its own: ${(error as Error).message}`;
    await world.err.write(`${harmless(said)}\n`).catch(() => undefined);
    return isFailure ? error.exit : exits.failed;
  }
}
