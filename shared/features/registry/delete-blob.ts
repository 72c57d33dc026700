import { linkCheckChange, linkDocumentSchema, linkRef } from '../../core/documents/blob.ts';
import { replacing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Asker, Caller } from '../../core/ports/authorize.ts';
import type { LinkPorts } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * Answers DELETE on `/v2/<name>/blobs/<digest>`. Throws `RegistryError`: `blob-unknown`, `blob-listed`, `disallowed`,
 * `contended`.
 */
export async function deletedBlob(
  ports: LinkPorts & Pick<RegistryPorts, 'entries'>,
  key: RepositoryKey,
  digest: Digest,
  asker: Asker,
): Promise<Response> {
  await ports.entries.requireAllowed({ operation: 'delete', key, asker });
  await dropLink(ports, key, digest, asker.caller);
  return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
}

/**
 * Drops the repository's link to a blob, unless a manifest of it, live or recycled, lists the blob. A push that relies
 * on the link may be under way, and writes nothing to say so. So the link stays, marked, until all such pushes have
 * ended: until then the blob is unknown to clients, unless a manifest has come to need it.
 */
async function dropLink(ports: LinkPorts, key: RepositoryKey, digest: Digest, caller: Caller): Promise<void> {
  const { documents, clock, settings } = ports;
  await untilUncontended(`link to ${digest}`, async () => {
    // The link is read before the manifests are queried, so that a refresh in between changes its etag.
    const link = await readStored(documents, linkDocumentSchema, linkRef(key, digest));
    if (link === undefined) throw new RegistryError({ is: 'blob-unknown', digest });
    const lister = await ports.bin.listerOf(key, digest);
    if (lister !== undefined) {
      const mayKnow = caller.may({
        type: 'repository',
        name: key.repository,
        action: lister.where === 'live' ? 'pull' : 'deleted_read',
      });
      throw new RegistryError({ is: 'blob-listed', digest, ...defined({ by: mayKnow ? lister : undefined }) });
    }
    if (link.document.droppedAt !== undefined) throw new RegistryError({ is: 'blob-unknown', digest });
    const dueAt = Date.parse(link.document.refreshedAt) + settings.graceMs;
    const outcome = await documents.commitDocuments(
      'blobs',
      [digest],
      [
        replacing(link, { ...link.document, droppedAt: clock.now().toISOString() }),
        linkCheckChange(key, digest, new Date(dueAt)),
      ],
    );
    return outcome.committed || undefined;
  });
}
