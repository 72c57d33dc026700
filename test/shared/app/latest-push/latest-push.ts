import { z } from 'zod';
import { collection } from '../../../../shared/core/documents/collection.ts';
import { untilUncontended } from '../../../../shared/core/documents/contention.ts';
import { registrySchema } from '../../../../shared/core/documents/names.ts';
import { documentShape } from '../../../../shared/core/documents/stored.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { Clock } from '../../../../shared/core/ports/clock.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';

export interface LatestPushPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly registry: RegistryName;
  readonly settings: { readonly latestPush: { readonly days: number } };
}

const latestPushes = collection({
  container: 'registries',
  schema: z.object({
    ...documentShape('latest-push'),
    registry: registrySchema,
    repository: z.string(),
    pushedAt: z.iso.datetime(),
  }),
  place: (registry: RegistryName) => ({ partition: [registry], id: 'latest-push' }),
});

/** Notes a push. Events come in any order and more than once: the latest push stays. */
export async function recordPush(
  { documents, registry }: LatestPushPorts,
  { repository, pushedAt }: { readonly repository: string; readonly pushedAt: string },
): Promise<void> {
  await untilUncontended('the latest push', async () => {
    const before = await latestPushes.find(documents, registry);
    if (before !== undefined && before.document.pushedAt >= pushedAt) return before;
    const document = {
      id: 'latest-push',
      type: 'latest-push',
      schemaVersion: 1,
      registry,
      repository,
      pushedAt,
    } as const;
    return latestPushes.write(documents, before, document);
  });
}

/** Finds the latest push, unless it is too long ago. */
export async function findLatestPush({ documents, clock, registry, settings }: LatestPushPorts) {
  const found = await latestPushes.find(documents, registry);
  const oldest = clock.now().getTime() - settings.latestPush.days * 24 * 3_600_000;
  return found === undefined || Date.parse(found.document.pushedAt) < oldest ? undefined : found.document;
}
