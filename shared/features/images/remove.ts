import { binnedDocumentSchema, binnedRef, binnedTagId, binnedTagSchema } from '../../core/documents/bin.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown, RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { ImageViewPorts } from './ports.ts';

/** An image that a request names; `digest` is the one that the caller has seen its tag point at. */
interface Named {
  readonly key: RepositoryKey;
  readonly reference: Tag | Digest;
  readonly digest?: Digest | undefined;
}

/**
 * Deletes a tag alone or a manifest with all that goes along, as the distribution API does. Asked again by the same
 * caller, it answers the deletion that it has made: an answer may have been lost. Throws `RegistryError`
 * (`thing-unknown`, `conflict`, `disallowed`, `contended`), `StoreFailure`.
 */
export async function removeImage(ports: ImageViewPorts, named: Named, by: { cause: Cause; asker: Asker }) {
  const { key, reference } = named;
  requireOneDigest(named);
  const group = ports.ids.nextId();
  const { digest, isNew } = await untilUncontended(`${key.repository}:${reference}`, () =>
    tryToDelete(ports, named, { ...by, group }),
  );
  const found = await entryOf(ports, key, reference, digest);
  const isOwn =
    found !== undefined &&
    (found.recycled.group === group || (!isNew && found.recycled.by.actor === by.cause.actor.name));
  if (!isNew && !isOwn) throw imageUnknown(key.repository, reference);
  return {
    repository: key.repository,
    reference,
    digest,
    ...(isOwn ? { group: found.recycled.group, purgedAt: found.dueAt } : {}),
  };
}

function requireOneDigest({ reference, digest }: Named): void {
  if (!isDigest(reference) || digest === undefined || digest === reference) return;
  throw new RegistryError({
    is: 'request-invalid',
    code: 'invalidParameter',
    why: '"reference" and "digest" are two digests: leave "digest" out, or name the tag that points at it as "reference"',
  });
}

/**
 * Deletes it. `isNew` is false if there is nothing of this name to delete; `undefined` if its tag has moved since it was
 * read here, and the caller has not said from where.
 */
async function tryToDelete(
  { documents, deleteImages }: ImageViewPorts,
  { key, reference, digest: seen }: Named,
  by: { cause: Cause; asker: Asker; group: string },
): Promise<{ digest: Digest; isNew: boolean } | undefined> {
  const digest = isDigest(reference)
    ? reference
    : (seen ?? (await readStored(documents, tagDocumentSchema, tagRef(key, reference)))?.document.digest);
  if (digest === undefined) throw imageUnknown(key.repository, reference);
  try {
    await deleteImages.deleteImage(key, reference, by, digest);
    return { digest, isNew: true };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.fault.is === 'manifest-unknown') return { digest, isNew: false };
    if (error.fault.is === 'conflict' && seen === undefined) return undefined;
    throw error;
  }
}

/** Finds what was deleted in the recycle bin, if a request named it: what went along, or by a policy, is none. */
async function entryOf({ documents }: ImageViewPorts, key: RepositoryKey, reference: Tag | Digest, digest: Digest) {
  const found = isDigest(reference)
    ? await readStored(documents, binnedDocumentSchema, binnedRef(key, digest))
    : await readStored(documents, binnedTagSchema, { ...binnedRef(key, digest), id: binnedTagId(digest, reference) });
  const { asked = false, by } = found?.document.recycled ?? {};
  return asked && by?.rule === undefined ? found?.document : undefined;
}
