import { binnedDocumentSchema, binnedTagSchema } from '../../core/documents/bin.ts';
import type { Duty } from '../../core/documents/due.ts';
import { duty } from '../../core/documents/due.ts';
import type { DueRun, DueWork } from '../../core/documents/due-work.ts';
import { runDue, runDueOnce } from '../../core/documents/due-work.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { causeOfBackground } from '../../core/events/background.ts';
import { inNameOf } from '../../core/events/source.ts';
import { reconcileMarkSchema, spentContentSchema } from './documents.ts';
import type { BinPorts } from './ports.ts';
import { purgeManifest, purgeTag } from './purge.ts';
import { reconcile } from './reconcile.ts';

/** The duties by document type, in the order of the work: a manifest is purged with its tags. */
const duties: Readonly<Record<string, Duty<BinPorts, unknown>>> = {
  unsettled: duty('repositories', reconcileMarkSchema, (ports, { document }) =>
    reconcile(ports, document, document.digest),
  ),
  binned: duty('repositories', binnedDocumentSchema, (ports, { document }) =>
    purgeManifest(ports, document, document.digest, causeOfBackground(ports, document.recycled.by.actor)),
  ),
  'binned-tag': duty('repositories', binnedTagSchema, (ports, due) =>
    purgeTag(ports, due.document, due, causeOfBackground(ports, due.document.recycled.by.actor)),
  ),
  'spent-content': duty('repositories', spentContentSchema, async (ports, { document }) => {
    await ports.contents.deleteBlob(document.blob);
    await ports.documents.commitDocuments('repositories', partitionOf(document), [{ do: 'delete', id: document.id }]);
  }),
};

const work: DueWork<BinPorts> = {
  name: 'recycle-bin-purge',
  duties,
  kinds: () => [{ container: 'repositories', where: [{ path: 'type', is: 'in', values: Object.keys(duties) }] }],
  portsFor: inNameOf,
};

/** Purges what is due, and finishes what crashes left. Ends when nothing is due, or at `until`. */
export function purgeDue(ports: BinPorts, until: Date): Promise<DueRun> {
  return runDue(ports, work, until);
}

/** Reconciles what a process that has ended began. Costs one query when there is nothing. Ends at `until`. */
export function reconcileDue(ports: BinPorts, until: Date): Promise<number> {
  return runDueOnce(
    ports,
    {
      ...work,
      name: 'recycle-bin-reconcile',
      kinds: () => [{ container: 'repositories', where: [{ path: 'type', is: '=', value: 'unsettled' }] }],
    },
    until,
  );
}
