import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { dueSchema, readPolicies } from './documents.ts';
import type { PolicyPorts } from './ports.ts';
import { isApproved } from './session.ts';

/** There are fewer policies in a registry than this. */
const mostPolicies = 100;

/**
 * Returns the time at which an approved policy will judge a manifest next; `undefined` if none will. Then it is
 * removed, unless a pull or a lock puts that off. Throws `StoreFailure`.
 */
export async function purgeDueAt(
  { documents }: Pick<PolicyPorts, 'documents'>,
  key: RepositoryKey,
  digest: Digest,
): Promise<string | undefined> {
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=' as const, value: 'purge-due' },
      { path: 'digest', is: '=' as const, value: digest },
    ],
    limit: mostPolicies,
  };
  const marks = await firstOf(mostPolicies, storedOf(documents, query, dueSchema));
  if (marks.length === 0) return undefined;
  const approved = new Set((await readPolicies(documents, key.registry)).filter(isApproved).map(({ name }) => name));
  const times = marks.flatMap(({ document: { policy, dueAt } }) => (approved.has(policy) ? [dueAt] : []));
  return times.sort()[0];
}
