import type { DocumentChange } from '../../shared/core/ports/documents.ts';
import type { Mutation } from './world.ts';
import { graceMs } from './world.ts';

const without = (test: (change: DocumentChange, container: string) => boolean): Mutation => ({
  change: (change, container) => (test(change, container) ? undefined : change),
});
const isUpsertOf = (change: DocumentChange, type: string) => change.do === 'upsert' && change.document.type === type;
const isWriteOf = (change: DocumentChange, type: string) => 'document' in change && change.document.type === type;
const unconditional = (container: string): Mutation => ({
  change: (change, where) => (where === container && change.do === 'delete' ? { do: 'delete', id: change.id } : change),
});

/**
 * A push that looks at a link when it is a quarter of the grace old may commit half of the grace later: what spares it
 * for less is a bug.
 */
export const spares: Record<string, Mutation> = {
  'a minute': { collectorGraceMs: 60_000 },
  'half of the grace': { collectorGraceMs: 0.5 * graceMs },
  'six tenths of the grace': { collectorGraceMs: 0.6 * graceMs },
};

/** Each takes one precaution away, in a sentence. */
export const mutations: Record<string, Mutation> = {
  'nobody is found who needs a blob': { blind: ({ where }) => where.some(({ is }) => is === 'contains') },
  'links and blobs are deleted whatever was written since': unconditional('blobs'),
  'manifests are moved whatever was written since': unconditional('repositories'),
  'a new link does not touch its blob': without(
    (change, container) => container === 'blobs' && change.do === 'patch' && change.id === 'blob',
  ),
  'an index does not hold its children': without(
    (change, container) => container === 'repositories' && change.do === 'patch' && change.id.startsWith('manifest:'),
  ),
  'a purge leaves no checks of links': without((change) => isUpsertOf(change, 'link-check')),
  'a dropped link leaves no check of its blob': without((change) => isUpsertOf(change, 'blob-check')),
  'what belongs to a manifest is not settled': without((change) => isUpsertOf(change, 'unsettled')),
  'a policy forgets what it keeps': { keepsNothing: true },
  'what a policy is to look at again is not written down': without((change) => isWriteOf(change, 'purge-due')),
  'since when something has no tag is not written down': without(
    (change) => change.do === 'patch' && change.set?.untaggedAt !== undefined,
  ),
  'links are not refreshed': without(
    (change, container) => container === 'blobs' && change.do === 'patch' && change.id.startsWith('link:'),
  ),
};
