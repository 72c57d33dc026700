import type { Question } from '../../core/admission/gate.ts';
import { tagsAbout } from '../../core/documents/about.ts';
import { inBatches } from '../../core/documents/batches.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import {
  childrenOf,
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  tagDocumentSchema,
  tagRef,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { DeletionPreview } from '../../core/ports/image-views.ts';
import { purgeTimeOf, questionsOf } from './deletion.ts';
import type { StaysBy } from './kept.ts';
import { goingAlong } from './kept.ts';
import { manifestsAtOnce } from './move.ts';
import type { BinPorts } from './ports.ts';
import type { Gone } from './pretended.ts';
import { asIfGone } from './pretended.ts';
import { signatureGoing } from './signatures.ts';
import { everyTagOf } from './tags-of.ts';
import { withoutNeighbours } from './together.ts';

/** The manifests and tags that a preview names: an image may have thousands, and somebody waits. */
const mostShown = 500;

/**
 * Says what a deletion would take. The same rules decide as in a deletion, over documents that are read as if what goes
 * were gone; nothing is written. Returns `undefined` if there is no such tag or manifest. Throws `StoreFailure`.
 */
export async function previewDeletion(
  ports: BinPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  asker?: Asker,
): Promise<DeletionPreview | undefined> {
  const now = ports.clock.now();
  const [entry, named, purgeAt] = await Promise.all([
    readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key)),
    isDigest(reference) ? namedManifest(ports, key, reference) : namedTag(ports, key, reference),
    purgeTimeOf(ports, key, now),
  ]);
  if (named === undefined) return undefined;
  const about = { operation: 'delete' as const, key, asker };
  const whole: Question = { ...about, repository: entry?.document };
  const blockedBy = [whole, ...named.questions.map((question) => ({ ...question, asker }))].flatMap(
    (question) => refused(ports, question) ?? [],
  );
  const times = {
    purgedAt: purgeAt.toISOString(),
    // Its links are dropped a grace after the purge, and its blobs are collected a grace after that.
    freedAt: new Date(purgeAt.getTime() + 2 * ports.settings.graceMs).toISOString(),
    isKept: purgeAt > now,
  };
  if (blockedBy.length > 0)
    return { tags: [], manifests: [], stays: [], more: false, blockedBy: blockedBy.slice(0, mostBlocks), ...times };
  return { ...(await named.look()), blockedBy: [], ...times };
}

const mostBlocks = 20;

/** The tag or manifest of a request: the questions for the gates about it, and a look at what goes along with it. */
interface Named {
  readonly questions: readonly Question[];
  readonly look: () => Promise<Pick<DeletionPreview, 'tags' | 'manifests' | 'stays' | 'more'>>;
}

async function namedTag(ports: BinPorts, key: RepositoryKey, name: Tag): Promise<Named | undefined> {
  const tag = (await readStored(ports.documents, tagDocumentSchema, tagRef(key, name)))?.document;
  if (tag === undefined) return undefined;
  const stays = [{ digest: tag.digest, why: 'tag-alone' as const }];
  return {
    questions: [{ operation: 'delete', key, tag }],
    look: () => Promise.resolve({ tags: [name], manifests: [], stays, more: false }),
  };
}

async function namedManifest(ports: BinPorts, key: RepositoryKey, digest: Digest): Promise<Named | undefined> {
  const [manifest, { tags, refused: late }] = await Promise.all([
    readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)),
    lookAtTags(ports, key, digest),
  ]);
  if (manifest === undefined) return undefined;
  const names = tags.slice(0, mostShown).map(({ document }) => document.name);
  return {
    questions: questionsOf({ key, asker: undefined }, manifest, [...tags, ...late]),
    async look() {
      const walk = new Walk(ports, key);
      walk.take(manifest.document, 'itself');
      await walk.goOn(manifest.document);
      const { found } = walk;
      return { ...found, tags: [...names, ...found.tags], more: found.more || tags.length > mostShown };
    },
  };
}

/** Reads all tags of a manifest: the first ones for the answer, and of the others those that refuse a deletion. */
async function lookAtTags(ports: BinPorts, key: RepositoryKey, digest: Digest) {
  const [tags, late]: [Stored<TagDocument>[], Stored<TagDocument>[]] = [[], []];
  for await (const tag of everyTagOf(ports, key, digest)) {
    if (tags.length <= mostShown) tags.push(tag);
    else if (!ports.admission.allows({ operation: 'delete', key, tag: tag.document })) late.push(tag);
    if (late.length >= mostBlocks) break;
  }
  return { tags, refused: late };
}

function refused({ admission }: BinPorts, question: Question): { what: string; why: string }[] | undefined {
  const fault = admission.refusal(question);
  if (fault === undefined) return undefined;
  if (fault.is === 'disallowed')
    return [{ what: fault.what, why: `its ${fault.attribute} is false: set it to true first` }];
  return [{ what: question.key.repository, why: 'why' in fault ? fault.why : 'a gate refuses it' }];
}

type Why = DeletionPreview['manifests'][number]['why'];

/** The milliseconds that a walk takes at most: a page waits for it. */
const longestMs = 5_000;

/** A walk from a manifest that goes to those that go along. */
class Walk {
  readonly #key: RepositoryKey;
  readonly #gone: Gone = { manifests: new Set() };
  readonly #ports: Reading;
  readonly #going = new Map<Digest, Why>();
  readonly #stays = new Map<Digest, StaysBy>();
  readonly #tags: Tag[] = [];
  readonly #clock: BinPorts['clock'];
  readonly #until: number;
  #more = false;

  constructor(ports: BinPorts, key: RepositoryKey) {
    this.#key = key;
    this.#ports = { ...ports, documents: asIfGone(ports.documents, key, this.#gone) };
    this.#clock = ports.clock;
    this.#until = ports.clock.now().getTime() + longestMs;
  }

  take({ digest }: ManifestDocument, why: Why): void {
    this.#going.set(digest, why);
    this.#gone.manifests.add(digest);
  }

  /**
   * Goes from one that goes to those around it, in the steps of a deletion (`reconcileRecycled`) and in their order, and
   * again as long as that finds any: whatever goes may have been what kept another.
   */
  async goOn(from: ManifestDocument): Promise<void> {
    for (let changed = true; changed && !this.#isLong();) {
      changed = await this.#signatures(from);
      changed = (await this.#around(from)) || changed;
    }
  }

  async #signatures(from: ManifestDocument): Promise<boolean> {
    let changed = false;
    for (const digest of await signaturesOf(this.#ports, this.#key, from.digest)) {
      if (this.#going.has(digest) || this.#isLong()) continue;
      changed = (await this.#named(from, digest, 'tag-signature')) || changed;
    }
    return changed;
  }

  /** Takes what tags name manifests by that go, with these tags. */
  async #named(from: ManifestDocument, digest: Digest, why: Why): Promise<boolean> {
    const along = await signatureGoing(this.#ports, this.#key, from.digest, digest);
    if ('because' in along) {
      if (along.because !== 'gone') this.#stays.set(digest, along.because);
      return false;
    }
    this.#tags.push(...along.tags.map(({ document }) => document.name));
    this.take(along.manifest.document, why);
    await this.goOn(along.manifest.document);
    return true;
  }

  async #around(from: ManifestDocument): Promise<boolean> {
    const around = await aroundOf(this.#ports, this.#key, from);
    this.#more ||= around.more;
    let changed = false;
    for (const some of inBatches([...around.digests.keys()], manifestsAtOnce)) {
      if (this.#isLong()) break;
      const left = some.filter((digest) => !this.#going.has(digest));
      if (left.length === 0) continue;
      const { going, stays } = await goingAlong(this.#ports, this.#key, left);
      for (const [digest, why] of stays) this.#stays.set(digest, why);
      changed = (await this.#tagged(from, around.digests, stays)) || changed;
      if (going.length === 0) continue;
      const taken = going.map(({ document }) => document);
      for (const document of taken) this.take(document, around.digests.get(document.digest) ?? 'child');
      const lonely = await withoutNeighbours(this.#ports, this.#key, taken);
      for (const document of taken) if (!lonely.has(document.digest)) await this.goOn(document);
      changed = true;
    }
    return changed;
  }

  /** Takes referrers that tags alone keep, if all of these name manifests that go. */
  async #tagged(
    from: ManifestDocument,
    around: ReadonlyMap<Digest, Why>,
    stays: ReadonlyMap<Digest, StaysBy>,
  ): Promise<boolean> {
    let changed = false;
    for (const [digest, why] of stays)
      if (why === 'tag' && around.get(digest) === 'referrer' && !this.#going.has(digest) && !this.#isLong())
        changed = (await this.#named(from, digest, 'referrer')) || changed;
    return changed;
  }

  #isLong(): boolean {
    const isLong =
      this.#going.size + this.#stays.size >= 2 * mostShown ||
      this.#going.size >= mostShown ||
      this.#clock.now().getTime() >= this.#until;
    this.#more ||= isLong;
    return isLong;
  }

  get found(): Pick<DeletionPreview, 'tags' | 'manifests' | 'stays' | 'more'> {
    const stays = [...this.#stays].filter(([digest]) => !this.#going.has(digest));
    return {
      tags: this.#tags,
      manifests: [...this.#going].map(([digest, why]) => ({ digest, why })),
      stays: stays.slice(0, mostShown).map(([digest, why]) => ({ digest, why })),
      more: this.#more || stays.length > mostShown,
    };
  }
}

type Reading = Pick<BinPorts, 'admission'> & { readonly documents: ReturnType<typeof asIfGone> };

async function signaturesOf({ documents }: Reading, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const tags = await tagsAbout(documents, key, digest);
  return [...new Set(tags.map((tag) => tag.digest))].slice(0, mostShown);
}

/** Returns the children and the referrers of a manifest. */
async function aroundOf({ documents }: Reading, key: RepositoryKey, from: ManifestDocument) {
  const where = [
    { path: 'type', is: '=' as const, value: 'referrer' },
    { path: 'subject', is: '=' as const, value: from.digest },
  ];
  const query = { container: 'repositories' as const, partition: partitionOf(key), where, limit: 100 };
  const edges = await firstOf(mostShown + 1, storedOf(documents, query, referrerDocumentSchema));
  return {
    digests: new Map<Digest, Why>([
      ...childrenOf(from).map((digest) => [digest, 'child'] as const),
      ...edges.slice(0, mostShown).map(({ document }) => [document.digest, 'referrer'] as const),
    ]),
    more: edges.length > mostShown,
  };
}
