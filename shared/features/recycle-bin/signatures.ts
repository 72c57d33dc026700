import { aboutIn, aboutName, tagsAbout } from '../../core/documents/about.ts';
import { inBatches } from '../../core/documents/batches.ts';
import type { BinnedDocument } from '../../core/documents/bin.ts';
import { binnedDocumentSchema, binnedRef, binnedTagSchema } from '../../core/documents/bin.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { storedWhere } from '../../core/documents/in-repository.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { deleteEvents } from '../../core/events/delete-events.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import { questionsOf } from './deletion.ts';
import type { StaysBy } from './kept.ts';
import { keeperOf, staysBehind, wasOrdered } from './kept.ts';
import { moveInto, tagsAtOnce } from './move.ts';
import type { GoesOn, ReconcilingPorts } from './ports.ts';
import { restoreTagsOf, restoreWithoutTags } from './restore.ts';
import { firstTagsOf } from './tags-of.ts';

const signaturesAtOnce = 8;

/**
 * Recycles along with a manifest what its tags' names say is about it, as its referrers are: signatures, attestations,
 * the index of the referrers' tag schema. Returns whether anything was recycled.
 */
export async function recycleSignatures(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  from: BinnedDocument,
  cause: Cause,
  goesOn: GoesOn,
): Promise<boolean> {
  const digests = [...new Set((await tagsAbout(ports.documents, key, from.digest)).map((tag) => tag.digest))];
  return recycleNamed(ports, key, from, digests, cause, goesOn);
}

/**
 * Recycles along with a manifest those of these that nothing keeps, with their tags, all of which name manifests that
 * are deleted. Returns whether anything was recycled.
 */
export async function recycleNamed(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  from: BinnedDocument,
  digests: readonly Digest[],
  cause: Cause,
  goesOn: GoesOn,
): Promise<boolean> {
  return inGroups(digests, goesOn, (digest) => recycleSignature(ports, key, from, digest, cause));
}

/**
 * Works on several at once and renews the mark in between, for anybody may push any number of tags about an image.
 * Returns whether any of them changed something.
 */
async function inGroups<T>(all: readonly T[], goesOn: GoesOn, work: (one: T) => Promise<boolean>): Promise<boolean> {
  let changed = false;
  for (const [at, some] of inBatches(all, signaturesAtOnce).entries()) {
    if (at > 0) await goesOn();
    const outcomes = await Promise.all(some.map(work));
    changed ||= outcomes.includes(true);
  }
  return changed;
}

async function recycleSignature(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  from: BinnedDocument,
  digest: Digest,
  cause: Cause,
): Promise<boolean> {
  const taking = { ...from.recycled, recycledAt: ports.clock.now().toISOString(), dueAt: from.dueAt };
  const taken = await untilUncontended(`${key.repository}@${digest}`, async () => {
    const along = await signatureGoing(ports, key, from.digest, digest);
    if ('because' in along) return 'stays';
    const { manifest, tags } = along;
    return moveInto(
      ports,
      { key, taking, cause, makeEvents: deleteEvents(ports, key, cause) },
      { manifests: [{ ...manifest, asked: false }], tags: tags.map((tag) => ({ ...tag, asked: false })) },
    );
  });
  if (taken === 'stays') return false;
  await publishCommitted(ports, key, taken);
  await ports.reconcile(key, digest, cause);
  return true;
}

/**
 * Decides whether what tags' names say is about a manifest goes along with that manifest, and with which tags: this is
 * the rule, for deletions and for who asks what one would take.
 */
export async function signatureGoing(
  ports: Pick<ReconcilingPorts, 'admission'> & { readonly documents: ReadDocument & QueryDocuments },
  key: RepositoryKey,
  subject: Digest,
  digest: Digest,
): Promise<
  | { readonly manifest: Stored<ManifestDocument>; readonly tags: readonly Stored<TagDocument>[] }
  | { readonly because: StaysBy | 'gone' }
> {
  const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (manifest === undefined) return { because: 'gone' };
  if ((await ports.documents.readDocument(manifestRef(key, subject))) !== undefined) return { because: 'subject' };
  const { tags, more } = await firstTagsOf(ports, key, digest, tagsAtOnce);
  if (more) return { because: 'tag' };
  const kept = await Promise.all(tags.map(({ document: { name } }) => keeps(ports.documents, key, name, subject)));
  if (kept.includes(true)) return { because: 'tag' };
  if (!questionsOf({ key }, manifest, tags).every((question) => ports.admission.allows(question)))
    return { because: 'locked' };
  const keeper = await keeperOf(ports, key, manifest.document);
  return keeper === undefined || keeper === 'tag' ? { manifest, tags } : { because: keeper };
}

/**
 * Returns whether a tag keeps its manifest while `subject` goes: one of its own does, and one about another manifest
 * does unless that lies in the recycle bin. What was never here may come yet.
 */
async function keeps(documents: ReadDocument, key: RepositoryKey, tag: Tag, subject: Digest): Promise<boolean> {
  const about = aboutIn(tag);
  if (about === aboutName(subject)) return false;
  // A tag names half of a sha512, which is no digest to read by.
  const other = about === undefined ? undefined : parseDigest(about.replace('-', ':'));
  if (other === undefined) return true;
  const [live, binned] = await Promise.all(
    [manifestRef(key, other), binnedRef(key, other)].map((ref) => documents.readDocument(ref)),
  );
  return live !== undefined || binned === undefined;
}

/**
 * Restores what was recycled along so, with its tags, unless it stays behind. Returns whether anything was restored.
 */
export async function restoreSignatures(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  cause: Cause,
  goesOn: GoesOn,
): Promise<boolean> {
  const tags = await storedWhere(
    ports,
    key,
    [
      { path: 'type', is: '=', value: 'binned-tag' },
      { path: 'about', is: '=', value: aboutName(manifest.digest) },
    ],
    binnedTagSchema,
  );
  // A tag that a user deleted by name stays, and so does a referrer's, which is restored with the referrer.
  const along = tags.filter(
    ({ document: { name, recycled } }) =>
      !recycled.asked && aboutIn(name) !== undefined && !staysBehind({ recycled }, manifest),
  );
  const byManifest = [
    ...Map.groupBy(along, ({ document: { digest, recycled } }) => `${digest} ${recycled.group}`).values(),
  ];
  return inGroups(byManifest, goesOn, async ([first]) => {
    if (first === undefined) return false;
    const { digest, recycled } = first.document;
    const binned = await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest));
    // If a user deleted the signature by its digest, its tags were recycled along with it, and not with the image.
    if (binned !== undefined && (wasOrdered(binned.document) || staysBehind(binned.document, manifest))) return false;
    const itself = await restoreWithoutTags(ports, key, digest, cause);
    return (await restoreTagsOf(ports, key, digest, recycled.group, cause)) || itself;
  });
}
