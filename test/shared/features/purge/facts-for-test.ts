import type { RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import type { Judged } from '../../../../shared/features/purge/conditions.ts';
import type { Facts, ManifestFacts, TagFacts } from '../../../../shared/features/purge/facts.ts';
import type { KeepRule, RemoveRule } from '../../../../shared/features/purge/policy.ts';
import { policySchema } from '../../../../shared/features/purge/policy.ts';
import { digestAt } from './arbitrary.ts';

export const day = 24 * 3600 * 1000;
export const now = 200 * day;
export const at = (days: number) => new Date(days * day).toISOString();
export const manifest = (facts: Partial<ManifestFacts> = {}): ManifestFacts => ({
  digest: digestAt(0),
  mediaType: 'm',
  pushedAt: 10 * day,
  untaggedSince: 0,
  types: [],
  labels: [],
  ...facts,
});
export const tag = (facts: Partial<TagFacts> = {}): TagFacts => ({ name: 'v1' as Tag, pushedAt: 10 * day, ...facts });
export const factsOf = (facts: Partial<Facts> = {}): Facts => ({
  repository: 'team/app' as RepositoryName,
  manifest: manifest(),
  tags: [],
  along: [],
  newestTags: [],
  trackedSince: 0,
  ...facts,
});
export const judged = (own: Partial<Judged> = {}): Judged => ({ facts: factsOf(), manifest: manifest(), ...own });
export const policyOf = (given: object = {}) =>
  policySchema.parse({ remove: [{ name: 'r', olderThanDays: 1 }], ...given });
export const remove = (rule: Partial<RemoveRule>): RemoveRule => ({ name: 'r', ...rule });
export const keep = (rule: Partial<KeepRule>): KeepRule => ({ name: 'k', ...rule });
export const newest = (...names: string[]) => ({ facts: factsOf({ newestTags: names as Tag[] }) });
