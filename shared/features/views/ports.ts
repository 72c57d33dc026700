import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Regions } from '../../core/ports/regions.ts';
import type { PurgeViews, UsageViews } from '../../core/ports/views.ts';
import type { Places } from './places.ts';

/** The totals of lists so long that counting them takes a while. */
export interface Totals {
  of(list: string, count: () => Promise<number>): Promise<number>;
}

/** The ports of lists. */
export interface ListPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly registry: RegistryName;
  readonly regions: Pick<Regions, 'names'>;
  readonly usageViews: UsageViews;
  readonly purgeViews: Pick<PurgeViews, 'approved'>;
  readonly places: Places;
  readonly totals: Totals;
}
