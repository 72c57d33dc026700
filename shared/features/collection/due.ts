import { blobCheckSchema, collectedSchema, linkCheckSchema } from '../../core/documents/blob.ts';
import { duty } from '../../core/documents/due.ts';
import type { DueRun, DueWork } from '../../core/documents/due-work.ts';
import { runDue } from '../../core/documents/due-work.ts';
import { inNameOf } from '../../core/events/source.ts';
import { checkBlob, checkLink, deleteBytes } from './collect.ts';
import type { CollectionPorts } from './ports.ts';

const work: DueWork<CollectionPorts> = {
  name: 'collection-collect',
  duties: {
    'link-check': duty('blobs', linkCheckSchema, checkLink),
    'blob-check': duty('blobs', blobCheckSchema, checkBlob),
    collected: duty('blobs', collectedSchema, (ports, { document }) => deleteBytes(ports, document)),
  },
  kinds: ({ settings }) => [
    { container: 'blobs', where: [{ path: 'type', is: 'in', values: ['link-check', 'blob-check'] }] },
    // The bytes of another region are that region's to delete.
    {
      container: 'blobs',
      where: [
        { path: 'type', is: '=', value: 'collected' },
        { path: 'region', is: '=', value: settings.region },
      ],
    },
  ],
  portsFor: inNameOf,
};

/** Drops links and blobs that are due, and deletes bytes. Ends when nothing is due, or at `until`. */
export function collectDue(ports: CollectionPorts, until: Date): Promise<DueRun> {
  return runDue(ports, work, until);
}
