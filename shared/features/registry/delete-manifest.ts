import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * Deletes a manifest with all its tags, or, named by a tag, that tag alone (distribution-spec, "Deleting tags"): into
 * the bin, or for good where soft delete is off. Throws `RegistryError`: `manifest-unknown`, `disallowed`, `contended`.
 */
export async function deleteManifest(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  cause: Cause,
): Promise<void> {
  if (!isDigest(reference))
    return deleteTag(ports, key, reference, cause, new RegistryError({ is: 'manifest-unknown', reference }));
  await ports.entries.requireAllowed('delete', key);
  await ports.bin.recycleManifest(key, reference, { cause });
}

/**
 * Deletes a tag; its manifest stays. Throws `absent` when there is none, and `RegistryError`: `disallowed`,
 * `contended`.
 */
export async function deleteTag(
  ports: RegistryPorts,
  key: RepositoryKey,
  tag: Tag,
  cause: Cause,
  absent: RegistryError,
): Promise<void> {
  await ports.entries.requireAllowed('delete', key);
  if (!(await ports.bin.recycleTag(key, tag, { cause }))) throw absent;
}
