import { envelope } from '../events/envelope.ts';
import { isDigest } from '../oci/digest.ts';
import type { CloudEvent } from '../ports/topic.ts';
import type { ManifestDocument } from '../state/manifest.ts';
import { chartSubject, chartTarget, isChart } from './chart.ts';
import type { PushSituation } from './push-changes.ts';

/** What a push tells of: the manifest, its tag when that moved, and the repository when it is new. */
export interface PushEvents {
  readonly ofPush: readonly CloudEvent[];
  /** Named after the repository's life: a push that a crash interrupted tells of it once more, under the same id. */
  readonly ofRepository: readonly CloudEvent[];
}

export function pushEvents(situation: PushSituation, pushed: ManifestDocument): PushEvents {
  return { ofPush: [manifestPushed(situation, pushed), ...tagMoved(situation)], ofRepository: repositoryCreated(situation) };
}

function manifestPushed(situation: PushSituation, pushed: ManifestDocument): CloudEvent {
  const { mediaType, size, digest, repository } = pushed;
  const tag = tagOf(situation);
  if (isChart(pushed)) {
    const target = chartTarget(pushed, repository, tag);
    return envelope('Microsoft.ContainerRegistry.ChartPushed', about(situation, chartSubject(target)), { ...occurrence(situation), action: 'chart_push', target });
  }
  return envelope('Microsoft.ContainerRegistry.ImagePushed', about(situation, subjectOf(situation)), {
    ...occurrence(situation),
    action: 'push',
    target: { mediaType, size, digest, length: size, repository, ...(tag === undefined ? {} : { tag }) },
  });
}

function tagMoved(situation: PushSituation): CloudEvent[] {
  const { digest, tagged } = situation;
  const tag = tagOf(situation);
  const previousDigest = tagged?.document.digest;
  if (tag === undefined || previousDigest === undefined || previousDigest === digest) return [];
  const target = { repository: situation.push.key.repository, tag, digest, previousDigest };
  return [envelope('Longshore.TagMoved', about(situation, subjectOf(situation)), { ...occurrence(situation), target })];
}

function repositoryCreated(situation: PushSituation): CloudEvent[] {
  const { announced, generation, repository } = situation.entry;
  if (announced) return [];
  const id = `${generation}-created`;
  return [envelope('Longshore.RepositoryCreated', { ...about(situation, repository), id }, { ...occurrence(situation), target: { repository } })];
}

function tagOf({ push }: PushSituation) {
  return isDigest(push.reference) ? undefined : push.reference;
}

function subjectOf({ push }: PushSituation): string {
  return `${push.key.repository}${isDigest(push.reference) ? '@' : ':'}${push.reference}`;
}

function about({ source, now, nextId }: PushSituation, subject: string) {
  return { id: nextId(), time: now.toISOString(), source, subject };
}

function occurrence({ push, now, nextId }: PushSituation) {
  return { id: nextId(), timestamp: now.toISOString(), ...push.cause };
}
