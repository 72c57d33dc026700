import { posix } from 'node:path';
import type { Budget } from './budget.ts';
import { checkCopy, nextWorkdir } from './copying.ts';
import { DockerfileFault, located } from './fault.ts';
import type { BuildArgs } from './globals.ts';
import type { Node, NodeCommand } from './graph.ts';
import type { Arg, Copy, Pair, Run } from './instructions.ts';
import { type Mount, parseMount } from './mount.ts';
import type { Platform } from './platform.ts';
import { checkPort } from './ports.ts';
import { expand, type Lexing } from './shell.ts';
import { checkSignal } from './signals.ts';

/** The state that a stage leaves to the stages that are FROM it. */
interface State {
  /** The variables that instructions see: ENV and ARG. */
  readonly variables: Map<string, string>;
  /** The variables that the image keeps: ENV alone. They win over an ARG of the base's in the next stage. */
  readonly environment: Map<string, string>;
  readonly os: string;
  workdir: string;
}

interface Settings {
  readonly globals: ReadonlyMap<string, string>;
  readonly given: BuildArgs;
  readonly escape: string;
  readonly budget: Budget;
  readonly platform: Platform;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function initial(base: State | undefined, node: Node, { platform, budget }: Settings): State {
  // `FROM --platform=… scratch` has the target's platform all the same.
  const os = base?.os ?? (node.baseName === 'scratch' ? platform : (node.ownPlatform ?? platform)).os;
  const environment = new Map(base?.environment ?? (os === 'windows' ? [] : [['PATH', path]]));
  const variables = new Map([...(base?.variables ?? []), ...environment]);
  budget.spend(variables.size);
  return { variables, environment, os, workdir: base?.workdir ?? '/' };
}

/** Walks the instructions of stages as BuildKit does before it builds anything, to find what it would refuse. */
export class Dispatcher {
  readonly #settings: Settings;
  readonly #states = new Map<Node, State>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * Walks the instructions of one node. Its base and sources must have been dispatched before, so stages come in order.
   * @throws DockerfileFault
   */
  dispatch(node: Node): void {
    const base = node.base === undefined ? undefined : this.#states.get(node.base);
    const state = initial(base, node, this.#settings);
    this.#states.set(node, state);
    for (const command of node.commands) located(command.line, () => this.#command(command, node, state));
  }

  #expand(word: string, state: State, lexing: Partial<Lexing> = {}): string {
    const { escape, budget } = this.#settings;
    return expand(word, state.variables, { escape, budget, ...lexing }).text;
  }

  #command(command: NodeCommand, node: Node, state: State): void {
    const { instruction } = command;
    const each = (words: readonly string[]): string[] => words.map((word) => this.#expand(word, state));
    switch (instruction.kind) {
      case 'arg':
        this.#args(instruction.args, state);
        break;
      case 'env':
        this.#env(instruction.pairs, state);
        break;
      case 'label':
        each(instruction.pairs.flatMap(({ key, value }) => [key, value]));
        break;
      case 'copy':
      case 'add':
        this.#copy(instruction, command, node, state);
        break;
      case 'run':
        this.#run(instruction, command, state);
        break;
      case 'workdir':
        state.workdir = nextWorkdir(state.workdir, this.#expand(instruction.value, state), state.os);
        // Each path is put behind all those before it.
        this.#settings.budget.spend(state.workdir.length);
        break;
      case 'user':
        this.#expand(instruction.value, state);
        break;
      case 'stopsignal':
        checkSignal(this.#expand(instruction.value, state));
        break;
      case 'volume':
        if (each(instruction.values).includes(''))
          throw new DockerfileFault('VOLUME specified can not be an empty string');
        break;
      case 'expose':
        this.#expose(instruction.values, state);
        break;
      case 'from':
      case 'onbuild':
      case 'other':
    }
  }

  #args(args: readonly Arg[], state: State): void {
    const { given, globals } = this.#settings;
    for (const { key, value } of args) {
      const set = given.get(key) ?? (value === undefined ? globals.get(key) : this.#expand(value, state));
      if (set !== undefined) state.variables.set(key, set);
    }
  }

  /** Sets the variables of one ENV. All are expanded before any is set: `ENV A=1 B=$A` has the A of before. */
  #env(pairs: readonly Pair[], state: State): void {
    const expanded = pairs.map(({ key, value }) => [this.#expand(key, state), this.#expand(value, state)] as const);
    for (const [key, value] of expanded) {
      state.variables.set(key, value);
      state.environment.set(key, value);
    }
  }

  #expose(words: readonly string[], state: State): void {
    const { escape, budget } = this.#settings;
    for (const word of words.flatMap((each) => expand(each, state.variables, { escape, budget }).words))
      checkPort(word);
  }

  #copy(copy: Copy, { sources }: NodeCommand, node: Node, state: State): void {
    const expanded = {
      ...copy,
      chown: this.#expand(copy.chown, state),
      chmod: this.#expand(copy.chmod, state),
      checksum: this.#expand(copy.checksum, state),
      sources: copy.sources.map((source) => this.#expand(source, state)),
      destination: this.#expand(copy.destination, state),
    };
    for (const content of copy.expandedContents) this.#expand(content, state, { escape: '\\', plainQuotes: true });
    const [source] = sources;
    if (source !== undefined && !this.#ready(source)) {
      throw new DockerfileFault(
        `cannot copy from stage ${JSON.stringify(copy.from)}, it needs to be defined before current stage ${JSON.stringify(node.label)}`,
      );
    }
    checkCopy(expanded, state.os);
  }

  #ready(source: Node): boolean {
    return !source.stage || this.#states.has(source);
  }

  #run(run: Run, { sources }: NodeCommand, state: State): void {
    const mounts = run.mounts.map(({ spec }) => parseMount(spec, (word) => this.#expand(word, state)));
    for (const [index, mount] of mounts.entries()) {
      const source = sources[index];
      if ((mount.from !== '' || mount.type === 'cache') && source !== undefined && !this.#ready(source)) {
        throw new DockerfileFault(
          `cannot mount from stage ${JSON.stringify(mount.from)} to ${JSON.stringify(mount.target)}, stage needs ` +
            'to be defined before current command',
        );
      }
      this.#settings.budget.spend(state.workdir.length);
      checkTarget(mount, state);
    }
  }
}

function checkTarget({ type, source, target }: Mount, { workdir }: State): void {
  if (type === 'ssh' && source !== '') throw new DockerfileFault('ssh does not support source');
  if (type === 'ssh' || type === 'secret') return;
  const full = posix.isAbsolute(posix.normalize(target)) ? target : posix.join('/', workdir, target);
  if (full === '/') throw new DockerfileFault(`invalid mount target ${JSON.stringify(full)}`);
}
