import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * Deletes a manifest with all its tags, or, named by a tag, that tag alone (distribution-spec, "Deleting tags"): into
 * the recycle bin, or for good if soft delete is off. Throws `RegistryError`: `manifest-unknown`, `disallowed`,
 * `contended`; `conflict` if the tag does not point at `onlyIfAt`.
 */
export async function deleteManifest(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  by: RecycledBy,
  onlyIfAt?: Digest,
): Promise<void> {
  if (!isDigest(reference)) return deleteTag(ports, key, reference, by, onlyIfAt);
  await ports.entries.requireAllowed({ operation: 'delete', key, asker: by.asker });
  await ports.bin.recycleManifest(key, reference, by);
}

/** Deletes a tag; its manifest stays. Throws as `deleteManifest` does, and `RegistryError` (`conflict`). */
async function deleteTag(
  ports: RegistryPorts,
  key: RepositoryKey,
  tag: Tag,
  by: RecycledBy,
  onlyIfAt: Digest | undefined,
): Promise<void> {
  await ports.entries.requireAllowed({ operation: 'delete', key, asker: by.asker });
  if (!(await ports.bin.recycleTag(key, tag, by, onlyIfAt)))
    throw new RegistryError({ is: 'manifest-unknown', reference: tag });
}
