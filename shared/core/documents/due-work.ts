import type { Clock } from '../ports/clock.ts';
import type {
  CommitDocuments,
  ContainerName,
  DocumentQuery,
  Predicate,
  QueryDocuments,
  VersionedDocument,
} from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';
import { inTurn } from './alone.ts';
import { patching } from './changes.ts';
import type { Duty } from './due.ts';
import { dueQuery } from './due.ts';

/** The ports of every feature that works on documents once they are due. */
interface DuePorts {
  readonly documents: QueryDocuments & CommitDocuments;
  readonly clock: Clock;
  readonly log: Log;
}

/** The due work of one feature. */
export interface DueWork<P> {
  /** The name of the timer, for the log. */
  readonly name: string;
  /** The duties by the type of their documents, in the order in which those of one page are dealt with. */
  readonly duties: Readonly<Record<string, Duty<P, unknown>>>;
  /** Makes the queries that find the work; `dueAt`, order and limit are added. */
  readonly kinds: (ports: P) => readonly { readonly container: ContainerName; readonly where: readonly Predicate[] }[];
  /** Makes the ports for one document: one run deals with those of all registries. */
  readonly portsFor?: (ports: P, found: VersionedDocument) => P;
}

/** The outcome of a run. */
export interface DueRun {
  /** The number of documents of each type that were done. */
  readonly done: Readonly<Record<string, number>>;
  /** The number of documents whose work failed and is put off. */
  readonly failed: number;
  /** Says whether more is due. */
  readonly more: boolean;
}

const documentsAtOnce = 50;
/** The milliseconds that failed work is put off, so that it does not block the rest. */
const putOffMs = 10 * 60_000;

/**
 * Deals with all that is due. Work is found by its time, across partitions and from the index, so a run costs what is
 * due and not what is there. What fails is logged and put off. Ends when nothing is due, or at `until`.
 */
export async function runDue<P extends DuePorts>(ports: P, work: DueWork<P>, until: Date): Promise<DueRun> {
  const done: Record<string, number> = {};
  const rank = (found: VersionedDocument) => Object.keys(work.duties).indexOf(typeOf(found));
  let [failed, more] = [0, true];
  while (more && ports.clock.now() < until) {
    more = false;
    await inTurn(
      ports.log,
      work.name,
      dueQueries(ports, work).map((query) => [
        `${query.container}: ${JSON.stringify(query.where[0])}`,
        async () => {
          const page = await ports.documents.queryDocuments(query);
          for (const found of page.documents.toSorted((a, b) => rank(a) - rank(b))) {
            const outcome = await perform(ports, work, found);
            if (outcome === 'done') done[typeOf(found)] = (done[typeOf(found)] ?? 0) + 1;
            else failed += 1;
            // Work that could not be put off is not queried again in this run.
            more ||= outcome !== 'stays due';
          }
        },
      ]),
    );
  }
  return { done, failed, more };
}

/**
 * Deals with the first page of what is due, and returns how many documents that were. Costs one query of each kind when
 * nothing is due. Ends at `until`.
 */
export async function runDueOnce<P extends DuePorts>(ports: P, work: DueWork<P>, until: Date): Promise<number> {
  let done = 0;
  for (const query of dueQueries(ports, work))
    for (const found of (await ports.documents.queryDocuments(query)).documents)
      if (ports.clock.now() < until && (await perform(ports, work, found)) === 'done') done += 1;
  return done;
}

function dueQueries<P extends DuePorts>(ports: P, { kinds }: DueWork<P>): DocumentQuery[] {
  const now = ports.clock.now();
  return kinds(ports).map((kind) => dueQuery(now, { ...kind, limit: documentsAtOnce }));
}

const typeOf = ({ document }: VersionedDocument): string => String(document.type);

async function perform<P extends DuePorts>(
  ports: P,
  { duties, portsFor }: DueWork<P>,
  found: VersionedDocument,
): Promise<'done' | 'put off' | 'stays due'> {
  const due = duties[typeOf(found)];
  if (due === undefined) throw new TypeError(`no duty is known for the document ${found.document.id}`);
  try {
    await due.perform(portsFor?.(ports, found) ?? ports, found);
    return 'done';
  } catch (error) {
    ports.log.error({ err: error, id: found.document.id }, 'work that was due failed and is put off for ten minutes');
    const dueAt = new Date(ports.clock.now().getTime() + putOffMs).toISOString();
    const { committed } = await ports.documents.commitDocuments(due.container, keyOf(due.container, found), [
      patching(found, { dueAt }),
    ]);
    return committed ? 'put off' : 'stays due';
  }
}

/** Returns the partition of a document, also of one that cannot be parsed. */
function keyOf(container: ContainerName, { document }: VersionedDocument): string[] {
  return (container === 'blobs' ? [document.digest] : [document.registry, document.repository]).map(String);
}
