import { aboutIn, aboutName } from '../../core/documents/about.ts';
import { everythingEnabled } from '../../core/documents/attributes.ts';
import { removing, writing } from '../../core/documents/changes.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import {
  childrenOf,
  holdChange,
  manifestId,
  maxAnnotationBytes,
  referrerEdge,
  tagId,
  timeKey,
} from '../../core/documents/manifest.ts';
import { referencesOf } from '../../core/documents/references.ts';
import { tagRowOf } from '../../core/documents/tag-facts.ts';
import type { TagRow } from '../../core/documents/tag-row.ts';
import { tagPlaces } from '../../core/documents/tag-row.ts';
import type { Verdict } from '../../core/documents/verdict.ts';
import { isNewlyHeld, isSigned } from '../../core/documents/verdict.ts';
import { recordEvent, withholdEvent } from '../../core/events/outbox.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { beginVerdict, isEvidence } from '../../core/verdicts/begin.ts';
import { withhold } from '../../core/verdicts/withheld.ts';
import { pushEvents } from './push-events.ts';
import type { PushedTag, PushSituation } from './push-situation.ts';

/**
 * Makes the one batch of a push, and the events in it. It is pure: the same situation gives the same batch. `reconciles`
 * means that the manifest's neighbours are to be reconciled.
 */
export function pushChanges(situation: PushSituation): {
  changes: DocumentChange[];
  events: CloudEvent[];
  reconciles: boolean;
} {
  const { key } = situation.push;
  const document = manifestDocument(situation);
  const row = tagRowOf(document, situation.children);
  const events = pushEvents(situation, document);
  const { pushed, withheld } = withWithheld(document, events.withheld);
  const changes: DocumentChange[] = [
    // The manifest is written even if nothing in it changes: a delete that runs at the same time then sees another
    // etag.
    writing(situation.before, pushed),
    ...situation.tags.map((tag) => tagChange(situation, tag, { row, verdict: pushed.verdict })),
    ...referrerEdge(pushed),
    ...withheld.map((event) => withholdEvent(key, event)),
    ...events.ofPush.map((event) => recordEvent(key, event)),
    ...events.ofRepository.map((event) => recordEvent(key, event)),
  ];
  const children = childrenOf(pushed);
  // A batch with room for all children demands that they are live; with more children they are reconciled afterwards.
  const holds = changes.length + children.length <= maxChangesPerCommit - 2;
  const reconciles = situation.binned !== undefined || !holds;
  const held = holds ? children.map((child) => holdChange(child, situation.now)) : [];
  return {
    changes: [...changes, ...held, ...broughtBack(situation), ...(reconciles ? [situation.reconcileMark] : [])],
    events: [...events.ofPush, ...events.ofRepository],
    reconciles,
  };
}

function withWithheld(document: ManifestDocument, events: readonly CloudEvent[]) {
  if (document.verdict === undefined || events.length === 0) return { pushed: document, withheld: [] };
  const { verdict, recorded } = withhold(document.verdict, events);
  return { pushed: { ...document, verdict }, withheld: recorded };
}

function broughtBack({ binned }: PushSituation): DocumentChange[] {
  return binned === undefined ? [] : [removing(binned)];
}

function manifestDocument(situation: PushSituation): ManifestDocument {
  const document = documentOf(situation);
  const before = situation.before ?? situation.binned;
  // A push of what is there opens nothing that is held, and closes nothing that is open.
  if (before !== undefined) return { ...document, ...defined({ verdict: before.document.verdict }) };
  if (isEvidence(document)) return document;
  return { ...document, ...defined({ verdict: beginVerdict(situation.covering, situation.now) }) };
}

function documentOf({ push, manifest, digest, content, image, now, ...there }: PushSituation): ManifestDocument {
  const before = there.before ?? there.binned;
  const about = there.tags.length === 0 ? before?.document.about : aboutOfAll(there.tags);
  const { registry, repository } = push.key;
  const updatedAt = now.toISOString();
  return {
    id: manifestId(digest),
    type: 'manifest',
    schemaVersion: 1,
    registry,
    repository,
    digest,
    mediaType: manifest.mediaType,
    size: push.bytes.length,
    content,
    references: referencesOf(manifest, there.stored),
    ...defined({ artifactType: manifest.artifactType, subject: manifest.subject?.digest, about }),
    ...annotationsFor(manifest),
    ...image,
    // The results of scanners are kept.
    ...defined({ quarantine: before?.document.quarantine }),
    ...cameAlone(there, updatedAt),
    attributes: before?.document.attributes ?? everythingEnabled,
    createdAt: before?.document.createdAt ?? updatedAt,
    updatedAt,
    byTime: timeKey('manifest', updatedAt, digest),
  };
}

/**
 * Marks a manifest that this push restored without the right to restore. The pushed bytes restore the manifest, but not
 * what was deleted along with it.
 */
function cameAlone(
  { before, binned, mayRestore }: Pick<PushSituation, 'before' | 'binned' | 'mayRestore'>,
  now: string,
): Pick<ManifestDocument, 'cameAloneAt'> {
  if (binned !== undefined) return defined({ cameAloneAt: mayRestore ? undefined : now });
  const cameAloneAt = before?.document.cameAloneAt;
  return defined({ cameAloneAt });
}

/** Returns the part of a manifest's annotations that its document repeats: all of them, or where they are. */
function annotationsFor({ annotations }: Manifest): Pick<ManifestDocument, 'annotations' | 'annotationsIn'> {
  if (annotations === undefined) return {};
  return Buffer.byteLength(JSON.stringify(annotations)) <= maxAnnotationBytes
    ? { annotations }
    : { annotationsIn: 'manifest' };
}

/** Returns the manifest that all tags name as their subject. A tag of its own beside them means that it has none. */
function aboutOfAll(tags: readonly PushedTag[]): string | undefined {
  const [first, ...rest] = tags.map(({ name }) => aboutIn(name));
  return rest.every((each) => each === first) ? first : undefined;
}

function tagChange(
  { push, manifest, digest, now }: PushSituation,
  { name, before, previous }: PushedTag,
  { row, verdict }: { readonly row: TagRow; readonly verdict?: Verdict | undefined },
): DocumentChange {
  const { registry, repository } = push.key;
  const updatedAt = now.toISOString();
  const times = {
    createdAt: before?.document.createdAt ?? updatedAt,
    updatedAt,
    byTime: timeKey('tag', updatedAt, name),
  };
  const attributes = before?.document.attributes ?? everythingEnabled;
  const about = aboutIn(name) ?? (manifest.subject === undefined ? undefined : aboutName(manifest.subject.digest));
  const tag: TagDocument = {
    id: tagId(name),
    type: 'tag',
    schemaVersion: 1,
    registry,
    repository,
    name,
    digest,
    ...defined({ pushedBy: push.pushedBy, about, previous: isNewlyHeld(verdict, now) ? previous : undefined }),
    row,
    ...defined({ signed: isSigned(verdict) || undefined }),
    ...tagPlaces(name, row),
    attributes,
    ...times,
  };
  return writing(before, tag);
}
