import { inBatches } from '../../core/documents/batches.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Recycling, Wanted } from '../../core/documents/recycling.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { waitAWhile } from './after.ts';
import type { Deletion } from './deletion.ts';
import { beginDeletion, questionsOf, withGone } from './deletion.ts';
import { keeperOf } from './kept.ts';
import { moveInto, tagsAtOnce } from './move.ts';
import type { BinPorts } from './ports.ts';
import { purgeGroup } from './purge.ts';
import { reconcile } from './reconcile.ts';
import { everyTagOf, firstTagsOf } from './tags-of.ts';

/**
 * Recycles what a policy names, step by step. Rules to keep and locks win, and what has changed since the policy judged
 * it is judged again: a push in between keeps. Throws `RegistryError` (`contended`; `disallowed` by the repository's
 * attributes), `StoreFailure`.
 */
export async function recycle(ports: BinPorts, key: RepositoryKey, wanted: Wanted, by: RecycledBy): Promise<Recycling> {
  const entry = await readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key));
  ports.admission.require({ operation: 'delete', key, repository: entry?.document, asker: by.asker });
  const deletion = await beginDeletion(ports, key, by);
  const [manifests, tags, stayed]: [Digest[], Tag[], Recycling['stayed'][number][]] = [[], [], []];
  // The tags of other manifests are first: a manifest that such a tag alone keeps is recycled along with an index that
  // is.
  if (wanted.manifests.length > 0) tags.push(...(await recycleTagsElsewhere(ports, deletion, wanted)));
  for (const digest of wanted.manifests) {
    const taken = await untilUncontended(`${key.repository}@${digest}`, () =>
      tryRecycleUnkept(ports, deletion, digest, wanted),
    );
    if ('because' in taken) stayed.push({ what: digest, because: taken.because });
    else manifests.push(digest);
    if ('tags' in taken) tags.push(...taken.tags);
  }
  for (const tag of wanted.tags.filter((each) => !tags.includes(each))) {
    const because = await takeTag(ports, deletion, tag, wanted);
    if (because === undefined) tags.push(tag);
    else stayed.push({ what: tag, because });
  }
  await purgeUnlessKept(ports, deletion);
  return { group: deletion.taking.group, manifests, tags, stayed };
}

/** Recycles the tags that point at none of the named manifests. Locked and deleted ones are reported later. */
async function recycleTagsElsewhere(ports: BinPorts, deletion: Deletion, wanted: Wanted): Promise<Tag[]> {
  const taken: Tag[] = [];
  for (const tag of wanted.tags) {
    const found = await readStored(ports.documents, tagDocumentSchema, tagRef(deletion.key, tag));
    if (found === undefined || wanted.manifests.includes(found.document.digest)) continue;
    if ((await takeTag(ports, deletion, tag, wanted)) === undefined) taken.push(tag);
  }
  return taken;
}

/** Recycles a manifest that a request named. Throws `RegistryError`: `manifest-unknown`, `disallowed`, `contended`. */
export async function recycleManifest(
  ports: BinPorts,
  key: RepositoryKey,
  digest: Digest,
  by: RecycledBy,
): Promise<void> {
  const deletion = await beginDeletion(ports, key, by);
  const went: Went = { tags: 0, isChecked: false };
  try {
    for (let gone = false; !gone;)
      gone = await untilUncontended(`${key.repository}@${digest}`, () => tryRecycle(ports, deletion, digest, went));
  } catch (error) {
    throw withGone(error, deletion, { tags: went.tags, manifests: 0 });
  }
  const after = async () => {
    await reconcile(ports, key, digest, by.cause);
    await purgeUnlessKept(ports, deletion);
  };
  await waitAWhile(ports, `the surroundings of ${key.repository}@${digest}`, after());
}

/**
 * Recycles a tag that a request named; `false` if there is none. `onlyIfAt` is the digest that it must point at, for
 * somebody who has seen what the deletion takes. Throws `RegistryError`: `disallowed`, `conflict`, `contended`.
 */
export async function recycleTag(
  ports: BinPorts,
  key: RepositoryKey,
  tag: Tag,
  by: RecycledBy,
  onlyIfAt?: Digest,
): Promise<boolean> {
  const deletion = await beginDeletion(ports, key, by);
  const because = await takeTag(ports, deletion, tag, { onlyIfAt });
  if (because === undefined) await purgeUnlessKept(ports, deletion);
  return because === undefined;
}

/** The progress of a deletion that takes several transactions. */
interface Went {
  tags: number;
  /** Says whether the gates were asked about all tags. */
  isChecked: boolean;
}

/**
 * Makes one step. Returns `true` if the manifest was recycled, `false` if more of its tags must be recycled first,
 * `undefined` if somebody wrote in between.
 */
async function tryRecycle(
  ports: BinPorts,
  deletion: Deletion,
  digest: Digest,
  went: Went,
): Promise<boolean | undefined> {
  const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(deletion.key, digest));
  if (manifest === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: digest });
  const { tags, more } = await firstTagsOf(ports, deletion.key, digest, tagsAtOnce * batchesAtOnce);
  for (const question of questionsOf(deletion, manifest, tags)) ports.admission.require(question);
  if (more && !went.isChecked) await requireEveryTag(ports, deletion, digest);
  went.isChecked = true;
  // With more tags than one batch holds the manifest is recycled last, so that a crash in between leaves no tag without
  // one.
  if (more || tags.length > tagsAtOnce) return (await takeTagsOf(ports, deletion, tags, went)) ? false : undefined;
  const events = await moveInto(ports, deletion, {
    manifests: [{ ...manifest, asked: true }],
    tags: tags.map((tag) => ({ ...tag, asked: false })),
  });
  if (events === undefined) return undefined;
  await publishCommitted(ports, deletion.key, events);
  return true;
}

/**
 * Asks the gates about every tag before the first one goes: a lock on a late one would stop the deletion halfway. Throws
 * `RegistryError` (`disallowed`).
 */
async function requireEveryTag(ports: BinPorts, { key, asker }: Deletion, digest: Digest): Promise<void> {
  for await (const { document: tag } of everyTagOf(ports, key, digest))
    ports.admission.require({ operation: 'delete', key, asker, tag });
}

/** The batches that run side by side: the request waits for them, and an image may have thousands of tags. */
const batchesAtOnce = 4;

/** Recycles several batches side by side. `false` if a tag of any of them was written since it was read. */
async function takeTagsOf(
  ports: BinPorts,
  deletion: Deletion,
  tags: readonly Stored<TagDocument>[],
  went: Went,
): Promise<boolean> {
  const moved = await Promise.all(
    inBatches(tags, tagsAtOnce).map(async (some) => {
      const events = await moveInto(ports, deletion, {
        manifests: [],
        tags: some.map((tag) => ({ ...tag, asked: false })),
      });
      if (events === undefined) return false;
      went.tags += some.length;
      await publishCommitted(ports, deletion.key, events);
      return true;
    }),
  );
  return !moved.includes(false);
}

interface Taken {
  readonly tags: readonly Tag[];
}

async function tryRecycleUnkept(
  ports: BinPorts,
  deletion: Deletion,
  digest: Digest,
  { tags: mayGo, isAsJudged }: Wanted,
): Promise<Taken | { readonly because: Recycling['stayed'][number]['because'] } | undefined> {
  const { key } = deletion;
  const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (manifest === undefined) return { because: 'gone' };
  const { tags, more } = await firstTagsOf(ports, key, digest, tagsAtOnce);
  if (more || tags.some(({ document }) => !mayGo.includes(document.name))) return { because: 'tag' };
  if (![manifest, ...tags].every(({ document }) => isAsJudged(document))) return { because: 'pushed since' };
  if (!questionsOf(deletion, manifest, tags).every((question) => ports.admission.allows(question)))
    return { because: 'locked' };
  const keeper = await keeperOf(ports, key, manifest.document);
  if (keeper !== undefined && keeper !== 'tag') return { because: keeper };
  const events = await moveInto(ports, deletion, {
    manifests: [{ ...manifest, asked: true }],
    tags: tags.map((tag) => ({ ...tag, asked: false })),
  });
  if (events === undefined) return undefined;
  await publishCommitted(ports, key, events);
  await reconcile(ports, key, digest, deletion.cause);
  return { tags: tags.map(({ document }) => document.name) };
}

/**
 * Recycles a tag. Without `isAsJudged` a request named it: it is recycled whatever it points at, and a lock refuses the
 * request.
 */
async function takeTag(
  ports: BinPorts,
  deletion: Deletion,
  tag: Tag,
  { isAsJudged, onlyIfAt }: Partial<Pick<Wanted, 'isAsJudged'>> & { readonly onlyIfAt?: Digest | undefined },
): Promise<'gone' | 'locked' | 'pushed since' | undefined> {
  const { key } = deletion;
  const done = await untilUncontended(`${key.repository}:${tag}`, async () => {
    const found = await readStored(ports.documents, tagDocumentSchema, tagRef(key, tag));
    if (found === undefined) return 'gone';
    if (onlyIfAt !== undefined && found.document.digest !== onlyIfAt) throw hasMoved(found.document, onlyIfAt);
    const question = { operation: 'delete' as const, key, asker: deletion.asker, tag: found.document };
    if (isAsJudged === undefined) ports.admission.require(question);
    else if (!ports.admission.allows(question)) return 'locked';
    if (isAsJudged?.(found.document) === false) return 'pushed since';
    return moveInto(ports, deletion, { manifests: [], tags: [{ ...found, asked: true }] });
  });
  if (typeof done === 'string') return done;
  await publishCommitted(ports, key, done);
  return undefined;
}

function hasMoved({ name, digest }: TagDocument, from: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'tagMoved',
    why:
      `the tag ${name} points at ${digest} by now and not at ${from}, so nothing is deleted: ` +
      'look again at what its deletion takes, and send the digest that it has',
  });
}

/** Purges the deletion at once if soft delete is off. After a failure the timer purges it, for it is due. */
export async function purgeUnlessKept(ports: BinPorts, { key, taking, cause }: Deletion): Promise<void> {
  if (taking.dueAt !== taking.recycledAt) return;
  try {
    await purgeGroup(ports, key, taking.group, cause);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, group: taking.group },
      'a deletion stays in the recycle bin until a timer purges it, because the purge failed',
    );
  }
}
