import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { isHeld } from '../../core/documents/verdict.ts';
import { chartSubject, chartTarget, isChart } from '../../core/events/chart.ts';
import { envelope } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { verdictEvent } from '../../core/verdicts/events.ts';
import type { PushedTag, PushSituation } from './push-situation.ts';

/** The events of a push: of the manifest, of its tag if that moved, and of the repository if it is new. */
export interface PushEvents {
  readonly ofPush: readonly CloudEvent[];
  /** The events that wait until the manifest is open: those of the manifest and of its tags, or none. */
  readonly withheld: readonly CloudEvent[];
  /** The event of a new repository, whose id is that of the repository's generation, so that it is recorded once. */
  readonly ofRepository: readonly CloudEvent[];
}

export function pushEvents(situation: PushSituation, pushed: ManifestDocument): PushEvents {
  const { tags } = situation;
  const pushes =
    tags.length === 0
      ? [manifestPushed(situation, pushed, undefined)]
      : tags.flatMap((tag) => [manifestPushed(situation, pushed, tag.name), ...tagMoved(situation, tag)]);
  const waits = isWithheld(situation, pushed);
  return {
    ofPush: [...(waits ? [] : pushes), ...quarantined(situation, pushed, waits), ...beginsHeld(situation, pushed)],
    withheld: waits ? pushes : [],
    ofRepository: repositoryCreated(situation),
  };
}

function isWithheld({ covering, now }: PushSituation, { verdict }: ManifestDocument): boolean {
  return covering.some(({ withholds }) => withholds === true) && isHeld(verdict, now);
}

/** Makes the events of a manifest that waits in quarantine: each of its tags has one, as it has one of the push. */
function quarantined(situation: PushSituation, pushed: ManifestDocument, waits: boolean): CloudEvent[] {
  const { quarantine } = pushed.verdict ?? {};
  if (!waits && (quarantine === undefined || quarantine.state === 'passed')) return [];
  const { mediaType, size, digest, repository } = pushed;
  const target = { mediaType, size, digest, length: size, repository };
  const tags = situation.tags.length === 0 ? [undefined] : situation.tags;
  return tags.map((tag) =>
    envelope(
      'Longshore.ImageQuarantined',
      about(situation, tag === undefined ? `${repository}@${digest}` : `${repository}:${tag.name}`),
      {
        ...occurrence(situation),
        action: 'quarantine',
        target: { ...target, ...defined({ tag: tag?.name, previousDigest: tag && movedFrom(situation, tag) }) },
        pushEvent: waits ? 'withheld' : 'sent',
      },
    ),
  );
}

function manifestPushed(situation: PushSituation, pushed: ManifestDocument, tag: Tag | undefined): CloudEvent {
  const { mediaType, size, digest, repository } = pushed;
  if (isChart(pushed)) {
    const target = chartTarget(pushed, repository, tag);
    return envelope('Microsoft.ContainerRegistry.ChartPushed', about(situation, chartSubject(target)), {
      ...occurrence(situation),
      action: 'chart_push',
      target,
    });
  }
  return envelope(
    'Microsoft.ContainerRegistry.ImagePushed',
    about(situation, tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`),
    {
      ...occurrence(situation),
      action: 'push',
      target: { mediaType, size, digest, length: size, repository, ...defined({ tag }) },
    },
  );
}

function tagMoved(situation: PushSituation, tag: PushedTag): CloudEvent[] {
  const { digest, push } = situation;
  const { repository } = push.key;
  const { name } = tag;
  const previousDigest = movedFrom(situation, tag);
  if (previousDigest === undefined) return [];
  return [
    envelope('Longshore.TagMoved', about(situation, `${repository}:${name}`), {
      ...occurrence(situation),
      target: { repository, tag: name, digest, previousDigest },
    }),
  ];
}

function movedFrom({ digest }: PushSituation, { before }: PushedTag): Digest | undefined {
  const previousDigest = before?.document.digest;
  return previousDigest === digest ? undefined : previousDigest;
}

/** Makes the event of a new manifest that is held from its push on. */
function beginsHeld({ before, binned, source, now, nextId }: PushSituation, pushed: ManifestDocument): CloudEvent[] {
  if (before !== undefined || binned !== undefined || pushed.verdict === undefined) return [];
  if (!isHeld(pushed.verdict, now)) return [];
  return [verdictEvent('Longshore.ImageHeld', pushed, pushed.verdict, { source, now, ids: { nextId } })];
}

/**
 * Makes the id of the event of a new repository. There is one for each generation: the first push that commits records
 * it.
 */
export function repositoryCreatedId(generation: string): string {
  return `${generation}-created`;
}

function repositoryCreated(situation: PushSituation): CloudEvent[] {
  const { announced, generation, repository } = situation.entry;
  if (announced) return [];
  const id = repositoryCreatedId(generation);
  return [
    envelope(
      'Longshore.RepositoryCreated',
      { ...about(situation, repository), id },
      { ...occurrence(situation), target: { repository } },
    ),
  ];
}

function about({ source, now, nextId }: PushSituation, subject: string) {
  return { id: nextId(), time: now.toISOString(), source, subject };
}

function occurrence({ push, now, nextId }: PushSituation) {
  return { id: nextId(), timestamp: now.toISOString(), ...push.cause };
}
