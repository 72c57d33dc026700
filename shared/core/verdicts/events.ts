import type { ManifestDocument } from '../documents/manifest.ts';
import type { Judgement, Verdict } from '../documents/verdict.ts';
import { verdictParts } from '../documents/verdict.ts';
import { envelope } from '../events/envelope.ts';
import type { RandomIds } from '../ports/clock.ts';
import type { CloudEvent } from '../ports/topic.ts';

type EventOfVerdict =
  'Longshore.ImageHeld' | 'Longshore.ImageReleased' | 'Longshore.VerdictChanged' | 'Longshore.QuarantineTimedOut';

interface Told {
  readonly source: string;
  readonly now: Date;
  readonly ids: RandomIds;
}

/** Makes an event about the verdict of a manifest. */
export function verdictEvent(
  type: EventOfVerdict,
  { repository, digest, mediaType, size }: ManifestDocument,
  verdict: Verdict,
  { source, now, ids }: Told,
): CloudEvent {
  const time = now.toISOString();
  const { release, quarantine } = verdict;
  return envelope(
    type,
    { id: ids.nextId(), time, source, subject: `${repository}@${digest}` },
    {
      id: ids.nextId(),
      timestamp: time,
      target: { mediaType, size, digest, length: size, repository },
      verdict: Object.fromEntries(verdictParts.flatMap((part) => shown(part, verdict[part]))),
      ...(type === 'Longshore.ImageReleased' && release !== undefined
        ? { released: { by: release.by, reason: release.reason, until: release.until } }
        : {}),
      ...(type === 'Longshore.QuarantineTimedOut' ? { waitingSince: quarantine?.waitingSince ?? time } : {}),
    },
  );
}

function shown<P extends string>(part: P, judgement: Judgement | undefined) {
  if (judgement === undefined) return [];
  const { state, mode, policies, reasons } = judgement;
  return [[part, { state, mode, policies, reasons }] as const];
}
