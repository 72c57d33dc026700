import type { MemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { BinnedDocument, BinnedTag } from '../../shared/core/documents/bin.ts';
import type { BlobDocument, LinkDocument } from '../../shared/core/documents/blob.ts';
import type { ManifestDocument, TagDocument } from '../../shared/core/documents/manifest.ts';
import { childrenOf } from '../../shared/core/documents/manifest.ts';
import type { ContainerName, JsonDocument } from '../../shared/core/ports/documents.ts';
import { staysBehind } from '../../shared/features/recycle-bin/kept.ts';
import { wasOrdered } from '../../shared/features/recycle-bin/kept.ts';
import { registry, repositories } from './world.ts';

/** Something that must never be seen; its message is what the run reports. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

function* documentsIn(world: MemoryWorld, container: ContainerName): Iterable<JsonDocument> {
  for (const { records } of world.documents.partitions(container, [])) {
    for (const record of records.values()) {
      const version = world.documents.visible(record, 0);
      if (version !== undefined) yield version.document;
    }
  }
}

class Seen {
  readonly tags: TagDocument[] = [];
  readonly live = new Map<string, ManifestDocument>();
  readonly binned = new Map<string, BinnedDocument>();
  readonly links = new Map<string, LinkDocument>();
  readonly blobs = new Map<string, BlobDocument>();
  /** Ids of what a timer has yet to do. */
  readonly due: string[] = [];

  constructor(world: MemoryWorld) {
    for (const document of documentsIn(world, 'repositories')) this.#take(document);
    for (const document of documentsIn(world, 'blobs')) this.#take(document);
  }

  #take(document: JsonDocument): void {
    const place = `${String(document.repository)}@${String(document.digest)}`;
    if (document.type === 'tag') this.tags.push(document as unknown as TagDocument);
    if (document.type === 'manifest') this.live.set(place, document as unknown as ManifestDocument);
    if (document.type === 'binned') this.binned.set(place, document as unknown as BinnedDocument);
    if (document.type === 'link') this.links.set(place, document as unknown as LinkDocument);
    if (document.type === 'blob') this.blobs.set(String(document.digest), document as unknown as BlobDocument);
    if (document.dueAt !== undefined) this.due.push(document.type === 'purge-due' ? place : document.id);
  }
}

const blobsOf = ({ references }: Pick<ManifestDocument, 'references'>) =>
  references.filter(({ role }) => role !== 'manifest').map(({ digest }) => digest);

/**
 * Holds at every moment: what a tag, an index or the bin can reach is whole, down to its bytes. `ordered`: whose
 * deletion somebody asked for.
 */
export function checkWhole(world: MemoryWorld, ordered: ReadonlySet<string>): void {
  const seen = new Seen(world);
  for (const { repository, name, digest } of seen.tags)
    if (!seen.live.has(`${repository}@${digest}`)) throw new Violation(`tag ${repository}:${name} has no manifest`);
  for (const manifest of [...seen.live.values(), ...seen.binned.values()]) checkBytes(world, seen, manifest);
  for (const index of seen.live.values()) checkChildren(seen, index, ordered);
}

function checkBytes(world: MemoryWorld, seen: Seen, manifest: ManifestDocument | BinnedDocument): void {
  for (const digest of blobsOf(manifest)) {
    const link = seen.links.get(`${manifest.repository}@${digest}`);
    const what = `blob ${digest.slice(7, 15)} of ${manifest.type} ${manifest.repository}@${manifest.digest.slice(7, 15)}`;
    if (link === undefined) throw new Violation(`${what} has no link`);
    if (seen.blobs.get(digest)?.copies.home?.name !== link.name)
      throw new Violation(`${what} has a link to another blob than the one that is stored`);
    if (world.region().blobs.get(link.name) === undefined) throw new Violation(`${what} has no bytes`);
  }
}

function checkChildren(seen: Seen, index: ManifestDocument, ordered: ReadonlySet<string>): void {
  for (const child of childrenOf(index)) {
    const place = `${index.repository}@${child}`;
    if (!seen.live.has(place) && !ordered.has(place))
      throw new Violation(
        `index ${index.digest.slice(7, 15)} of ${index.repository} is live without its child ${child.slice(7, 15)}`,
      );
  }
}

/** Holds when nobody is at work: whatever went along is where the thing is that it went along with. */
export function checkSettled(world: MemoryWorld): void {
  const seen = new Seen(world);
  for (const binned of seen.binned.values()) {
    if (seen.live.has(`${binned.repository}@${binned.digest}`))
      throw new Violation(`${binned.digest.slice(7, 15)} is live and in the bin`);
    if (wasOrdered(binned)) continue;
    const subject = seen.live.get(`${binned.repository}@${String(binned.subject)}`);
    // A subject that is new since then keeps it when it is due.
    if (subject !== undefined && !staysBehind(binned, subject) && subject.createdAt <= binned.recycled.recycledAt)
      throw new Violation(`referrer ${binned.digest.slice(7, 15)} is in the bin, and its subject is live`);
    const parent = [...seen.live.values()].find(
      (index) => index.repository === binned.repository && childrenOf(index).includes(binned.digest),
    );
    if (parent !== undefined)
      throw new Violation(`child ${binned.digest.slice(7, 15)} is in the bin, and its index is live`);
  }
}

/** Holds when all graces and retentions are over: there is nothing but what live manifests need. */
export function checkNothingStays(world: MemoryWorld): void {
  const seen = new Seen(world);
  const needed = new Set(
    [...seen.live.values()].flatMap((manifest) =>
      blobsOf(manifest).map((digest) => `${manifest.repository}@${digest}`),
    ),
  );
  const extra = (what: string, there: Iterable<string>, may: ReadonlySet<string>) => {
    const stays = [...there].filter((each) => !may.has(each));
    if (stays.length > 0) throw new Violation(`${what} stays for ever: ${stays.join(', ')}`);
  };
  // A policy looks again at what is live, for as long as it is.
  extra('work', seen.due, new Set(seen.live.keys()));
  extra('a binned manifest', seen.binned.keys(), new Set());
  extra('a link', seen.links.keys(), needed);
  extra('a blob', seen.blobs.keys(), new Set([...seen.links.values()].map(({ digest }) => digest)));
  const named = [...seen.blobs.values()].flatMap(({ copies }) => Object.values(copies).map(({ name }) => name));
  extra('bytes', world.region().blobs.names(), new Set(named));
}

export function tagsIn(world: MemoryWorld): readonly TagDocument[] {
  return new Seen(world).tags;
}

export function* binnedTagsIn(world: MemoryWorld): Iterable<BinnedTag> {
  for (const document of documentsIn(world, 'repositories'))
    if (document.type === 'binned-tag') yield document as unknown as BinnedTag;
}

export function binnedIn(world: MemoryWorld): Iterable<BinnedDocument> {
  return new Seen(world).binned.values();
}

/** Says whether a tag, a live index or a live subject keeps a live manifest; `undefined` when it is not live. */
export function isKept(world: MemoryWorld, repository: string, digest: string): boolean | undefined {
  const seen = new Seen(world);
  const manifest = seen.live.get(`${repository}@${digest}`);
  if (manifest === undefined) return undefined;
  const listed = [...seen.live.values()].some(
    (index) => index.repository === repository && childrenOf(index).includes(manifest.digest),
  );
  return (
    listed ||
    seen.tags.some((tag) => tag.repository === repository && tag.digest === digest) ||
    seen.live.has(`${repository}@${String(manifest.subject)}`)
  );
}

/** The digest that a tag has now. */
export function tagTarget(world: MemoryWorld, repository: number, tag: string): unknown {
  const records = world.documents.partition('repositories', [registry, String(repositories[repository])])?.records;
  return world.documents.visible(records?.get(`tag:${tag}`), 0)?.document.digest;
}

export function liveManifests(world: MemoryWorld): readonly ManifestDocument[] {
  return [...new Seen(world).live.values()];
}
