import type { Blobs } from '../../shared/core/ports/blobs.ts';
import type { Documents } from '../../shared/core/ports/documents.ts';
import type { SendMessage } from '../../shared/core/ports/queues.ts';
import { everywhere, regionsOf } from '../../shared/core/regions/storage.ts';

/** Returns what features need of regions where there is one. */
export function oneRegion(
  { documents, blobs, queues }: { readonly documents: Documents; readonly blobs: Blobs; readonly queues: SendMessage },
  name = 'home',
) {
  const regions = regionsOf([{ name, blobs, queues, probe: () => Promise.resolve() }]);
  return { nearby: documents, regions, replication: { hastenCopy: () => undefined }, contents: everywhere(regions) };
}
