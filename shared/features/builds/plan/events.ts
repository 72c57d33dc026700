import { defined } from '../../../core/documents/defined.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { EventData } from '../../../core/events/catalogue.ts';
import { envelope } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { CloudEvent } from '../../../core/ports/topic.ts';
import { shownReference } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';

type Telling = Pick<BuildPorts, 'topic' | 'clock' | 'log' | 'eventSource'>;

const eventsAtOnce = 100;

function targetOf({ build, repository, tag, mode, bases }: Node): EventData<'Longshore.BuildQueued'>['target'] {
  return { build, repository, tag, mode, bases: bases.map(shownReference) };
}

type Told =
  | 'Longshore.BuildQueued'
  | 'Longshore.BuildStarted'
  | 'Longshore.BuildSucceeded'
  | 'Longshore.BuildFailed'
  | 'Longshore.ImageRebased';

/**
 * Makes the common parts of an event. An event about the same image of the same build has the same id, however often it
 * is published.
 */
function commonParts({ eventSource: source, clock }: Telling, type: Told, { build, repository, tag }: Node) {
  const id = stableUuid(type, build, repository, tag);
  const time = clock.now().toISOString();
  return { envelope: { id, time, source, subject: `${repository}:${tag}` }, data: { id, timestamp: time } };
}

/** Publishes events. A failure is not retried: the documents say what happened. */
async function publish({ topic, log }: Telling, events: readonly CloudEvent[]): Promise<void> {
  try {
    for (let at = 0; at < events.length; at += eventsAtOnce)
      await topic.publishEvents(events.slice(at, at + eventsAtOnce));
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error, events: events.length }, 'an event of a build could not be published');
  }
}

export async function publishQueued(ports: Telling, nodes: readonly Node[]): Promise<void> {
  await publish(
    ports,
    nodes
      .filter(({ state }) => state !== 'failed')
      .map((node) => {
        const { envelope: of, data } = commonParts(ports, 'Longshore.BuildQueued', node);
        return envelope('Longshore.BuildQueued', of, { ...data, target: targetOf(node) });
      }),
  );
  for (const node of nodes.filter(({ state }) => state === 'failed'))
    await publishFailed(ports, node, node.because ?? '');
}

export async function publishStarted(ports: Telling, node: Node): Promise<void> {
  const { envelope: of, data } = commonParts(ports, 'Longshore.BuildStarted', node);
  await publish(ports, [envelope('Longshore.BuildStarted', of, { ...data, target: targetOf(node) })]);
}

export async function publishFailed(ports: Telling, node: Node, because: string): Promise<void> {
  const { envelope: of, data } = commonParts(ports, 'Longshore.BuildFailed', node);
  await publish(ports, [envelope('Longshore.BuildFailed', of, { ...data, target: targetOf(node), because })]);
}

/** Publishes that an image was made: `BuildSucceeded`, and with it `ImageRebased` if no builder was needed. */
export async function publishMade(ports: Telling, node: Node, digest: Digest): Promise<void> {
  const { digestBefore: previousDigest } = node;
  const target = { ...targetOf(node), digest, ...defined({ previousDigest }) };
  const types =
    node.how === 'rebased'
      ? (['Longshore.ImageRebased', 'Longshore.BuildSucceeded'] as const)
      : (['Longshore.BuildSucceeded'] as const);
  await publish(
    ports,
    types.map((type) => {
      const { envelope: of, data } = commonParts(ports, type, node);
      return envelope(type, of, { ...data, target });
    }),
  );
}
