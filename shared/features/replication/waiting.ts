import { oneByOne, readable } from '../../core/documents/alone.ts';
import { patching, removing } from '../../core/documents/changes.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import { reconcileImage } from './complete.ts';
import type { Copy, Replicated } from './documents.ts';
import { copySchema, replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';

const [imagesAtOnce, copiesAtOnce] = [50, 100];

/**
 * Checks images of this region that wait once more, which a crash, or a full list of images at a copy, has left
 * unchecked.
 */
export async function reconcileQueued(ports: ReplicationPorts): Promise<number> {
  let reconciled = 0;
  await oneByOne(
    ports.log,
    'reconciling an image whose copies wait',
    await queuedImages(ports),
    ({ document }) => document.id,
    async ({ document: { registry, repository, digest, region } }) => {
      if ((await reconcileImage(ports, { registry, repository }, digest, region)) !== 'queued') reconciled += 1;
    },
  );
  return reconciled;
}

/**
 * Forgets what images wait for in this region, which is no replica, or will be none: also what was planned while it was
 * being removed. A blob that is being copied because another region is emptied has no image that waits; one that has
 * both is planned again by the emptying.
 */
export async function forgetQueued(ports: ReplicationPorts): Promise<void> {
  const { documents, registry, regions } = ports;
  for (const found of await queuedImages(ports)) {
    const { document } = found;
    await documents.commitDocuments('repositories', [document.registry, document.repository], [removing(found)]);
  }
  const page = await documents.queryDocuments({
    container: 'blobs',
    where: [
      { path: 'type', is: '=', value: 'copy' },
      { path: 'region', is: '=', value: regions.here },
    ],
    limit: copiesAtOnce,
  });
  for (const found of readable(ports.log, copySchema, page.documents, { container: 'blobs' })) {
    const { digest, images, wantedBy } = found.document;
    const others = images.filter((image) => image.registry !== registry);
    const isWanted = others.length > 0 || wantedBy?.some((each) => each.registry !== registry) === true;
    // A copy that images of another registry wait for must not be deleted by this one.
    if (images.length > others.length)
      await documents.commitDocuments(
        'blobs',
        [digest],
        [isWanted ? withoutRegistry(found, registry) : removing(found)],
      );
  }
}

function withoutRegistry(found: Stored<Copy>, registry: RegistryName): DocumentChange {
  const { images, wantedBy = [] } = found.document;
  return patching(found, {
    images: images.filter((image) => image.registry !== registry),
    wantedBy: wantedBy.filter((each) => each.registry !== registry),
  });
}

async function queuedImages({ documents, registry, regions, log }: ReplicationPorts): Promise<Stored<Replicated>[]> {
  const page = await documents.queryDocuments({
    container: 'repositories',
    where: [
      { path: 'type', is: '=', value: 'replicated' },
      { path: 'registry', is: '=', value: registry },
      { path: 'region', is: '=', value: regions.here },
      { path: 'state', is: '=', value: 'queued' },
    ],
    orderBy: { path: 'queuedAt', direction: 'asc' },
    limit: imagesAtOnce,
  });
  return readable(log, replicatedSchema, page.documents, { container: 'repositories' });
}
