import type { Admission } from '../../core/admission/admission.ts';
import { linkDocumentSchema } from '../../core/documents/blob.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';
import type { RepositoryEntries } from './entries.ts';
import type { LinkPorts } from './links.ts';
import { findLink, isYoung, linkStored } from './links.ts';

type MountPorts = LinkPorts & {
  readonly admission: Pick<Admission, 'allows'>;
  readonly documents: QueryDocuments;
  readonly entries: Pick<RepositoryEntries, 'find'>;
};

/**
 * Gives `to` the link of `from`. `false` if `from` has none, a gate forbids mounts from it, or the blob has just been
 * collected: then the client uploads (distribution-spec, "Mounting"). `asker` is absent where the registry itself
 * mounts.
 */
export async function mountBlob(
  ports: MountPorts,
  from: RepositoryKey,
  to: RepositoryKey,
  digest: Digest,
  asker?: Asker,
): Promise<boolean> {
  const [link, own, readable] = await Promise.all([
    findLink(ports, from, digest),
    findLink(ports, to, digest),
    mayMount(ports, from, to, asker),
  ]);
  if (link === undefined || !readable) return false;
  return (own !== undefined && isYoung(ports, own)) || linkStored(ports, to, link);
}

/** Returns whether the gates allow a mount. It reads the blob, so what they refuse to a pull they refuse to a mount. */
async function mayMount(
  { admission, entries }: MountPorts,
  key: RepositoryKey,
  into: RepositoryKey,
  asker: Asker | undefined,
): Promise<boolean> {
  const repository = (await entries.find(key))?.document;
  return admission.allows({ operation: 'mount', key, asker, repository, into });
}

/**
 * The most links that are read, for a common layer is linked thousands of times. A caller that may read none of these
 * uploads.
 */
const linksLookedAt = 100;

/**
 * Mounts from any repository whose blobs the caller may pull, for a mount that names no source. Links to one digest
 * share a partition, so it costs one query and a read of the first repository that fits. It reveals nothing about
 * repositories that the caller may not see: without one the blob seems unknown.
 */
export async function mountFromAnywhere(
  ports: MountPorts,
  to: RepositoryKey,
  digest: Digest,
  asker: Asker,
): Promise<boolean> {
  const partition = [digest];
  const page = await ports.documents.queryDocuments({
    container: 'blobs',
    partition,
    where: [
      { path: 'type', is: '=', value: 'link' },
      { path: 'registry', is: '=', value: to.registry },
    ],
    limit: linksLookedAt,
  });
  const links = page.documents.map(
    (found) => parseStored(linkDocumentSchema, found, { container: 'blobs', partition }).document,
  );
  for (const link of links) {
    const { registry, repository, droppedAt } = link;
    if (droppedAt !== undefined || !asker.caller.may({ type: 'repository', name: repository, action: 'pull' }))
      continue;
    if (await mayMount(ports, { registry, repository }, to, asker)) return linkStored(ports, to, link);
  }
  return false;
}
