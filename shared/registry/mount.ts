import type { Digest } from '../oci/digest.ts';
import type { Caller } from '../ports/authorize.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitDocuments, QueryDocuments, ReadDocument } from '../ports/documents.ts';
import { linkDocumentSchema } from '../state/blob.ts';
import type { LinkDocument } from '../state/blob.ts';
import type { RepositoryKey } from '../state/names.ts';
import { parseStored } from '../state/stored.ts';
import { findLink, linkChange } from './links.ts';

interface MountPorts {
  readonly documents: ReadDocument & QueryDocuments & CommitDocuments;
  readonly clock: Clock;
}

/** Gives `to` the link that `from` has. `false` when `from` has none: then the client uploads (distribution-spec, "Mounting"). */
export async function mountBlob(ports: MountPorts, from: RepositoryKey, to: RepositoryKey, digest: Digest): Promise<boolean> {
  const link = await findLink(ports.documents, from, digest);
  if (link === undefined) return false;
  return linkAs(ports, to, link);
}

/** A layer that everyone has is linked thousands of times. These many are looked at; who may read none of them uploads. */
const linksLookedAt = 100;

/**
 * A mount that names no source: any repository will do whose blobs the caller may pull. Links to one digest share a partition, so this
 * is one query. Says nothing about repositories that the caller may not see: without one it is as if nobody had the blob.
 */
export async function mountFromAnywhere(ports: MountPorts, to: RepositoryKey, digest: Digest, caller: Caller): Promise<boolean> {
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
  const links = page.documents.map((found) => parseStored(linkDocumentSchema, found, { container: 'blobs', partition }).document);
  const readable = links.find(({ repository }) => caller.may({ type: 'repository', name: repository, action: 'pull' }));
  return readable === undefined ? false : linkAs(ports, to, readable);
}

async function linkAs(ports: MountPorts, to: RepositoryKey, link: LinkDocument): Promise<true> {
  await ports.documents.commitDocuments('blobs', [link.digest], [linkChange(to, link, ports.clock.now())]);
  return true;
}
