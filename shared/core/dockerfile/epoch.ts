import type { Budget } from './budget.ts';
import { DockerfileFault, located } from './fault.ts';
import type { BuildArgs } from './globals.ts';
import type { Copy, Instruction } from './instructions.ts';
import { isDigest } from './reference.ts';
import { gitSource, isWebSource } from './remote.ts';
import { expand } from './shell.ts';
import type { Stage } from './stages.ts';

const name = 'SOURCE_DATE_EPOCH';

interface Reading {
  readonly given: BuildArgs;
  readonly escape: string;
  readonly budget: Budget;
}

function checkAdd(add: Copy, variables: ReadonlyMap<string, string>, { escape, budget }: Reading): void {
  const [source] = add.sources;
  if (source === undefined || add.sources.length !== 1 || add.expandedContents.length > 0)
    throw new DockerfileFault(`${name} stage must contain exactly one remote ADD source`);
  const expanded = expand(source, variables, { escape, budget }).text;
  const git = gitSource(expanded);
  if (git === undefined && !isWebSource(expanded))
    throw new DockerfileFault(`${name} stage must contain exactly one remote ADD source`);
  const checksum = add.checksum === '' ? '' : expand(add.checksum, variables, { escape, budget }).text;
  if (git === undefined && checksum !== '' && !isDigest(checksum))
    throw new DockerfileFault('invalid checksum digest format');
}

function addArgs(
  instruction: Extract<Instruction, { kind: 'arg' }>,
  variables: Map<string, string>,
  { given, escape, budget }: Reading,
): void {
  for (const { key, value } of instruction.args) {
    const set = given.get(key) ?? (value === undefined ? undefined : expand(value, variables, { escape, budget }).text);
    if (set !== undefined) variables.set(key, set);
  }
}

/** Checks a stage that a build's time is read from: `FROM scratch` and one ADD of something remote. */
function checkStage(stage: Stage, globals: ReadonlyMap<string, string>, reading: Reading): void {
  const variables = new Map(globals);
  variables.delete(name);
  if (expand(stage.from.base, variables, reading).text !== 'scratch')
    throw new DockerfileFault(`${name} stage must use FROM scratch`);
  let adds = 0;
  for (const { instruction, written } of stage.commands) {
    if (instruction.kind === 'arg') addArgs(instruction, variables, reading);
    else if (instruction.kind !== 'add')
      throw new DockerfileFault(
        `${name} stage does not meet source-only requirements: unsupported ${written} instruction`,
      );
    else if (++adds > 1) throw new DockerfileFault(`${name} stage must contain exactly one remote ADD`);
    else checkAdd(instruction, variables, reading);
  }
  if (adds === 0) throw new DockerfileFault(`${name} stage must contain exactly one remote ADD`);
}

/**
 * Resolves SOURCE_DATE_EPOCH, which is seconds, `context`, or a stage that only holds a source. A stage's time is not
 * known here: then the variable is removed. @throws DockerfileFault
 */
export function resolveEpoch(globals: Map<string, string>, stages: readonly Stage[], reading: Reading): void {
  const value = reading.given.get(name) ?? globals.get(name) ?? '';
  if (
    value === '' ||
    (/^[+-]?\d{1,19}$/.test(value) &&
      BigInt.asIntN(64, BigInt(value.replace(/^\+/, ''))) === BigInt(value.replace(/^\+/, '')))
  )
    return;
  if (value !== 'context') {
    const stage = stages.find(({ from }) => from.name === value.toLowerCase());
    if (stage === undefined) throw new DockerfileFault(`invalid ${name}: ${value}`);
    located(stage.line, () => checkStage(stage, globals, reading));
  }
  globals.delete(name);
}
