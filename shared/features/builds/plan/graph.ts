import pLimit from 'p-limit';
import { defined } from '../../../core/documents/defined.ts';
import type { Edge } from '../bases/documents.ts';
import { baseDigestsIn } from '../bases/find-bases.ts';
import { allDependentsOf } from '../bases/learn.ts';
import { ownBase } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import type { Root } from './documents.ts';
import { nodeId } from './documents.ts';
import { failedIn } from './failed.ts';
import { permitFor, pusherOf } from './permits.ts';
import type { Rules } from './rules.ts';

/** The most images that the builds of one registry should begin at once. */
const mostImages = 50_000;

type Place = Pick<Root, 'base' | 'tag'> & { readonly node?: Dependent };

/**
 * Returns all images that are built on these bases and have a policy that lets them be made anew, near ones first; no
 * path continues behind an image that is only notified. It has one entry for each image, whatever paths lead to it.
 * Throws `StoreFailure`.
 */
export async function dependentsIn(
  ports: BuildPorts,
  roots: readonly Pick<Root, 'base' | 'tag' | 'previousDigest' | 'task' | 'retries'>[],
  rules: Rules,
): Promise<Map<string, Dependent>> {
  const found = new Map<string, Dependent>();
  let places: Place[] = [];
  for (const root of roots)
    places.push(
      ...(root.retries === undefined
        ? [{ ...root, ...addTask(found, root, rules) }]
        : await addFailed(ports, found, root.retries)),
    );
  for (let level = 1; places.length > 0 && found.size < mostImages; level += 1) {
    const next: Place[] = [];
    for (const place of places) {
      for await (const edge of edgesOf(ports, place, rules)) {
        const added = addEdge(found, edge, place, { rules, level });
        if (added !== undefined && added.rule.mode !== 'notify')
          next.push({ base: ownBase(ports.registry, added.repository), tag: added.tag, node: added });
      }
    }
    places = next;
  }
  for (const { base, tag, previousDigest } of roots)
    if (previousDigest !== undefined)
      for (const each of found.values())
        each.bases.find((of) => of.base === base && of.tag === tag)?.old.push(previousDigest);
  return found;
}

const asksAtOnce = 16;

/** Reads the edges that may be followed now. */
async function* edgesOf(
  ports: BuildPorts,
  { base, tag }: Pick<Root, 'base' | 'tag'>,
  rules: Rules,
): AsyncIterable<Edge> {
  const limit = pLimit(asksAtOnce);
  for await (const edges of allDependentsOf(ports, base, tag)) {
    const may = await Promise.all(edges.map((edge) => limit(() => isPermitted(ports, edge, rules))));
    yield* edges.filter((_, at) => may[at]);
  }
}

async function isPermitted(ports: BuildPorts, edge: Edge, { ruleFor }: Rules): Promise<boolean> {
  const { registry, repository, dependentTag: tag, base, found } = edge;
  const image = { registry, repository, tag };
  const rule = ruleFor(image);
  if (rule === undefined || !rule.isOn) return false;
  const pushedBy = ports.grants.isOpen ? undefined : await pusherOf(ports, image);
  return (await permitFor(ports, { image, pushedBy, base, found, rule })).is === 'permitted';
}

/** Adds the image of a task that somebody has started: it comes first, and then the images that are built on it. */
function addTask(
  found: Map<string, Dependent>,
  { task }: Pick<Root, 'task'>,
  { imageOf, ruleFor }: Rules,
): { node?: Dependent } {
  const image = task === undefined ? undefined : imageOf(task);
  const rule = image === undefined ? undefined : ruleFor(image);
  if (image === undefined || rule === undefined) return {};
  const { registry, repository, tag } = image;
  const node: Dependent = {
    registry,
    repository,
    tag,
    rule: { ...rule, mode: 'rebuild' },
    bases: [],
    waitsFor: new Set<string>(),
    level: 1,
  };
  found.set(nodeId(node), node);
  return { node };
}

/** Adds the images that failed in an earlier build, and follow from no present update. */
async function addFailed(ports: BuildPorts, found: Map<string, Dependent>, build: string): Promise<Place[]> {
  const failed = (await failedIn(ports, build)).filter((each) => !found.has(nodeId(each)));
  for (const each of failed) found.set(nodeId(each), each);
  return failed
    .filter(({ rule }) => rule.mode !== 'notify')
    .map((node) => ({ base: ownBase(ports.registry, node.repository), tag: node.tag, node }));
}

interface At {
  readonly rules: Rules;
  readonly level: number;
}

/**
 * Returns the image that an edge leads to, if it is met for the first time. An image that is pinned to a digest follows
 * its tag only if its rule says so.
 */
function addEdge(found: Map<string, Dependent>, edge: Edge, place: Place, { rules, level }: At): Dependent | undefined {
  const { registry, repository, dependentTag: tag, digest } = edge;
  const rule = rules.ruleFor({ repository, tag });
  if (rule === undefined || !rule.isOn || (digest !== undefined && rule.bumpsPins !== true)) return undefined;
  const id = nodeId({ repository, tag });
  const there = found.get(id);
  const dependent = there ?? { registry, repository, tag, rule, bases: [], waitsFor: new Set<string>(), level };
  if (there === undefined) found.set(id, dependent);
  dependent.level = Math.max(dependent.level, level);
  const isKnown = dependent.bases.some(({ base, tag: of }) => base === place.base && of === place.tag);
  if (!isKnown)
    dependent.bases.push({
      base: place.base,
      tag: place.tag,
      ...defined({ said: edge.said }),
      old: baseDigestsIn(edge),
    });
  if (place.node !== undefined) dependent.waitsFor.add(nodeId(place.node));
  return there === undefined ? dependent : undefined;
}

/**
 * Returns the images that wait for each other in a circle, or for one that does. Edges refuse circles, but two may be
 * learned at the same moment.
 */
export function inCircles(found: ReadonlyMap<string, Dependent>): Set<string> {
  const left = new Map(
    [...found].map(([id, { waitsFor }]) => [id, new Set([...waitsFor].filter((each) => found.has(each)))]),
  );
  const followers = new Map<string, string[]>();
  for (const [id, waits] of left) {
    for (const each of waits) {
      const all = followers.get(each) ?? [];
      followers.set(each, all);
      all.push(id);
    }
  }
  const free = [...left].filter(([, waits]) => waits.size === 0).map(([id]) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    left.delete(id);
    for (const follower of followers.get(id) ?? []) {
      const waits = left.get(follower);
      waits?.delete(id);
      if (waits?.size === 0) free.push(follower);
    }
  }
  return new Set(left.keys());
}
