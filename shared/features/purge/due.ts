import type { z } from 'zod';
import { inTurn } from '../../core/documents/alone.ts';
import { binnedDocumentSchema, binnedTagSchema } from '../../core/documents/bin.ts';
import { blobCheckSchema, collectedSchema, linkCheckSchema } from '../../core/documents/blob.ts';
import { patching } from '../../core/documents/changes.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { isRegistryName } from '../../core/oci/name.ts';
import type { ContainerName, DocumentQuery, Predicate, VersionedDocument } from '../../core/ports/documents.ts';
import { checkBlob, checkLink, deleteBytes } from './collect.ts';
import { causeOfBackground } from './deletion.ts';
import { spentContentSchema, unsettledSchema } from './documents.ts';
import type { BinPorts } from './ports.ts';
import { purgeManifest, purgeTag } from './purge.ts';
import { settle } from './settle.ts';

/** What to do with the documents of one type once they are due. */
interface Duty {
  readonly container: ContainerName;
  readonly perform: (ports: BinPorts, found: VersionedDocument) => Promise<unknown>;
}

function duty<T>(
  container: ContainerName,
  schema: z.ZodType<T>,
  perform: (ports: BinPorts, due: Stored<T>) => Promise<unknown>,
): Duty {
  return { container, perform: (ports, found) => perform(ports, parseStored(schema, found, { container })) };
}

/** In this order: a manifest takes its tags along. */
const duties: Readonly<Record<string, Duty>> = {
  unsettled: duty('repositories', unsettledSchema, (ports, { document }) => settle(ports, document, document.digest)),
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
  'link-check': duty('blobs', linkCheckSchema, checkLink),
  'blob-check': duty('blobs', blobCheckSchema, checkBlob),
  collected: duty('blobs', collectedSchema, (ports, { document }) => deleteBytes(ports, document)),
};

export interface DueRun {
  /** How many documents of each type were dealt with. */
  readonly done: Readonly<Record<string, number>>;
  /** How many could not be, and are put off. */
  readonly failed: number;
  /** Whether more is due. */
  readonly more: boolean;
}

const documentsAtOnce = 50;
/**
 * How long something that cannot be dealt with is put off, so that it does not stand in the way of the rest. In
 * milliseconds.
 */
const putOffMs = 10 * 60_000;

/**
 * Deals with what is due: purges, links, blobs, and what crashes left unfinished. Work is found by its time, across
 * partitions and from the index, so a run costs what is due and not what is there. Ends when nothing is due, or at
 * `until`.
 */
export async function runDue(ports: BinPorts, until: Date): Promise<DueRun> {
  const done: Record<string, number> = {};
  let [failed, more] = [0, true];
  while (more && ports.clock.now() < until) {
    more = false;
    await inTurn(
      ports.log,
      'purge-collect',
      dueQueries(ports).map((query) => [
        `${query.container}: ${JSON.stringify(query.where[0])}`,
        async () => {
          const page = await ports.documents.queryDocuments(query);
          for (const found of page.documents.toSorted((a, b) => rank(a) - rank(b))) {
            const outcome = await perform(ports, found);
            if (outcome === 'done') done[typeOf(found)] = (done[typeOf(found)] ?? 0) + 1;
            else failed += 1;
            // What stays due is not asked for again and again in one run.
            more ||= outcome !== 'stays due';
          }
        },
      ]),
    );
  }
  return { done, failed, more };
}

/** Settles what whoever began it has not: its process has ended. One query when there is nothing. Ends at `until`. */
export async function settleDue(ports: BinPorts, until: Date): Promise<number> {
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'unsettled' },
    { path: 'dueAt', is: '<=', value: ports.clock.now().toISOString() },
  ];
  const page = await ports.documents.queryDocuments({
    container: 'repositories',
    where,
    orderBy: { path: 'dueAt', direction: 'asc' },
    limit: documentsAtOnce,
  });
  let settled = 0;
  for (const found of page.documents)
    if (ports.clock.now() < until && (await perform(ports, found)) === 'done') settled += 1;
  return settled;
}

function dueQueries({ clock, settings }: BinPorts): DocumentQuery[] {
  const due = (container: ContainerName, where: readonly Predicate[]): DocumentQuery => ({
    container,
    where: [...where, { path: 'dueAt', is: '<=', value: clock.now().toISOString() }],
    orderBy: { path: 'dueAt', direction: 'asc' },
    limit: documentsAtOnce,
  });
  const types = (container: ContainerName) =>
    Object.keys(duties).filter((type) => duties[type]?.container === container && type !== 'collected');
  return [
    due('repositories', [{ path: 'type', is: 'in', values: types('repositories') }]),
    due('blobs', [{ path: 'type', is: 'in', values: types('blobs') }]),
    // The bytes of another region are that region's to delete.
    due('blobs', [
      { path: 'type', is: '=', value: 'collected' },
      { path: 'region', is: '=', value: settings.region },
    ]),
  ];
}

const typeOf = ({ document }: VersionedDocument): string => String(document.type);
const rank = (found: VersionedDocument): number => Object.keys(duties).indexOf(typeOf(found));

/** One run deals with what all registries have due, and each is told of its own. */
function inNameOf({ document: { registry } }: VersionedDocument, ports: BinPorts): BinPorts {
  const { sourceOf } = ports.settings;
  if (sourceOf === undefined || typeof registry !== 'string' || !isRegistryName(registry)) return ports;
  return { ...ports, settings: { ...ports.settings, eventSource: sourceOf(registry) } };
}

/** What fails is logged and put off. */
async function perform(ports: BinPorts, found: VersionedDocument): Promise<'done' | 'put off' | 'stays due'> {
  const due = duties[typeOf(found)];
  if (due === undefined) throw new TypeError(`nothing is to be done with ${found.document.id}`);
  try {
    await due.perform(inNameOf(found, ports), found);
    return 'done';
  } catch (error) {
    ports.log.error({ err: error, id: found.document.id }, 'something that is due is put off');
    const dueAt = new Date(ports.clock.now().getTime() + putOffMs).toISOString();
    const { committed } = await ports.documents.commitDocuments(due.container, keyOf(due.container, found), [
      patching(found, { dueAt }),
    ]);
    return committed ? 'put off' : 'stays due';
  }
}

/** Also of a document that cannot be parsed. */
function keyOf(container: ContainerName, { document }: VersionedDocument): string[] {
  return (container === 'blobs' ? [document.digest] : [document.registry, document.repository]).map(String);
}
