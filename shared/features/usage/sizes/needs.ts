import { z } from 'zod';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import { imagePullsSchema } from '../counters.ts';
import { imageSchema } from '../documents.ts';
import type { SurveyReading } from './pages.ts';
import { everyReadable } from './pages.ts';

/** The windows that a registry is surveyed by, in days, shortest first. */
export const pulledWindows = [7, 30, 90] as const;

/** The content that manifests need; both also have the digests of the manifests themselves. */
export interface Needs {
  /**
   * The index in `pulledWindows` of the shortest in which an image with it was pulled; the array's length when in none.
   */
  readonly live: ReadonlyMap<Digest, number>;
  readonly recycled: ReadonlySet<Digest>;
}

const dayMs = 24 * 3600_000;
const pageSize = 1_000;

/** Reads the needs of a registry. Throws `StoreFailure`. */
export async function surveyNeeds(reading: SurveyReading, registry: RegistryName, now: Date): Promise<Needs> {
  const pulled = await pulledLately(reading, registry, now);
  const live = new Map<Digest, number>();
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'usage-image' },
      { path: 'present', is: '=' as const, value: true },
    ],
    limit: pageSize,
  };
  for await (const { document: image } of everyReadable(reading, imageSchema, query)) {
    const window = pulled.get(`${image.repository}@${image.digest}`) ?? pulledWindows.length;
    for (const digest of [image.digest, ...image.blobs.map((blob) => blob.digest)])
      live.set(digest, Math.min(window, live.get(digest) ?? window));
  }
  return { live, recycled: await recycledIn(reading, registry) };
}

async function pulledLately(reading: SurveyReading, registry: RegistryName, now: Date): Promise<Map<string, number>> {
  const pulled = new Map<string, number>();
  const oldest = new Date(now.getTime() - Math.max(...pulledWindows) * dayMs).toISOString();
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'usage-pulls' },
      { path: 'of', is: '=' as const, value: 'digest' },
      { path: 'lastPull', is: '>=' as const, value: oldest },
    ],
    limit: pageSize,
  };
  for await (const {
    document: { repository, name, lastPull = oldest },
  } of everyReadable(reading, imagePullsSchema, query)) {
    const window = pulledWindows.findIndex((days) => Date.parse(lastPull) >= now.getTime() - days * dayMs);
    pulled.set(`${repository}@${name}`, window);
  }
  return pulled;
}

/** A manifest that was deleted and can be restored. */
const binnedSchema = z.object({ digest: digestSchema, references: z.array(z.object({ digest: digestSchema })) });

async function recycledIn(reading: SurveyReading, registry: RegistryName): Promise<Set<Digest>> {
  const recycled = new Set<Digest>();
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [{ path: 'type', is: '=' as const, value: 'binned' }],
    limit: pageSize,
  };
  for await (const {
    document: { digest, references },
  } of everyReadable(reading, binnedSchema, query)) {
    for (const each of [digest, ...references.map((reference) => reference.digest)]) recycled.add(each);
  }
  return recycled;
}
