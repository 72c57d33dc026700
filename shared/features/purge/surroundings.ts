import { aboutName } from '../../core/documents/about.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Digest } from '../../core/oci/digest.ts';

/** A manifest as far as it keeps others or is kept. */
export interface Node {
  readonly digest: Digest;
  readonly children: readonly Digest[];
  readonly subject?: Digest;
}

/** How a repository's live manifests hang together. */
export interface Graph<T extends Node> {
  /** Each thing is read once, and only so many at a time, however many are asked for. */
  manifest(digest: Digest): Promise<T | undefined>;
  /** Of each of its tags, what the name is about (`aboutName`); `undefined` of a tag of its own. */
  tagsOf(digest: Digest): Promise<readonly (string | undefined)[]>;
  /** The indexes that list it. */
  listedBy(digest: Digest): Promise<readonly Digest[]>;
  /** By their subject, or by their tags' names. */
  referrersOf(digest: Digest): Promise<readonly T[]>;
}

export interface Surroundings<T extends Node> {
  readonly keeper?: { readonly is: 'index' | 'subject'; readonly digest: Digest };
  readonly along: readonly (T & { readonly isChild: boolean })[];
  /** Whether something below it stays, which may go when others go too. */
  readonly leaves: boolean;
}

/**
 * What keeps a manifest, and what goes along with it: children and referrers, theirs too, that no tag, other index or
 * other subject keeps. The bin takes the same along (`settle`). `also` are manifests that go beside it by themselves,
 * and so keep nothing.
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
  // What goes makes more of the rest go: until nothing changes.
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

/** What is asked of each of the candidates below, one after the other, is read for all of them first. */
async function readAhead<T extends Node>(graph: Graph<T>, digests: readonly Digest[]): Promise<void> {
  await Promise.all(digests.map((digest) => Promise.all([graph.tagsOf(digest), graph.listedBy(digest)])));
}

/** A tag that is about what goes keeps nothing. */
async function isTagged<T extends Node>(graph: Graph<T>, { digest }: T, going: ReadonlySet<Digest>): Promise<boolean> {
  const tags = await graph.tagsOf(digest);
  if (tags.length === 0 || tags.includes(undefined)) return tags.length > 0;
  const names = new Set([...going].map(aboutName));
  return tags.some((about) => about === undefined || !names.has(about));
}

/** The first that keeps it and does not go. */
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

/** All that is reached over children and referrers. `isChild`: over children alone. */
async function belowOf<T extends Node>(graph: Graph<T>, top: T): Promise<Map<Digest, { node: T; isChild: boolean }>> {
  const below = new Map<Digest, { node: T; isChild: boolean }>();
  let wave = [{ node: top, isChild: true }];
  while (wave.length > 0) {
    // All of a wave at once: an image may have thousands of referrers.
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
