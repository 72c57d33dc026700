import { LRUCache } from 'lru-cache';
import { versionOf } from '../../core/documents/changes.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { pagesOf } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { QueryDocuments, VersionedDocument } from '../../core/ports/documents.ts';
import { atMost } from '../../core/rules/at-most.ts';
import type { Webhook } from './documents.ts';
import { webhookRouteSchema } from './documents.ts';
import type { HookEvent } from './scope.ts';
import { anchorsOf, covers } from './scope.ts';

/**
 * The page is larger than what Cosmos DB puts into one of such documents: a registry with many webhooks for one event
 * needs several.
 */
const pageSize = 1000;

/**
 * Finds the enabled webhooks that get an event, each once, by one lookup in the index: webhooks of other actions and
 * other repositories cost nothing. Throws `StoreFailure` and `UnreadableDocument`.
 */
export async function findHooks(
  documents: QueryDocuments,
  registry: RegistryName,
  event: HookEvent,
): Promise<Webhook[]> {
  const anchors = anchorsOf(event);
  const found = new Map<string, Webhook>();
  const routes: WholeQuery = {
    container: 'registries',
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'webhook-route' },
      { path: 'anchor', is: 'in', values: anchors },
    ],
    limit: pageSize,
  };
  for await (const page of pagesOf(documents, routes)) {
    for (const each of page) {
      const hook = hookOf(documents, each);
      if (covers(hook, event)) found.set(hook.name, hook);
    }
  }
  return [...found.values()];
}

/**
 * The parsed webhooks of each store, by version: checking a document costs more than sending its request, and it seldom
 * changes.
 */
const parsed = new WeakMap<QueryDocuments, LRUCache<string, Webhook>>();
const hooksKept = 2_000;

function hookOf(documents: QueryDocuments, route: VersionedDocument): Webhook {
  const ofStore = parsed.get(documents) ?? new LRUCache<string, Webhook>(atMost(hooksKept));
  parsed.set(documents, ofStore);
  const version = versionOf(route);
  const known = ofStore.get(version);
  if (known !== undefined) return known;
  const { hook } = parseStored(webhookRouteSchema, route, { container: 'registries' }).document;
  ofStore.set(version, hook);
  return hook;
}
