import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { DocumentChange, ReadDocument } from '../../core/ports/documents.ts';
import type { UsageTotal } from './documents.ts';
import { totalId, totalSchema, usageRef } from './documents.ts';

export interface TotalsDelta {
  readonly pushes?: number;
  readonly pulls?: number;
  readonly heads?: number;
  readonly blobPulls?: number;
  readonly images?: number;
  readonly bytes?: number;
  readonly lastPush?: string | undefined;
  readonly lastPull?: string | undefined;
}

/**
 * Makes the change that adds to a repository's totals. Increments do not conflict with each other; only the very first
 * write can.
 */
export async function addToTotals(
  documents: ReadDocument,
  key: RepositoryKey,
  delta: TotalsDelta,
): Promise<DocumentChange> {
  return totalsChange(await readTotals(documents, key), key, delta);
}

/** The same where the totals were just read. */
export function totalsChange(before: UsageTotal | undefined, key: RepositoryKey, delta: TotalsDelta): DocumentChange {
  const { pushes = 0, pulls = 0, heads = 0, blobPulls = 0, images = 0, bytes = 0 } = delta;
  const last = laterTimes(before, delta);
  if (before === undefined) {
    const { registry, repository } = key;
    return {
      do: 'create',
      document: {
        id: totalId,
        type: 'usage-total',
        schemaVersion: 1,
        registry,
        repository,
        pushes,
        pulls,
        heads,
        blobPulls,
        images,
        bytes,
        measured: true,
        ...last,
      },
    };
  }
  const increment = Object.entries({ pushes, pulls, heads, blobPulls, images, bytes })
    .map(([path, by]) => ({ path, by }))
    .filter(({ by }) => by !== 0);
  // A step that adds nothing still moves the etag, so that a process that sums up meanwhile notices; a patch of nothing
  // is none.
  return {
    do: 'patch',
    id: totalId,
    ...defined({ set: Object.keys(last).length === 0 ? undefined : last }),
    increment: increment.length === 0 ? [{ path: 'bytes', by: 0 }] : increment,
  };
}

/**
 * Returns the times that move forward. Of two processes that fold pulls of one day, the one that is late at the day's
 * counters reads again, so neither takes the time of the other back.
 */
function laterTimes(before: UsageTotal | undefined, delta: TotalsDelta): Pick<UsageTotal, 'lastPush' | 'lastPull'> {
  const later = (kind: 'lastPush' | 'lastPull') => {
    const [there, at] = [before?.[kind], delta[kind]];
    return at !== undefined && (there === undefined || at > there) ? at : undefined;
  };
  return defined({ lastPush: later('lastPush'), lastPull: later('lastPull') });
}

/** Reads the totals; `undefined` when nothing was ever counted there. */
export async function readTotals(documents: ReadDocument, key: RepositoryKey): Promise<UsageTotal | undefined> {
  return (await readStored(documents, totalSchema, usageRef(key, totalId)))?.document;
}
