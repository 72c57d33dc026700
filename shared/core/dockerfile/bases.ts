import { Budget, MAX_TEXT } from './budget.ts';
import { checkOptions, syntaxOf } from './directives.ts';
import { Dispatcher } from './dispatch.ts';
import { resolveEpoch } from './epoch.ts';
import { DockerfileFault, located } from './fault.ts';
import { addGlobals, predefined } from './globals.ts';
import { Graph, type Node, type Origin } from './graph.ts';
import { parse } from './parse.ts';
import { formatPlatform, parsePlatform, type Platform } from './platform.ts';
import { normalReference } from './reference.ts';
import { stagesOf } from './stages.ts';

export interface BasesOptions {
  /** The stage to build, by name; the last one by default. */
  readonly target?: string;
  /** Build arguments. */
  readonly args?: Readonly<Record<string, string>>;
  /** The platform to build for; `linux/amd64` by default. */
  readonly platform?: string;
  /** The platform that builds (`BUILDPLATFORM`); the same as `platform` by default. */
  readonly buildPlatform?: string;
  /** Counts every stage as needed. */
  readonly allStages?: boolean;
}

/** An image that the build needs, once for each place that names it. */
export interface BaseRef {
  /** Fully qualified: `docker.io/library/alpine:3.22`, with a digest where it is pinned. */
  readonly name: string;
  readonly platform: string;
  readonly origin: Origin;
  readonly line: number;
}

interface StageSummary {
  /** The stage's name as written, in lower case; `stage-0` and so on for one without a name. */
  readonly name: string;
  readonly line: number;
  /** True when the target needs the stage. */
  readonly reached: boolean;
}

/**
 * The images that a build needs. `syntax` is the front end's own image, where the file asks for one: it is fetched too,
 * but nothing is built on it.
 */
export type Bases =
  | { readonly refs: readonly BaseRef[]; readonly stages: readonly StageSummary[]; readonly syntax?: string }
  /** `refs` holds what BuildKit asks a registry for before it comes to the fault. */
  | {
      readonly error: { readonly line: number; readonly message: string };
      readonly refs: readonly BaseRef[];
      readonly syntax?: string;
    };

class Resolution {
  readonly refs: BaseRef[] = [];
  readonly #seen = new Set<Node>();
  /** The nodes that are not needed so far: each is checked once, in however many rounds it comes again. */
  readonly #checked = new Set<Node>();
  readonly #platform: Platform;
  readonly #budget: Budget;

  constructor(platform: Platform, budget: Budget) {
    this.#platform = platform;
    this.#budget = budget;
  }

  /**
   * Names the images of nodes that stand on no stage. BuildKit asks for all of them at once, so those beside a faulty
   * one are named too. @throws DockerfileFault
   */
  resolve(nodes: readonly Node[], needed: (node: Node) => boolean): void {
    let fault: DockerfileFault | undefined;
    this.#budget.spend(nodes.length);
    for (const node of nodes) {
      if (node.base !== undefined || node.baseName === 'scratch' || this.#seen.has(node)) continue;
      if (!needed(node) && this.#checked.has(node)) continue;
      (needed(node) ? this.#seen : this.#checked).add(node);
      try {
        // An image that is not needed must be a valid reference as well.
        const name = located(node.line, () => normalReference(node.baseName));
        if (needed(node))
          this.refs.push({
            name,
            platform: formatPlatform(node.ownPlatform ?? this.#platform),
            origin: node.origin,
            line: node.line,
          });
      } catch (error) {
        if (!(error instanceof DockerfileFault)) throw error;
        fault ??= error;
      }
    }
    if (fault !== undefined) throw fault;
  }
}

function find(
  text: string,
  options: BasesOptions,
  { platform, resolution, budget }: { platform: Platform; resolution: Resolution; budget: Budget },
): StageSummary[] {
  const given = new Map(Object.entries(options.args ?? {}));
  if (text === '') throw new DockerfileFault('the Dockerfile cannot be empty');
  if (text.length > MAX_TEXT) throw new DockerfileFault(`the Dockerfile has more than ${MAX_TEXT} characters`);
  checkOptions(text);
  const parsed = parse(text, budget);
  const { globals: args, stages } = stagesOf(parsed, budget);
  const { escape } = parsed;

  const buildPlatform = options.buildPlatform === undefined ? platform : parsePlatform(options.buildPlatform);
  const globals = predefined(platform, buildPlatform, options.target ?? stages.at(-1)?.from.name ?? '', given);
  addGlobals(globals, args, given, escape, budget);
  resolveEpoch(globals, stages, { given, escape, budget });

  const graph = new Graph(stages, { globals, escape, budget });
  const target = graph.target(options.target ?? '');
  graph.connect(stages);
  const needed = (node: Node): boolean => options.allStages === true || reached.has(node);
  let reached = graph.reachable(target);
  resolution.resolve(graph.nodes, needed);
  while (graph.addTriggers(reached)) {
    reached = graph.reachable(target);
    resolution.resolve(graph.nodes, needed);
  }
  const dispatcher = new Dispatcher({ globals, given, escape, budget, platform });
  for (const node of graph.nodes) if (node.stage && needed(node)) dispatcher.dispatch(node);
  return graph.nodes
    .filter(({ stage }) => stage)
    .map((node) => ({ name: node.label, line: node.line, reached: reached.has(node) }));
}

/**
 * Finds the images that building a Dockerfile needs, by BuildKit's own rules. Nothing is fetched: ONBUILD triggers of
 * images, as opposed to stages, are not seen. Never throws; time and memory are bounded whatever the text says
 * (budget.ts).
 */
export function basesOf(text: string, options: BasesOptions = {}): Bases {
  const syntax = syntaxOf(text.slice(0, MAX_TEXT));
  const known = syntax === undefined ? {} : { syntax };
  let refs: readonly BaseRef[] = [];
  try {
    const platform = parsePlatform(options.platform ?? 'linux/amd64');
    const budget = new Budget();
    const resolution = new Resolution(platform, budget);
    refs = resolution.refs;
    const stages = find(text, options, { platform, resolution, budget });
    return { refs, stages, ...known };
  } catch (error) {
    if (!(error instanceof DockerfileFault)) throw error;
    return { error: { line: error.line, message: error.message }, refs, ...known };
  }
}
