import { isDeepStrictEqual } from 'node:util';
import { patching } from '../documents/changes.ts';
import { untilUncontended } from '../documents/contention.ts';
import type { ManifestDocument } from '../documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../documents/manifest.ts';
import type { RepositoryKey } from '../documents/names.ts';
import { partitionOf } from '../documents/names.ts';
import { readStored } from '../documents/stored.ts';
import type { Verdict } from '../documents/verdict.ts';
import { verdictParts, withParts } from '../documents/verdict.ts';
import { publishCommitted, recordEvent } from '../events/outbox.ts';
import type { Digest } from '../oci/digest.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { CommitDocuments, ReadDocument } from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';
import type { CloudEvent, PublishEvents } from '../ports/topic.ts';
import type { TellVerdicts } from '../ports/verdicts.ts';
import { verdictEvent } from './events.ts';
import { callWithheld } from './withheld.ts';

export interface RecordPorts {
  readonly documents: ReadDocument & CommitDocuments;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly eventSource: string;
  readonly metrics: Pick<TellVerdicts, 'tellJudged'>;
}

/** Parts of a verdict that take the place of what is there; one that is `undefined` goes. */
export type NewParts = Parameters<typeof withParts>[1];

/**
 * Writes parts of a manifest's verdict, with the events of what that changes and those that have waited for it to open,
 * in one transaction. `judge` is given the manifest as it is stored now, reads the evidence after that, and is called
 * anew if somebody has written the manifest meanwhile: of two judgements at once, the one that has read less is not the
 * last. `undefined` leaves all as it is. The old parts count until the new ones are written, so nothing is closed because
 * work is under way. Returns the verdict as it is then, `'absent'` if there is no such manifest. Throws `RegistryError`
 * (`contended`), `StoreFailure`.
 */
export async function recordVerdict(
  ports: RecordPorts,
  key: RepositoryKey,
  digest: Digest,
  judge: (manifest: ManifestDocument) => NewParts | undefined | Promise<NewParts | undefined>,
): Promise<Verdict | 'absent' | undefined> {
  const ref = manifestRef(key, digest);
  const done = await untilUncontended(`the verdict on ${key.repository}@${digest}`, async () => {
    const before = await readStored(ports.documents, manifestDocumentSchema, ref);
    if (before === undefined) return { is: 'absent' as const };
    const parts = await judge(before.document);
    const now = ports.clock.now();
    if (parts === undefined) return { is: 'written' as const, verdict: before.document.verdict, events: [] };
    const judged = withParts(before.document.verdict, parts, now);
    const { verdict, ...waited } = await callWithheld(ports.documents, key, judged, now);
    if (isSame(before.document.verdict, verdict)) return { is: 'written' as const, verdict, events: [] };
    const events = eventsOf(ports, before.document, verdict, now);
    const outcome = await ports.documents.commitDocuments(ref.container, partitionOf(key), [
      patching(before, { verdict }),
      ...events.map((event) => recordEvent(key, event)),
      ...waited.changes,
    ]);
    if (outcome.committed) tellJudged(ports, before.document.verdict, verdict);
    return outcome.committed ? { is: 'written' as const, verdict, events: [...events, ...waited.events] } : undefined;
  });
  if (done.is === 'absent') return 'absent';
  if (done.events.length > 0) await publishCommitted(ports, key, done.events);
  const isWaitedFor = done.verdict?.withheld !== undefined && !done.verdict.held;
  return isWaitedFor ? recordVerdict(ports, key, digest, () => ({})) : done.verdict;
}

function tellJudged({ metrics }: RecordPorts, before: Verdict | undefined, after: Verdict): void {
  for (const part of verdictParts) {
    const state = after[part]?.state;
    if (state !== undefined && state !== before?.[part]?.state) metrics.tellJudged(part, state);
  }
}

/**
 * Says whether two verdicts say the same of the manifest, whenever they were reached. A judge may give its properties in
 * another order than the store.
 */
function isSame(before: Verdict | undefined, after: Verdict): boolean {
  return isDeepStrictEqual(withoutTimes(before), withoutTimes(after));
}

function withoutTimes(verdict: Verdict | undefined) {
  if (verdict === undefined) return undefined;
  const { held, dueAt, release, withheld } = verdict;
  const parts = verdictParts.map((part) => verdict[part] && { ...verdict[part], at: '', passedAt: '' });
  // As it is stored: a property that is undefined is absent.
  return JSON.parse(JSON.stringify({ held, dueAt, release, withheld, parts })) as unknown;
}

function eventsOf(
  { ids, eventSource }: RecordPorts,
  manifest: ManifestDocument,
  after: Verdict,
  now: Date,
): CloudEvent[] {
  const { verdict: before } = manifest;
  const about = { source: eventSource, now, ids };
  // A release or a grace may have ended since: it was held until somebody hears that it is not.
  const [was, is] = [before?.held === true, after.held];
  const hasTimedOut = before?.quarantine?.timedOutAt === undefined && after.quarantine?.timedOutAt !== undefined;
  const hasChanged = verdictParts.some((part) => before?.[part]?.state !== after[part]?.state);
  return [
    ...(hasChanged ? [verdictEvent('Longshore.VerdictChanged', manifest, after, about)] : []),
    ...(hasTimedOut ? [verdictEvent('Longshore.QuarantineTimedOut', manifest, after, about)] : []),
    ...(was && !is ? [verdictEvent('Longshore.ImageReleased', manifest, after, about)] : []),
    ...(!was && is ? [verdictEvent('Longshore.ImageHeld', manifest, after, about)] : []),
  ];
}
