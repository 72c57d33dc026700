import { oneByOne, readable } from '../../core/documents/alone.ts';
import { removing } from '../../core/documents/changes.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { settleImage } from './complete.ts';
import type { Replicated } from './documents.ts';
import { copySchema, replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';

const [imagesAtOnce, copiesAtOnce] = [50, 100];

/**
 * Checks images of this region that wait once more, which a crash, or a full list of images at a copy, has left
 * unchecked.
 */
export async function settleQueued(ports: ReplicationPorts): Promise<number> {
  let settled = 0;
  await oneByOne(
    ports.log,
    'settling an image that waits',
    await queuedImages(ports),
    ({ document }) => document.id,
    async ({ document: { registry, repository, digest, region } }) => {
      if ((await settleImage(ports, { registry, repository }, digest, region)) !== 'queued') settled += 1;
    },
  );
  return settled;
}

/**
 * Forgets what images wait for in this region, which is no replica, or will be none: also what was planned while it was
 * being removed. A blob that is being copied because another region is emptied has no image that waits; one that has
 * both is planned again by the emptying.
 */
export async function forgetQueued(ports: ReplicationPorts): Promise<void> {
  const { documents, regions } = ports;
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
    const { document } = found;
    if (document.images.length > 0) await documents.commitDocuments('blobs', [document.digest], [removing(found)]);
  }
}

async function queuedImages({ documents, regions, log }: ReplicationPorts): Promise<Stored<Replicated>[]> {
  const page = await documents.queryDocuments({
    container: 'repositories',
    where: [
      { path: 'type', is: '=', value: 'replicated' },
      { path: 'region', is: '=', value: regions.here },
      { path: 'state', is: '=', value: 'queued' },
    ],
    orderBy: { path: 'queuedAt', direction: 'asc' },
    limit: imagesAtOnce,
  });
  return readable(log, replicatedSchema, page.documents, { container: 'repositories' });
}
