import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { requiredBlobs } from '../oci/manifest.ts';
import { isManifestMediaType } from '../oci/media-types.ts';
import type { Tag } from '../oci/name.ts';
import type { Source, StoredImage, TaggedImage, Target } from '../ports/transfer.ts';
import { firstNotLinked } from './link-blobs.ts';

export interface CopyOptions {
  /** The image that is copied: a tag is resolved once, and its digest goes. */
  readonly reference: Tag | Digest;
  /** The tags that point at it in the target afterwards; none leaves it without a tag. */
  readonly tags: readonly Tag[];
  /** Says whether what refers to it comes along: referrers, theirs too, and what tags such as `sha256-….sig` name. */
  readonly referrers: boolean;
  /** More manifests than these are not copied at once. */
  readonly most?: number;
}

export type Copied =
  /** `pushed`: how many manifests were not there, or got a tag. */
  | { readonly is: 'copied'; readonly digest: Digest; readonly pushed: number }
  /** The source has nothing of that name. */
  | { readonly is: 'absent' }
  /** The source lacks something that `of` lists. Nothing has a tag that had none. */
  | { readonly is: 'incomplete'; readonly missing: Digest; readonly of: Digest }
  | { readonly is: 'too large'; readonly why: string };

/** Ends a copy with an outcome that is no failure. */
class CannotBeCopied extends Error {
  override readonly name = 'CannotBeCopied';
  readonly outcome: Exclude<Copied, { is: 'copied' }>;

  constructor(outcome: Exclude<Copied, { is: 'copied' }>) {
    super(JSON.stringify(outcome));
    this.outcome = outcome;
  }
}

/** Indexes in indexes, and referrers of referrers: clients make two of each. */
const maxDepth = 32;
const usualMost = 100_000;

/**
 * Copies an image, or an index with all that it lists, by digest: children first, then what refers to it, tags last;
 * blobs are linked, and bytes are not moved. What fits into one transaction of the target is there at once or not at
 * all; of a larger graph no tag points at a part. What the target has already is not written again, so asked again
 * after a crash it goes on, and of what is there whole it writes nothing. It holds a transaction's manifests in memory,
 * and of the others their digests. Throws `StoreFailure`, and `RegistryError` for what a gate refuses.
 */
export async function copyGraph(source: Source, target: Target, options: CopyOptions): Promise<Copied> {
  const digest = await source.resolve(options.reference);
  const root = digest === undefined ? undefined : await source.manifest(digest);
  if (root === undefined) return { is: 'absent' };
  const at = await target.begin(options.tags, root.digest);
  const tags = options.tags.filter((tag) => at.get(tag) !== root.digest);
  const copy = new GraphCopy(source, target, options.most ?? usualMost);
  try {
    await copy.add(root);
    if (options.referrers) await copy.addReferrers([...copy.seen]);
    return { is: 'copied', digest: root.digest, pushed: await copy.finish(root, tags) };
  } catch (error) {
    if (error instanceof CannotBeCopied) return error.outcome;
    throw error;
  }
}

/** A transaction holds 100 changes: a manifest is two of them, its edge one, a tag three, a new repository one. */
const changesOf = ({ image, tags }: TaggedImage) =>
  2 + (image.manifest.subject === undefined ? 0 : 1) + 3 * tags.length;
const maxChanges = 99;
/** The bytes of manifests in a transaction: documents repeat what they list, and it holds 2 MB. */
const maxBytes = 512 * 1024;

const manifestsReadAtOnce = 8;
/** The number of subjects whose referrers are looked for together. */
const subjectsAtOnce = 50;

class GraphCopy {
  /** All that was walked: whatever lists or names it once more, it is copied once. */
  readonly seen = new Set<Digest>();
  readonly #source: Source;
  readonly #target: Target;
  readonly #most: number;
  /** The manifests of the next transaction, children before what lists them. */
  #waiting: TaggedImage[] = [];
  #pushed = 0;

  constructor(source: Source, target: Target, most: number) {
    this.#source = source;
    this.#target = target;
    this.#most = most;
  }

  /** Adds a manifest behind all that it lists. */
  async add(image: StoredImage, tags: readonly Tag[] = [], depth = 0): Promise<void> {
    if (this.seen.has(image.digest) && tags.length === 0) return;
    if (depth > maxDepth) throw tooLarge(`its indexes are nested more than ${maxDepth} levels deep`);
    if (this.seen.size >= this.#most) throw tooLarge(`it has more than ${this.#most} manifests`);
    this.seen.add(image.digest);
    const listed = [...new Map(image.manifest.manifests.map((each) => [each.digest, each])).values()];
    const unseen = listed.filter(({ digest }) => !this.seen.has(digest));
    for (const some of inGroups(unseen, manifestsReadAtOnce)) {
      const found = await Promise.all(some.map((each) => this.#listed(each)));
      for (const [at, each] of some.entries()) {
        const child = found[at];
        if (child === undefined) throw incomplete(each.digest, image.digest);
        if (child !== 'blob') await this.add(child, [], depth + 1);
      }
    }
    await this.#wait({ image, tags });
  }

  /** Adds what refers to these, and what refers to that in turn. */
  async addReferrers(subjects: readonly Digest[], depth = 0): Promise<void> {
    if (depth > maxDepth) throw tooLarge(`its referrers have referrers, more than ${maxDepth} levels deep`);
    for (const some of inGroups(subjects, subjectsAtOnce)) {
      await this.#addAll(untagged(this.#source.referrers(some)), depth);
      await this.#addAll(this.#source.tagsAbout(some), depth);
    }
  }

  /** Sets the tags of the root, after everything else. Gives how many manifests were pushed. */
  async finish(root: StoredImage, tags: readonly Tag[]): Promise<number> {
    if (tags.length > 0) await this.#wait({ image: root, tags });
    await this.#flush();
    return this.#pushed;
  }

  async #addAll(all: AsyncIterable<{ readonly tag?: Tag; readonly digest: Digest }>, depth: number): Promise<void> {
    let some: { readonly tag?: Tag; readonly digest: Digest }[] = [];
    for await (const each of all) {
      if (this.seen.has(each.digest) && each.tag === undefined) continue;
      some.push(each);
      if (some.length < subjectsAtOnce) continue;
      await this.#addSome(some, depth);
      some = [];
    }
    await this.#addSome(some, depth);
  }

  /** Adds some of what refers to an image. One that is gone since it was listed refers to nothing any more. */
  async #addSome(some: readonly { readonly tag?: Tag; readonly digest: Digest }[], depth: number): Promise<void> {
    const before = this.seen.size;
    const tags = some.flatMap(({ tag }) => tag ?? []);
    const at = tags.length === 0 ? new Map<Tag, Digest>() : await this.#target.tagsAt(tags);
    for (const group of inGroups(some, manifestsReadAtOnce)) {
      const found = await Promise.all(group.map(({ digest }) => this.#source.manifest(digest)));
      for (const [index, { tag, digest }] of group.entries()) {
        const image = found[index];
        const isMoved = tag !== undefined && at.get(tag) !== digest;
        if (image !== undefined) await this.add(image, isMoved ? [tag] : [], 0);
      }
    }
    if (this.seen.size > before) await this.addReferrers([...this.seen].slice(before), depth + 1);
  }

  /** Reads what an index lists. It may be a blob, as in BuildKit's cache; its media type says which is tried first. */
  async #listed({ digest, mediaType }: Descriptor): Promise<StoredImage | 'blob' | undefined> {
    const isLinked = () => this.#target.link(digest, this.#source.blob(digest));
    if (!isManifestMediaType(mediaType)) return (await isLinked()) ? 'blob' : this.#source.manifest(digest);
    return (await this.#source.manifest(digest)) ?? ((await isLinked()) ? 'blob' : undefined);
  }

  /**
   * Adds to what waits, and pushes that first where it would be too much together. What waits already gets its tags
   * where it stands.
   */
  async #wait(next: TaggedImage): Promise<void> {
    const at = this.#waiting.findIndex(({ image }) => image.digest === next.image.digest);
    const there = this.#waiting[at];
    const tags = [...(there?.tags ?? []), ...next.tags];
    const together = there === undefined ? [...this.#waiting, next] : this.#waiting.with(at, { ...next, tags });
    const changes = together.reduce((sum, each) => sum + changesOf(each), 0);
    const bytes = together.reduce((sum, { image }) => sum + image.bytes.length, 0);
    if (changes <= maxChanges && bytes <= maxBytes) {
      this.#waiting = together;
      return;
    }
    await this.#flush();
    this.#waiting = [next];
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const present = await this.#target.present(waiting.map(({ image }) => image.digest));
    const wanted = waiting.filter(({ image, tags }) => tags.length > 0 || !present.has(image.digest));
    for (const { image } of wanted.filter(({ image: { digest } }) => !present.has(digest))) {
      const blobs = requiredBlobs(image.manifest).map(({ digest }) => digest);
      const missing = await firstNotLinked(blobs, (blob) => this.#target.link(blob, this.#source.blob(blob)));
      if (missing !== undefined) throw incomplete(missing, image.digest);
    }
    await this.#push(wanted);
  }

  /** Pushes manifests. If one transaction does not hold them after all, no tag is set before everything is there. */
  async #push(images: readonly TaggedImage[]): Promise<void> {
    if (images.length === 0) return;
    this.#pushed += images.length;
    if ((await this.#target.push(images)) === 'pushed') return;
    await this.#pushHalves(images.map(({ image }) => ({ image, tags: [] })));
    for (const tagged of images.filter(({ tags }) => tags.length > 0)) await this.#target.push([tagged]);
  }

  async #pushHalves(images: readonly TaggedImage[]): Promise<void> {
    const half = Math.ceil(images.length / 2);
    for (const some of [images.slice(0, half), images.slice(half)])
      if (some.length > 0 && (await this.#target.push(some)) !== 'pushed') await this.#pushHalves(some);
  }
}

async function* untagged(digests: AsyncIterable<Digest>): AsyncIterable<{ readonly digest: Digest }> {
  for await (const digest of digests) yield { digest };
}

function inGroups<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

function incomplete(missing: Digest, of: Digest): CannotBeCopied {
  return new CannotBeCopied({ is: 'incomplete', missing, of });
}

function tooLarge(why: string): CannotBeCopied {
  return new CannotBeCopied({ is: 'too large', why });
}
