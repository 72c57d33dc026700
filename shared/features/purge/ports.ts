import type { Admission } from '../../core/admission/admission.ts';
import type { RecycleForPolicies } from '../../core/documents/recycling.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { ReadLastPulls } from '../../core/ports/pulls.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { Coverage } from '../../core/verdicts/coverage.ts';

/** The ports of purge policies. */
export interface PolicyPorts {
  readonly admission: Admission;
  readonly documents: Documents;
  /** The policies that cover a repository: they may let a tag serve a manifest that it does not point at. */
  readonly coverage: Pick<Coverage, 'of'>;
  readonly lastPulls: ReadLastPulls;
  readonly recycler: RecycleForPolicies;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly settings: {
    readonly eventSource: string;
    /** The milliseconds, at least an hour, that a new manifest is always kept. */
    readonly graceMs: number;
  };
}
