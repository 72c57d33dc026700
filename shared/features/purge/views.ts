import { readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { PurgeViews } from '../../core/ports/views.ts';
import { planRef, planSchema, readPolicies } from './documents.ts';
import { isApproved } from './session.ts';

const mostShown = 10;

/** Makes what views show of purge policies. */
export function purgeViews(documents: Documents, registry: RegistryName): PurgeViews {
  return {
    async approved() {
      return new Set((await readPolicies(documents, registry)).filter(isApproved).map(({ name }) => name));
    },
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
