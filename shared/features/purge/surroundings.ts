import { aboutName } from '../../core/documents/about.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Digest } from '../../core/oci/digest.ts';

/** The part of a manifest that keeps others, or by which others keep it. */
export interface Node {
  readonly digest: Digest;
  readonly children: readonly Digest[];
  readonly subject?: Digest;
}

/** The relations between a repository's live manifests. */
export interface Graph<T extends Node> {
  /** Reads a manifest. However often it is asked for, each document is read once, and a limited number at a time. */
  manifest(digest: Digest): Promise<T | undefined>;
  /** Returns for each tag the manifest that its name is about (`aboutName`); `undefined` for a tag of its own. */
  tagsOf(digest: Digest): Promise<readonly (string | undefined)[]>;
  /** Returns the indexes that list a manifest. */
  listedBy(digest: Digest): Promise<readonly Digest[]>;
  /** Returns the manifests that refer to this one by their subject, or by their tags' names. */
  referrersOf(digest: Digest): Promise<readonly T[]>;
}

export interface Surroundings<T extends Node> {
  readonly keeper?: { readonly is: 'index' | 'subject'; readonly digest: Digest };
  readonly along: readonly (T & { readonly isChild: boolean })[];
  /** True if something below it stays, which may be removed if others are removed too. */
  readonly leaves: boolean;
}

/**
 * Returns what keeps a manifest, and what is removed along with it: children and referrers, theirs too, that no tag,
 * other index or other subject keeps. The recycle bin recycles the same ones (`reconcile`). `also` are manifests that are
 * removed at the same time by themselves, and so keep nothing.
 */
export async function surroundingsOf<T extends Node>(
  graph: Graph<T>,
  node: T,
  also: ReadonlySet<Digest> = new Set(),
): Promise<Surroundings<T>> {
  const keeper = await keeperOf(graph, node, also);
  const candidates = await belowOf(graph, node);
  const going = new Set<Digest>([node.digest, ...also]);
  await readAhead(graph, [...candidates.keys()]);
  // Each manifest that is removed may free more of the others, so this is repeated until nothing changes.
  for (let grew = true; grew;) {
    grew = false;
    for (const { node: candidate } of candidates.values()) {
      if (
        going.has(candidate.digest) ||
        (await isTagged(graph, candidate, going)) ||
        (await keeperOf(graph, candidate, going)) !== undefined
      )
        continue;
      going.add(candidate.digest);
      grew = true;
    }
  }
  const along = [...candidates.values()]
    .filter((each) => going.has(each.node.digest) && !also.has(each.node.digest))
    .map(({ node: each, isChild }) => ({ ...each, isChild }));
  return { along, leaves: along.length < candidates.size, ...defined({ keeper }) };
}

/** Reads for all candidates at once what is then asked of one after the other. */
async function readAhead<T extends Node>(graph: Graph<T>, digests: readonly Digest[]): Promise<void> {
  await Promise.all(digests.map((digest) => Promise.all([graph.tagsOf(digest), graph.listedBy(digest)])));
}

/** Returns whether a tag keeps it. A tag that is about a manifest that is removed does not. */
async function isTagged<T extends Node>(graph: Graph<T>, { digest }: T, going: ReadonlySet<Digest>): Promise<boolean> {
  const tags = await graph.tagsOf(digest);
  if (tags.length === 0 || tags.includes(undefined)) return tags.length > 0;
  const names = new Set([...going].map(aboutName));
  return tags.some((about) => about === undefined || !names.has(about));
}

/** Returns the first index or subject that keeps it and is not removed. */
async function keeperOf<T extends Node>(
  graph: Graph<T>,
  { digest, subject }: T,
  going: ReadonlySet<Digest>,
): Promise<Surroundings<T>['keeper']> {
  const index = (await graph.listedBy(digest)).find((each) => !going.has(each));
  if (index !== undefined) return { is: 'index', digest: index };
  if (subject === undefined || subject === digest || going.has(subject)) return undefined;
  return (await graph.manifest(subject)) === undefined ? undefined : { is: 'subject', digest: subject };
}

/** Returns all that is reached over children and referrers. `isChild` is true if it is reached over children alone. */
async function belowOf<T extends Node>(graph: Graph<T>, top: T): Promise<Map<Digest, { node: T; isChild: boolean }>> {
  const below = new Map<Digest, { node: T; isChild: boolean }>();
  let wave = [{ node: top, isChild: true }];
  while (wave.length > 0) {
    // A wave is read at once, because an image may have thousands of referrers.
    const found = (await Promise.all(wave.map((each) => directlyBelow(graph, each)))).flat();
    wave = [];
    for (const each of found) {
      if (each.node.digest === top.digest || below.has(each.node.digest)) continue;
      below.set(each.node.digest, each);
      wave.push(each);
    }
  }
  return below;
}

async function directlyBelow<T extends Node>(
  graph: Graph<T>,
  { node, isChild }: { node: T; isChild: boolean },
): Promise<{ node: T; isChild: boolean }[]> {
  const [children, referrers] = await Promise.all([
    Promise.all(node.children.map((digest) => graph.manifest(digest))),
    graph.referrersOf(node.digest),
  ]);
  return [
    ...children.filter((child) => child !== undefined).map((child) => ({ node: child, isChild })),
    ...referrers.map((referrer) => ({ node: referrer, isChild: false })),
  ];
}
