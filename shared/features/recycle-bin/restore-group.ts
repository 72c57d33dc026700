import pLimit from 'p-limit';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { StorePorts } from './ports.ts';
import { manifestsOfGroup, tagsOfGroup } from './purge.ts';
import { reconcilingWith } from './reconcile.ts';
import { restoreTag, restoreWithoutTags } from './restore.ts';
import { restoreTogether } from './restore-together.ts';

export interface RestoredGroup {
  readonly manifests: Digest[];
  readonly tags: Tag[];
  /** Tags that stay in the recycle bin, because their names have other manifests by now. */
  readonly taken: Tag[];
}

const tagsAtOnce = 8;

/**
 * Restores all of one deletion, also of one that a crash interrupted; called again after a crash, it goes on. Throws as
 * `restoreManifest` does.
 */
export async function restoreGroup(
  ports: StorePorts,
  key: RepositoryKey,
  group: string,
  cause: Cause,
): Promise<RestoredGroup> {
  const [manifests, tags] = await Promise.all([manifestsOfGroup(ports, key, group), tagsOfGroup(ports, key, group)]);
  await ports.openRepository(key);
  const reconciling = reconcilingWith(ports);
  await restoreTogether(reconciling, key, manifests, cause, {
    one: (digest) => restoreWithoutTags(reconciling, key, digest, cause),
  });
  const limit = pLimit(tagsAtOnce);
  const outcomes = await Promise.all(
    tags.map(({ document: { digest, name } }) => limit(() => restoreTag(reconciling, key, digest, name, cause))),
  );
  const taken = tags.filter((_, at) => outcomes[at] === 'taken').map(({ document }) => document.name);
  return {
    manifests: manifests.map(({ document }) => document.digest),
    tags: tags.map(({ document }) => document.name).filter((name) => !taken.includes(name)),
    taken,
  };
}
