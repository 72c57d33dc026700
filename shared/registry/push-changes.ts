import type { Cause } from '../events/envelope.ts';
import { envelope } from '../events/envelope.ts';
import { recordEvent } from '../events/outbox.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Tag } from '../oci/name.ts';
import type { DocumentChange, JsonDocument } from '../ports/documents.ts';
import type { CloudEvent } from '../ports/topic.ts';
import { manifestId, maxAnnotationBytes, referrerId, tagId } from '../state/manifest.ts';
import type { ManifestDocument, ReferrerDocument, TagDocument } from '../state/manifest.ts';
import type { RepositoryKey } from '../state/names.ts';
import type { Stored } from '../state/stored.ts';

export interface PushSituation {
  readonly push: { readonly key: RepositoryKey; readonly bytes: Uint8Array; readonly cause: Cause };
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly content: ManifestDocument['content'];
  /** What is stored already: the same manifest, and what each pushed tag points at. */
  readonly before: Stored<ManifestDocument> | undefined;
  readonly tags: readonly PushedTag[];
  readonly source: string;
  readonly now: Date;
  readonly nextId: () => string;
}

export interface PushedTag {
  readonly name: Tag;
  readonly before: Stored<TagDocument> | undefined;
}

/** The one batch that a push is, and the events in it. Pure: the same situation gives the same batch. */
export function pushChanges(situation: PushSituation): { changes: DocumentChange[]; events: CloudEvent[] } {
  const { key } = situation.push;
  const events = pushEvents(situation);
  const changes: DocumentChange[] = [
    // Written even when nothing about it changes: a delete that runs at the same time then sees its etag move.
    write(manifestDocument(situation), situation.before),
    ...situation.tags.map((tag) => tagChange(situation, tag)),
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
    ...annotationsFor(manifest),
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
  return all.map(({ role, digest, size, mediaType, platform }) => ({ role, digest, size, mediaType, ...(platform === undefined ? {} : { platform: knownPlatform(platform) }) }));
}

/** What else a descriptor's platform holds may be of any size and depth; it stays in the manifest. */
function knownPlatform({ architecture, os, variant }: NonNullable<Descriptor['platform']>) {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

/** What a document repeats of a manifest's annotations: all, or where they are. */
function annotationsFor({ annotations }: Manifest): Pick<ManifestDocument, 'annotations' | 'annotationsIn'> {
  if (annotations === undefined) return {};
  return Buffer.byteLength(JSON.stringify(annotations)) <= maxAnnotationBytes ? { annotations } : { annotationsIn: 'manifest' };
}

function tagChange({ push, digest, now }: PushSituation, { name, before }: PushedTag): DocumentChange {
  const { registry, repository } = push.key;
  const createdAt = before?.document.createdAt ?? now.toISOString();
  const tag: TagDocument = { id: tagId(name), type: 'tag', schemaVersion: 1, registry, repository, name, digest, createdAt, updatedAt: now.toISOString() };
  return write(tag, before);
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
    ...annotationsFor(manifest),
  };
  return [{ do: 'upsert', document: { ...edge } }];
}

function pushEvents(situation: PushSituation): CloudEvent[] {
  if (situation.tags.length === 0) return [imagePushed(situation, undefined)];
  return situation.tags.flatMap((tag) => {
    const moved = tagMoved(situation, tag);
    return [imagePushed(situation, tag.name), ...(moved === undefined ? [] : [moved])];
  });
}

function imagePushed(situation: PushSituation, tag: Tag | undefined): CloudEvent {
  const { push, manifest, digest } = situation;
  const { repository } = push.key;
  const size = push.bytes.length;
  const subject = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
  return envelope('Microsoft.ContainerRegistry.ImagePushed', about(situation, subject), {
    ...occurrence(situation),
    action: 'push',
    target: { mediaType: manifest.mediaType, size, digest, length: size, repository, ...(tag === undefined ? {} : { tag }) },
  });
}

function tagMoved(situation: PushSituation, { name, before }: PushedTag): CloudEvent | undefined {
  const { push, digest } = situation;
  const { repository } = push.key;
  const previousDigest = before?.document.digest;
  if (previousDigest === undefined || previousDigest === digest) return undefined;
  return envelope('Longshore.TagMoved', about(situation, `${repository}:${name}`), { ...occurrence(situation), target: { repository, tag: name, digest, previousDigest } });
}

function about({ source, now, nextId }: PushSituation, subject: string) {
  return { id: nextId(), time: now.toISOString(), source, subject };
}

function occurrence({ push, now, nextId }: PushSituation) {
  return { id: nextId(), timestamp: now.toISOString(), ...push.cause };
}
