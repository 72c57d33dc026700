import { Cached } from '../../core/documents/cached.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { PurgeViews } from '../../core/ports/views.ts';
import { planRef, planSchema, readPolicies } from './documents.ts';
import { isApproved } from './session.ts';

const mostShown = 10;

/** An approval shows in lists so many milliseconds late at most: a page of tags reads no policies then. */
const approvedFreshMs = 5_000;

/** Makes what views show of purge policies. */
export function purgeViews(
  { documents, clock }: { readonly documents: Documents; readonly clock: Clock },
  registry: RegistryName,
): PurgeViews {
  const approved = new Cached<ReadonlySet<string>>({ clock, freshMs: approvedFreshMs });
  return {
    approved: () =>
      approved.get(
        registry,
        async () => new Set((await readPolicies(documents, registry)).filter(isApproved).map(({ name }) => name)),
      ),
    async plans() {
      const policies = await readPolicies(documents, registry);
      const plans = await Promise.all(
        policies.flatMap(({ plan }) =>
          plan === undefined ? [] : [readStored(documents, planSchema, planRef(registry, plan))],
        ),
      );
      const awaitingApproval = plans.flatMap((found) => (found?.document.state === 'awaiting' ? [found.document] : []));
      return {
        awaitingApproval: awaitingApproval
          .slice(0, mostShown)
          .map(({ policy, manifests, tags, bytes, madeAt }) => ({ policy, removes: manifests + tags, bytes, madeAt })),
      };
    },
  };
}
