import { allows } from '../../core/documents/attributes.ts';
import { linkDocumentSchema } from '../../core/documents/blob.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { guardedRepository } from '../../core/documents/repository.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Caller } from '../../core/ports/authorize.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';
import type { RepositoryEntries } from './entries.ts';
import type { LinkPorts } from './links.ts';
import { findLink, isYoung, linkStored } from './links.ts';

type MountPorts = LinkPorts & { readonly documents: QueryDocuments; readonly entries: Pick<RepositoryEntries, 'find'> };

/**
 * Gives `to` the link that `from` has. `false` when `from` has none or its attributes let nobody read it, or the blob
 * has just gone: then the client uploads (distribution-spec, "Mounting").
 */
export async function mountBlob(
  ports: MountPorts,
  from: RepositoryKey,
  to: RepositoryKey,
  digest: Digest,
): Promise<boolean> {
  const [link, own, readable] = await Promise.all([
    findLink(ports, from, digest),
    findLink(ports, to, digest),
    isReadable(ports, from),
  ]);
  if (link === undefined || !readable) return false;
  return (own !== undefined && isYoung(ports, own)) || linkStored(ports, to, link);
}

/** A mount reads what it mounts: what a pull is refused for, a mount is too. */
async function isReadable({ entries }: MountPorts, key: RepositoryKey): Promise<boolean> {
  return allows('read', [guardedRepository((await entries.find(key))?.document)]);
}

/**
 * A layer that everyone has is linked thousands of times. These many are looked at; who may read none of them uploads.
 */
const linksLookedAt = 100;

/**
 * A mount that names no source: any repository will do whose blobs the caller may pull. Links to one digest share a
 * partition, so this is one query, and a look at the attributes of the first that fits. Says nothing about repositories
 * that the caller may not see: without one it is as if nobody had the blob.
 */
export async function mountFromAnywhere(
  ports: MountPorts,
  to: RepositoryKey,
  digest: Digest,
  caller: Caller,
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
    if (droppedAt !== undefined || !caller.may({ type: 'repository', name: repository, action: 'pull' })) continue;
    if (await isReadable(ports, { registry, repository })) return linkStored(ports, to, link);
  }
  return false;
}
