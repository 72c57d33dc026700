import { type Budget, MAX_STAGES } from './budget.ts';
import { DockerfileFault, located } from './fault.ts';
import { type Arg, type From, type Instruction, instructionOf } from './instructions.ts';
import type { Parsed } from './parse.ts';

export interface Command {
  readonly instruction: Instruction;
  /** The instruction's word as it is written. */
  readonly written: string;
  readonly line: number;
}

export interface Stage {
  readonly from: From;
  readonly line: number;
  readonly commands: readonly Command[];
}

interface Staged {
  /** ARGs above the first FROM: the only variables that FROM lines see. */
  readonly globals: readonly { readonly args: readonly Arg[]; readonly line: number }[];
  readonly stages: readonly Stage[];
}

/** Groups statements into stages. @throws DockerfileFault */
export function stagesOf({ statements }: Parsed, budget: Budget): Staged {
  const globals: { args: readonly Arg[]; line: number }[] = [];
  const stages: (Stage & { readonly commands: Command[] })[] = [];
  for (const statement of statements) {
    const { line, written } = statement;
    const instruction = located(
      line,
      () => instructionOf(statement, budget),
      `dockerfile parse error on line ${line}: `,
    );
    const current = stages.at(-1);
    if (instruction.kind === 'from' && stages.length >= MAX_STAGES)
      throw new DockerfileFault(
        `the Dockerfile has more than ${MAX_STAGES} stages, which is what is read of one`,
        line,
      );
    if (instruction.kind === 'from') stages.push({ from: instruction, line, commands: [] });
    else if (current !== undefined) current.commands.push({ instruction, written, line });
    else if (instruction.kind === 'arg') globals.push({ args: instruction.args, line });
    else throw new DockerfileFault('no build stage in current context', line);
  }
  if (stages.length === 0) throw new DockerfileFault('dockerfile contains no stages to build');
  return { globals, stages };
}
