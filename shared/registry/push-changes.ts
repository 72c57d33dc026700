import type { Cause } from '../events/envelope.ts';
import { envelope } from '../events/envelope.ts';
import { recordEvent } from '../events/outbox.ts';
import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Tag } from '../oci/name.ts';
import type { DocumentChange, JsonDocument } from '../ports/documents.ts';
import type { CloudEvent } from '../ports/topic.ts';
import { manifestId, referrerId, tagId } from '../state/manifest.ts';
import type { ManifestDocument, ReferrerDocument, TagDocument } from '../state/manifest.ts';
import type { RepositoryKey } from '../state/names.ts';
import type { Stored } from '../state/stored.ts';

export interface PushSituation {
  readonly push: { readonly key: RepositoryKey; readonly reference: Tag | Digest; readonly bytes: Uint8Array; readonly cause: Cause };
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly content: ManifestDocument['content'];
  /** What is stored already: the same manifest, and what the tag points at. */
  readonly before: Stored<ManifestDocument> | undefined;
  readonly tagged: Stored<TagDocument> | undefined;
  readonly source: string;
  readonly now: Date;
  readonly nextId: () => string;
}

/** The one batch that a push is, and the events in it. Pure: the same situation gives the same batch. */
export function pushChanges(situation: PushSituation): { changes: DocumentChange[]; events: CloudEvent[] } {
  const { key } = situation.push;
  const events = pushEvents(situation);
  const changes: DocumentChange[] = [
    // Written even when nothing about it changes: a delete that runs at the same time then sees its etag move.
    write(manifestDocument(situation), situation.before),
    ...tagChange(situation),
    ...referrerChange(situation),
    ...events.map((event) => recordEvent(key, event)),
  ];
  return { changes, events };
}

function write(document: object & { id: string }, before: { readonly etag: string } | undefined): DocumentChange {
  const plain: JsonDocument = { ...document };
  return before === undefined ? { do: 'create', document: plain } : { do: 'replace', document: plain, ifMatch: before.etag };
}

function manifestDocument({ push, manifest, digest, content, before, now }: PushSituation): ManifestDocument {
  const { registry, repository } = push.key;
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
    references: references(manifest),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(manifest.subject === undefined ? {} : { subject: manifest.subject.digest }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    createdAt: before?.document.createdAt ?? now.toISOString(),
    updatedAt: now.toISOString(),
  };
}

function references(manifest: Manifest): ManifestDocument['references'] {
  const all = [
    ...(manifest.config === undefined ? [] : [{ role: 'config' as const, ...manifest.config }]),
    ...manifest.layers.map((layer) => ({ role: 'layer' as const, ...layer })),
    ...manifest.manifests.map((child) => ({ role: 'manifest' as const, ...child })),
  ];
  return all.map(({ role, digest, size, mediaType, platform }) => ({ role, digest, size, mediaType, ...(platform === undefined ? {} : { platform }) }));
}

function tagChange({ push, digest, tagged, now }: PushSituation): DocumentChange[] {
  if (isDigest(push.reference)) return [];
  const { registry, repository } = push.key;
  const name = push.reference;
  const createdAt = tagged?.document.createdAt ?? now.toISOString();
  const tag: TagDocument = { id: tagId(name), type: 'tag', schemaVersion: 1, registry, repository, name, digest, createdAt, updatedAt: now.toISOString() };
  return [write(tag, tagged)];
}

function referrerChange({ push, manifest, digest }: PushSituation): DocumentChange[] {
  if (manifest.subject === undefined) return [];
  const { registry, repository } = push.key;
  const subject = manifest.subject.digest;
  const edge: ReferrerDocument = {
    id: referrerId(subject, digest),
    type: 'referrer',
    schemaVersion: 1,
    registry,
    repository,
    subject,
    digest,
    mediaType: manifest.mediaType,
    size: push.bytes.length,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
  return [{ do: 'upsert', document: { ...edge } }];
}

function pushEvents({ push, manifest, digest, tagged, source, now, nextId }: PushSituation): CloudEvent[] {
  const { repository } = push.key;
  const tag = isDigest(push.reference) ? undefined : push.reference;
  const timestamp = now.toISOString();
  const size = push.bytes.length;
  const subject = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
  const about = () => ({ id: nextId(), time: timestamp, source, subject });
  const occurrence = () => ({ id: nextId(), timestamp, ...push.cause });
  const pushed = envelope('Microsoft.ContainerRegistry.ImagePushed', about(), {
    ...occurrence(),
    action: 'push',
    target: { mediaType: manifest.mediaType, size, digest, length: size, repository, ...(tag === undefined ? {} : { tag }) },
  });
  const previousDigest = tagged?.document.digest;
  if (tag === undefined || previousDigest === undefined || previousDigest === digest) return [pushed];
  return [pushed, envelope('Longshore.TagMoved', about(), { ...occurrence(), target: { repository, tag, digest, previousDigest } })];
}
