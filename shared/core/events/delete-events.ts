import type { ManifestDocument, TagDocument } from '../documents/manifest.ts';
import type { RepositoryKey } from '../documents/names.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { CloudEvent } from '../ports/topic.ts';
import { chartSubject, chartTarget, isChart } from './chart.ts';
import type { Cause } from './envelope.ts';
import { envelope } from './envelope.ts';

/** Makes the events of one request that deletes. */
export interface DeleteEvents {
  tagDeleted(tag: TagDocument): CloudEvent;
  /**
   * Makes the event of a manifest. `tags` are those that are deleted with it: a chart's version may be known by its tag
   * alone.
   */
  manifestDeleted(manifest: ManifestDocument, tags: readonly TagDocument[]): CloudEvent;
  /**
   * Makes the event of a repository. `generation` is the repository's: the same deletion, resumed after a crash, has
   * the same event.
   */
  repositoryDeleted(generation: string): CloudEvent;
}

/** The ports that events are made with: `eventSource` is their `source`. */
export interface EventPorts {
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly settings: { readonly eventSource: string };
}

export function deleteEvents(ports: EventPorts, { repository }: RepositoryKey, cause: Cause): DeleteEvents {
  const timestamp = ports.clock.now().toISOString();
  const about = (subject: string) => ({
    id: ports.ids.nextId(),
    time: timestamp,
    source: ports.settings.eventSource,
    subject,
  });
  const occurrence = () => ({ id: ports.ids.nextId(), timestamp, ...cause });
  return {
    tagDeleted: ({ name, digest }) =>
      envelope('Longshore.TagDeleted', about(`${repository}:${name}`), {
        ...occurrence(),
        target: { repository, tag: name, previousDigest: digest },
      }),
    manifestDeleted(manifest, tags) {
      const { mediaType, digest } = manifest;
      if (!isChart(manifest))
        return envelope('Microsoft.ContainerRegistry.ImageDeleted', about(repository), {
          ...occurrence(),
          action: 'delete',
          target: { mediaType, digest, repository },
        });
      const target = chartTarget(manifest, repository, tags[0]?.name);
      return envelope('Microsoft.ContainerRegistry.ChartDeleted', about(chartSubject(target)), {
        ...occurrence(),
        action: 'chart_delete',
        target,
      });
    },
    repositoryDeleted: (generation) =>
      envelope(
        'Longshore.RepositoryDeleted',
        { ...about(repository), id: `${generation}-deleted` },
        { ...occurrence(), target: { repository } },
      ),
  };
}
