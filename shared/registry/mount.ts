import type { Digest } from '../oci/digest.ts';
import type { Caller } from '../ports/authorize.ts';
import type { QueryDocuments } from '../ports/documents.ts';
import { linkDocumentSchema } from '../state/blob.ts';
import type { RepositoryKey } from '../state/names.ts';
import { parseStored } from '../state/stored.ts';
import { findLink, isYoung, linkStored } from './links.ts';
import type { LinkPorts } from './links.ts';

type MountPorts = LinkPorts & { readonly documents: QueryDocuments };

/** Gives `to` the link that `from` has. `false` when `from` has none, or the blob has just gone: then the client uploads (distribution-spec, "Mounting"). */
export async function mountBlob(ports: MountPorts, from: RepositoryKey, to: RepositoryKey, digest: Digest): Promise<boolean> {
  const [link, own] = await Promise.all([findLink(ports.documents, from, digest), findLink(ports.documents, to, digest)]);
  if (link === undefined) return false;
  return (own !== undefined && isYoung(ports, own)) || linkStored(ports, to, link);
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
  return readable === undefined ? false : linkStored(ports, to, readable);
}
