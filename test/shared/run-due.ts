import type { Longshore } from '../../shared/app/assemble.ts';
import type { DueRun } from '../../shared/core/documents/due-work.ts';

/** Runs the timers that purge and collect, one after the other, and returns the outcome of both. */
export async function runDue({ timers }: { readonly timers: Pick<Longshore['timers'], DueTimer> }): Promise<DueRun> {
  const purged = await timers['recycle-bin-purge']();
  const collected = await timers['collection-collect']();
  return {
    done: { ...purged.done, ...collected.done },
    failed: purged.failed + collected.failed,
    more: purged.more || collected.more,
  };
}

type DueTimer = 'recycle-bin-purge' | 'collection-collect';
