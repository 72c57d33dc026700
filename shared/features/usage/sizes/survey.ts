import pLimit from 'p-limit';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { sumOfBytes } from '../../../core/documents/references.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { RegistryName, RepositoryName } from '../../../core/oci/name.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import type { Content } from './contents.ts';
import { spentManifests, storedBlobs, storedManifests } from './contents.ts';
import type { Held, RepositorySizes, SizeSample, Survey } from './documents.ts';
import { repositorySizesSchema, sizesId, surveyRef, surveySchema } from './documents.ts';
import { countedAsNothing, countLateLayer } from './late-layers.ts';
import type { Needs } from './needs.ts';
import { pulledWindows, surveyNeeds } from './needs.ts';
import { everyReadable } from './pages.ts';
import type { QuotaPorts, QuotaSettings } from './quota.ts';
import { warnOfQuota } from './quota.ts';

interface SurveyPorts extends QuotaPorts {
  readonly documents: Documents;
}

const noBytes: Held = { uniqueBytes: 0, sharedBytes: 0, recycledBytes: 0, unneededBytes: 0 };

/** The samples of a month of surveys, one an hour. */
const maxSamples = 720;

/**
 * Reads every blob and every link once, and writes the sizes of the registry and each of its repositories. The next
 * survey finds what changes meanwhile. It keeps an entry in memory for each blob that an image needs. Throws
 * `StoreFailure`.
 */
export async function surveySizes(
  ports: SurveyPorts,
  registry: RegistryName,
  settings: QuotaSettings,
): Promise<Survey> {
  const { documents, clock } = ports;
  const now = clock.now();
  const totals = new SizeTotals(await surveyNeeds(ports, registry, now), settings.isFurther !== true);
  const nothing = await countedAsNothing(ports, registry);
  for await (const blob of storedBlobs(ports, registry)) {
    totals.add(blob);
    await countLateLayer(ports, registry, blob, nothing);
  }
  for await (const manifest of storedManifests(ports, registry)) totals.add(manifest);
  for await (const manifest of spentManifests(ports, registry)) totals.add(manifest);
  const tags = await countOf(documents, registry, totals.repositories.keys(), 'tag');
  const manifests = await countOf(documents, registry, totals.repositories.keys(), 'manifest');
  await writeRepositories(ports, registry, { held: totals.repositories, tags, measuredAt: now.toISOString() });
  const before = await readSurvey(documents, registry);
  const measured = { ...totals.registry(now.toISOString(), before?.samples ?? []), registry };
  const counts = { tags: sumOfBytes(tags.values()), manifests: sumOfBytes(manifests.values()) };
  const survey = { ...measured, counts, ...(await warnOfQuota(ports, settings, measured, before)) };
  await documents.commitDocuments('registries', [registry], [{ do: 'upsert', document: { ...survey } }]);
  return survey;
}

/** Reads the survey; `undefined` before the first one. Throws `StoreFailure`. */
export async function readSurvey(
  documents: Pick<Documents, 'readDocument'>,
  registry: RegistryName,
): Promise<Survey | undefined> {
  return (await readStored(documents, surveySchema, surveyRef(registry)))?.document;
}

class SizeTotals {
  readonly repositories = new Map<RepositoryName, Held>();
  readonly #needs: Needs;
  readonly #hasUnlinked: boolean;
  readonly #pulled = pulledWindows.map((days) => ({ days, bytes: 0 }));
  #held = noBytes;
  #unlinkedBytes = 0;

  constructor(needs: Needs, hasUnlinked: boolean) {
    this.#needs = needs;
    this.#hasUnlinked = hasUnlinked;
  }

  add(content: Content): void {
    const { digest, bytes, holders, elsewhere } = content;
    if (holders.size === 0) {
      // Content of another registry alone is none of this one's bytes.
      if (!elsewhere && this.#hasUnlinked) this.#unlinkedBytes += bytes;
      return;
    }
    // No number may tell that another registry has it too.
    const alone = holders.size === 1;
    const waste = this.#waste(content);
    const held: Held = {
      ...(alone ? { uniqueBytes: bytes, sharedBytes: 0 } : { uniqueBytes: 0, sharedBytes: bytes }),
      ...waste,
    };
    this.#held = sum(this.#held, held);
    const ofOne = alone ? held : { ...noBytes, sharedBytes: bytes };
    for (const holder of holders) this.repositories.set(holder, sum(this.repositories.get(holder) ?? noBytes, ofOne));
    const window = this.#needs.live.get(digest) ?? pulledWindows.length;
    for (const [index, pulled] of this.#pulled.entries()) if (window <= index) pulled.bytes += bytes;
  }

  registry(measuredAt: string, samples: readonly SizeSample[]): Omit<Survey, 'registry'> {
    const storedBytes = this.#held.uniqueBytes + this.#held.sharedBytes + this.#unlinkedBytes;
    const measured = {
      unlinkedBytes: this.#unlinkedBytes,
      storedBytes,
      pulled: this.#pulled,
      measuredAt,
      samples: [...samples, { at: measuredAt, bytes: storedBytes }].slice(-maxSamples),
    };
    return { id: 'usage-survey', type: 'usage-survey', schemaVersion: 1, ...this.#held, ...measured };
  }

  #waste({ digest, bytes }: Content): Pick<Held, 'recycledBytes' | 'unneededBytes'> {
    if (this.#needs.live.has(digest)) return { recycledBytes: 0, unneededBytes: 0 };
    return this.#needs.recycled.has(digest)
      ? { recycledBytes: bytes, unneededBytes: 0 }
      : { recycledBytes: 0, unneededBytes: bytes };
  }
}

function sum(a: Held, b: Held): Held {
  return {
    uniqueBytes: a.uniqueBytes + b.uniqueBytes,
    sharedBytes: a.sharedBytes + b.sharedBytes,
    recycledBytes: a.recycledBytes + b.recycledBytes,
    unneededBytes: a.unneededBytes + b.unneededBytes,
  };
}

/** Writes the sizes that have changed: those of most repositories have not. */
async function writeRepositories(
  { documents, log }: SurveyPorts,
  registry: RegistryName,
  { held: found, tags, measuredAt }: Surveyed,
): Promise<void> {
  const left = new Map(found);
  const write = (repository: RepositoryName, held: Held) =>
    writeSizes(documents, { registry, repository }, { ...held, tags: tags.get(repository) ?? 0, measuredAt });
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [{ path: 'type', is: '=' as const, value: 'usage-sizes' }],
    limit: 1_000,
  };
  for await (const { document: before } of everyReadable({ documents, log }, repositorySizesSchema, query)) {
    const held = left.get(before.repository);
    left.delete(before.repository);
    if (held === undefined)
      await documents.commitDocuments('usage', partitionOf(before), [{ do: 'delete', id: sizesId }]);
    else if (!same(held, before) || before.tags !== tags.get(before.repository)) await write(before.repository, held);
  }
  for (const [repository, held] of left) await write(repository, held);
}

/** The figures that a survey writes for each repository. */
interface Surveyed {
  readonly held: ReadonlyMap<RepositoryName, Held>;
  readonly tags: ReadonlyMap<RepositoryName, number>;
  readonly measuredAt: string;
}

const countsAtOnce = 8;

/** Counts the documents of one type in each repository, from the index. */
async function countOf(
  documents: Documents,
  registry: RegistryName,
  repositories: Iterable<RepositoryName>,
  type: 'tag' | 'manifest',
): Promise<ReadonlyMap<RepositoryName, number>> {
  const limit = pLimit(countsAtOnce);
  const where = [{ path: 'type', is: '=' as const, value: type }];
  const counted = [...repositories].map((repository) =>
    limit(async () => {
      const partition = partitionOf({ registry, repository });
      return [repository, await documents.countDocuments({ container: 'repositories', partition, where })] as const;
    }),
  );
  return new Map(await Promise.all(counted));
}

async function writeSizes(
  documents: Documents,
  { registry, repository }: RepositoryKey,
  held: Held & Pick<RepositorySizes, 'tags' | 'measuredAt'>,
): Promise<void> {
  const lists = { heldBytes: held.uniqueBytes + held.sharedBytes, wasteBytes: held.recycledBytes + held.unneededBytes };
  const sizes: RepositorySizes = {
    id: sizesId,
    type: 'usage-sizes',
    schemaVersion: 1,
    registry,
    repository,
    ...held,
    ...lists,
  };
  await documents.commitDocuments('usage', [registry, repository], [{ do: 'upsert', document: { ...sizes } }]);
}

function same(a: Held, b: Held): boolean {
  return (Object.keys(noBytes) as (keyof Held)[]).every((kind) => a[kind] === b[kind]);
}
