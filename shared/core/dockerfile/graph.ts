import type { Budget } from './budget.ts';
import { DockerfileFault, located } from './fault.ts';
import { instructionOf } from './instructions.ts';
import { parse } from './parse.ts';
import { parsePlatform, type Platform } from './platform.ts';
import { expand } from './shell.ts';
import type { Command, Stage } from './stages.ts';
import { withSuggestion } from './suggest.ts';

/** The instruction that names an image or a stage. */
export type Origin = 'FROM' | 'COPY --from' | 'RUN --mount';

export interface NodeCommand extends Command {
  readonly sources: readonly Node[];
}

/** A stage, or an image that a COPY or RUN takes files from, which BuildKit treats as a stage without instructions. */
export interface Node {
  readonly baseName: string;
  readonly origin: Origin;
  readonly line: number;
  readonly name: string;
  /** The name, or `stage-2` for the third FROM. */
  readonly label: string;
  readonly stage: boolean;
  readonly ownPlatform: Platform | undefined;
  /** The stage of this file that it is FROM. */
  readonly base: Node | undefined;
  readonly dependencies: Set<Node>;
  commands: NodeCommand[];
  triggersAdded: boolean;
}

interface Reading {
  readonly globals: ReadonlyMap<string, string>;
  readonly escape: string;
  readonly budget: Budget;
}

/**
 * The work of reading a trigger again, however short it is: a stage may have thousands of them, and as many stages may
 * be FROM it.
 */
const TRIGGER_WORK = 50;

/** So many unset variables are checked: a platform is made of a few. */
const UNSET_LOOKED_AT = 10;

function platformOf(written: string, reading: Reading): Platform | undefined {
  if (written === '') return undefined;
  const { text, unset } = withPrefix('failed to process arguments for platform : ', () =>
    expand(written, reading.globals, reading),
  );
  const known = [...reading.globals.keys()];
  const suggested = (message: string): string =>
    unset
      .slice(0, UNSET_LOOKED_AT)
      .reduce((whole, name) => (whole === message ? withSuggestion(message, name, known) : whole), message);
  if (text === '') throw new DockerfileFault(suggested(`empty platform value from expression ${written}`));
  return withPrefix(`failed to parse platform ${written}: `, () => parsePlatform(text), suggested);
}

function withPrefix<T>(prefix: string, step: () => T, edit = (message: string): string => message): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof DockerfileFault ? new DockerfileFault(prefix + edit(error.message)) : error;
  }
}

/** The stages of a Dockerfile, and the files that they copy from each other and from images. */
export class Graph {
  /** Stages in order, then images that were named by COPY and RUN. */
  readonly nodes: Node[] = [];
  readonly #byName = new Map<string, Node>();
  readonly #reading: Reading;

  /** @throws DockerfileFault */
  constructor(stages: readonly Stage[], reading: Reading) {
    this.#reading = reading;
    for (const [index, stage] of stages.entries()) this.#addStage(stage, index);
  }

  #addStage({ from, line }: Stage, index: number): void {
    const { baseName, ownPlatform } = located(line, () => {
      const expanded = expand(from.base, this.#reading.globals, this.#reading).text;
      if (expanded === '') throw new DockerfileFault(`base name (${from.base}) should not be blank`);
      return { baseName: expanded, ownPlatform: platformOf(from.platform, this.#reading) };
    });
    this.#add({
      baseName,
      origin: 'FROM',
      line,
      name: from.name,
      label: from.name === '' ? `stage-${index}` : from.name,
      stage: true,
      ownPlatform,
    });
  }

  #add(fresh: Pick<Node, 'baseName' | 'origin' | 'line' | 'name' | 'label' | 'stage' | 'ownPlatform'>): Node {
    // Stages are found by their name in lower case: `FROM Builder` is an image even where a stage is called that.
    const node = {
      ...fresh,
      base: this.#byName.get(fresh.baseName),
      dependencies: new Set<Node>(),
      commands: [],
      triggersAdded: false,
    };
    this.nodes.push(node);
    if (node.name !== '') this.#byName.set(node.name, node);
    return node;
  }

  /** Returns the stage to build: the last one without a name, else the one of that name. @throws DockerfileFault */
  target(name: string): Node {
    const found = name === '' ? this.nodes.at(-1) : this.#byName.get(name.toLowerCase());
    if (found !== undefined) return found;
    throw new DockerfileFault(
      withSuggestion(
        `target stage ${JSON.stringify(name)} could not be found`,
        name,
        this.nodes.map(({ label }) => label),
      ),
    );
  }

  /**
   * Connects the instructions to the stages and images that they copy from. This comes last, since a COPY may name a
   * later stage (and be refused for that). @throws DockerfileFault
   */
  connect(stages: readonly Stage[]): void {
    for (const [index, stage] of stages.entries()) {
      const node = this.nodes[index];
      if (node !== undefined) node.commands = stage.commands.map((command) => this.#connected(node, command));
    }
    this.#checkCycles();
  }

  #connected(node: Node, command: Command): NodeCommand {
    const { instruction, line } = command;
    let sources: Node[] = [];
    if (instruction.kind === 'copy' && instruction.from !== '') sources = [this.#copySource(instruction.from, line)];
    // A mount of the build's own context counts as one of nothing, and takes a number among the stages: see `COPY
    // --from=<number>`.
    if (instruction.kind === 'run')
      sources = instruction.mounts.map(({ from }) => this.#named(from === '' ? 'scratch' : from, 'RUN --mount', line));
    for (const source of sources) node.dependencies.add(source);
    return { ...command, sources };
  }

  #named(name: string, origin: Origin, line: number): Node {
    return (
      this.#byName.get(name.toLowerCase()) ??
      this.#add({ baseName: name, origin, line, name: '', label: '', stage: false, ownPlatform: undefined })
    );
  }

  #copySource(from: string, line: number): Node {
    if (expand(from, new Map(), this.#reading).text !== from) {
      throw new DockerfileFault(
        'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
        line,
      );
    }
    if (!/^[+-]?\d{1,18}$/.test(from)) return this.#named(from, 'COPY --from', line);
    const node = this.nodes[Number(from)];
    if (node === undefined) throw new DockerfileFault(`invalid stage index ${Number(from)}`, line);
    return node;
  }

  #checkCycles(): void {
    const done = new Set<Node>();
    for (const start of this.nodes) {
      const path = new Set<Node>();
      const open: { node: Node; left: Node[] }[] = [];
      const enter = (node: Node): void => {
        done.add(node);
        path.add(node);
        open.push({ node, left: [...node.dependencies] });
      };
      if (!done.has(start)) enter(start);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const next = top.left.pop();
        if (next !== undefined && path.has(next))
          throw new DockerfileFault(`circular dependency detected on stage: ${start.label}`, start.line);
        if (next === undefined) path.delete(open.pop()?.node ?? start);
        else if (!done.has(next)) enter(next);
      }
    }
  }

  /** Returns the nodes that `target` needs, itself included. */
  reachable(target: Node): Set<Node> {
    const found = new Set([target]);
    for (const node of found) {
      if (node.base !== undefined) found.add(node.base);
      for (const dependency of node.dependencies) found.add(dependency);
    }
    this.#reading.budget.spend(found.size);
    return found;
  }

  /**
   * Puts the ONBUILD triggers of stages before the instructions of those that are FROM them; true when that made new
   * dependencies. @throws DockerfileFault
   */
  addTriggers(reached: ReadonlySet<Node>): boolean {
    let grown = false;
    for (const node of reached) {
      if (node.base === undefined || node.triggersAdded) continue;
      node.triggersAdded = true;
      const expressions = node.base.commands.flatMap(({ instruction }) =>
        instruction.kind === 'onbuild' ? [instruction.expression] : [],
      );
      const commands = located(node.line, () => expressions.map((expression) => this.#trigger(node, expression)));
      grown ||= commands.some(({ sources }) => sources.length > 0);
      if (commands.length > 0) node.commands = [...commands, ...node.commands];
    }
    return grown;
  }

  #trigger(node: Node, expression: string): NodeCommand {
    const { budget } = this.#reading;
    budget.spend(expression.length + TRIGGER_WORK);
    // A trigger is kept as text: the file's own escape is not known any more when it is read again. A fault's line
    // within a trigger says nothing about the file: withPrefix drops it.
    const {
      statements: [statement, second],
    } = withPrefix('', () => parse(expression, budget));
    if (statement === undefined || second !== undefined)
      throw new DockerfileFault('onbuild trigger should be a single expression');
    const instruction = instructionOf(statement, budget);
    return this.#connected(node, { instruction, written: statement.written, line: node.line });
  }
}
