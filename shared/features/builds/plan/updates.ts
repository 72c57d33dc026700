import { defined } from '../../../core/documents/defined.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { CatalogueEvent } from '../../../core/events/envelope.ts';
import { envelope } from '../../../core/events/envelope.ts';
import { dependentsOf } from '../bases/learn.ts';
import { baseReference, ownBase } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import { buildOf } from './cause.ts';
import { beginBuilds } from './go-on.ts';
import { putInQueue } from './queue.ts';

type Moved = Extract<CatalogueEvent, { type: 'Longshore.TagMoved' }>;
type Updated = Extract<CatalogueEvent, { type: 'Longshore.BaseImageUpdated' }>;

/** Publishes that a tag has moved that images are built on: once for each move. Throws `StoreFailure`. */
export async function publishUpdated(
  ports: BuildPorts,
  { id: cause, data: { timestamp, target, request } }: Moved,
): Promise<void> {
  const { repository, tag, digest, previousDigest } = target;
  const { edges } = await dependentsOf(ports, ownBase(ports.registry, repository), tag, { limit: 1 });
  if (edges.length === 0) return;
  const id = stableUuid('base-updated', cause);
  const build = buildOf(request.id);
  const image = `${repository}:${tag}`;
  await ports.topic.publishEvents([
    envelope(
      'Longshore.BaseImageUpdated',
      { id, time: timestamp, source: ports.eventSource, subject: image },
      {
        id,
        timestamp,
        target: { image, digest, previousDigest, repository, tag, ...defined({ build }) },
      },
    ),
  ]);
}

/**
 * Puts an update of a base in line, and begins the next build. An update that a build under way has caused itself is
 * part of that build. Throws `StoreFailure`.
 */
export async function planUpdate(ports: BuildPorts, { id, data: { timestamp, target } }: Updated): Promise<void> {
  const { image, digest, previousDigest, build } = target;
  const { repository, tag = baseReference(image, ports.registry, [])?.tag } = target;
  const base =
    repository === undefined ? baseReference(image, ports.registry, [])?.base : ownBase(ports.registry, repository);
  if (base === undefined || tag === undefined || build !== undefined) return;
  await putInQueue(ports, {
    base,
    tag,
    digest,
    ...defined({ previousDigest }),
    event: id,
    updatedAt: timestamp,
  });
  await beginBuilds(ports);
}
