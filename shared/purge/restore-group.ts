import type { Cause } from '../events/envelope.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/name.ts';
import type { RepositoryKey } from '../state/names.ts';
import type { StorePorts } from './ports.ts';
import { manifestsOfGroup, tagsOfGroup } from './purge.ts';
import { restoreManifest, restoreTag } from './restore.ts';

export interface RestoredGroup {
  readonly manifests: Digest[];
  readonly tags: Tag[];
  /** Tags that stay in the bin: their names have other manifests by now. */
  readonly taken: Tag[];
}

/** Brings back all that went in one deletion, also one that a crash interrupted. Throws as `restoreManifest`. */
export async function restoreGroup(ports: StorePorts, key: RepositoryKey, group: string, cause: Cause): Promise<RestoredGroup> {
  const [manifests, tags] = await Promise.all([manifestsOfGroup(ports, key, group), tagsOfGroup(ports, key, group)]);
  const taken: Tag[] = [];
  for (const { document } of manifests) await restoreManifest(ports, key, document.digest, cause);
  for (const { document: { digest, name } } of tags) if ((await restoreTag(ports, key, digest, name, cause)) === 'taken') taken.push(name);
  return { manifests: manifests.map(({ document }) => document.digest), tags: tags.map(({ document }) => document.name).filter((name) => !taken.includes(name)), taken };
}
