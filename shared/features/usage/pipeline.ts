import type { CatalogueEvent } from '../../core/events/envelope.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { CountPull } from '../../core/ports/pulls.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { PullBatch } from './batch.ts';
import { batchSchema, pullsQueue } from './batch.ts';
import { ClientClasses } from './client-class.ts';
import { Folding } from './fold.ts';
import type { CounterPorts } from './pull-counter.ts';
import { PullCounter } from './pull-counter.ts';
import { recordUsage } from './record.ts';
import { recountDrifted } from './recount.ts';
import type { UsageSettings } from './settings.ts';
import { firstSurvey } from './sizes/first-survey.ts';
import { surveySizes } from './sizes/survey.ts';
import { beginTracking, restartTracking } from './tracking.ts';

export interface UsagePorts extends CounterPorts {
  readonly documents: Documents;
  readonly topic: PublishEvents;
}

interface UsageScope extends UsageSettings {
  readonly eventSource: string;
  readonly isFurther?: boolean;
  readonly registryName: RegistryName;
  readonly region: string;
}

/** The work of triggers and of the data plane on usage. There is one for each instance, as it counts in memory. */
export interface UsagePipeline {
  readonly pulls: CountPull;
  flush(): Promise<void>;
  /**
   * Adds a batch to the counters. One that cannot be read is logged and dropped; while the documents do not answer it
   * waits in the queue.
   */
  fold(message: unknown): Promise<void>;
  record(event: CatalogueEvent): Promise<void>;
  survey(): Promise<void>;
  /** Makes the first survey without waiting for its hour. Once there is one, this instance makes no call more. */
  surveyFirst(): Promise<void>;
}

/**
 * A batch waits so many seconds in an outage of the documents, which outlasts the attempts that a queue makes by
 * itself.
 */
const laterSeconds = 60;

export function usagePipeline(
  ports: UsagePorts,
  { registryName, region, actors, quotaBytes, eventSource, isFurther }: UsageScope,
): UsagePipeline {
  const clients = new ClientClasses(actors);
  const folding = new Folding(ports.documents);
  const counter = new PullCounter(ports, { region, clients });
  const survey = async () => {
    await beginTracking(ports, registryName);
    const recounted = await recountDrifted(ports, registryName);
    if (recounted.length > 0)
      ports.log.warn(
        { repositories: recounted.slice(0, 100), count: recounted.length },
        'the counters of repositories differed from their content, and are counted anew',
      );
    const { storedBytes, uniqueBytes, sharedBytes, unlinkedBytes } = await surveySizes(ports, registryName, {
      quotaBytes,
      eventSource,
      isFurther,
    });
    ports.log.info(
      { storedBytes, uniqueBytes, sharedBytes, unlinkedBytes },
      'the survey of the stored bytes is complete',
    );
  };
  let isSurveyed = false;
  return {
    survey,
    async surveyFirst() {
      if (isSurveyed) return;
      const first = await firstSurvey(ports.documents, registryName);
      if (first === 'due') await survey();
      isSurveyed = first !== 'nothing was pushed';
    },
    pulls: counter,
    flush: () => counter.flush(),
    fold: (message) => fold({ ...ports, folding }, message),
    record: (event) => recordUsage({ ...ports, folding }, { registryName, region, clients }, event),
  };
}

type FoldPorts = UsagePorts & { readonly folding: Folding };

async function fold(ports: FoldPorts, message: unknown): Promise<void> {
  const parsed = batchSchema.safeParse(message);
  if (!parsed.success) {
    ports.log.error({ err: parsed.error }, 'a batch of pulls cannot be read and is dropped');
    return;
  }
  try {
    await foldWhole(ports, parsed.data);
  } catch (error) {
    if (!isPassing(error)) throw error;
    ports.log.warn({ err: error, batch: parsed.data.id }, 'a batch of pulls waits in the queue');
    await ports.queues.sendMessage(pullsQueue, parsed.data, laterSeconds);
  }
}

async function foldWhole(ports: FoldPorts, batch: PullBatch): Promise<void> {
  const registries = new Set(batch.parts.map(({ registry }) => registry));
  for (const registry of registries) await (batch.gap ? restartTracking : beginTracking)(ports, registry);
  const failures: Error[] = [];
  await ports.folding.addBatch(batch, (error, repository) => {
    failures.push(error instanceof Error ? error : new Error(String(error)));
    ports.log.error(
      { err: error, batch: batch.id, repository },
      'the pulls of one repository in a batch cannot be added to its counters',
    );
  });
  const oldest = Math.min(...batch.parts.map(({ minute }) => Date.parse(`${minute}Z`)));
  ports.metrics.tellFold(ports.clock.now().getTime() - oldest);
  // Each addition counts once: delivered again, the batch adds what is missing. One that never can be added becomes
  // poison, and is tried slowly from there.
  const [failure] = failures.toSorted((a, b) => Number(isPassing(a)) - Number(isPassing(b)));
  if (failure !== undefined) throw failure;
}

function isPassing(error: unknown): boolean {
  return error instanceof StoreFailure || (error instanceof RegistryError && error.fault.is === 'contended');
}
