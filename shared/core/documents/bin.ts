import { z } from 'zod';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/name.ts';
import type { DocumentChange, DocumentRef } from '../ports/documents.ts';
import { aboutIn } from './about.ts';
import { defined } from './defined.ts';
import type { ManifestDocument, TagDocument } from './manifest.ts';
import {
  manifestDocumentSchema,
  manifestId,
  referrerEdge,
  referrerId,
  tagDocumentSchema,
  tagId,
  timeKey,
} from './manifest.ts';
import type { RepositoryKey } from './names.ts';
import { partitionOf } from './names.ts';
import { boundedReferences } from './references.ts';
import type { Stored } from './stored.ts';
import { tagPlaces } from './tag-row.ts';

/** The actor that recycled something, and the rule of the policy where a policy did. */
const takerSchema = z.object({ actor: z.string(), rule: z.string().optional() });

const recycledSchema = z.object({
  /** The id of one deletion, which all that it recycled has in common. */
  group: z.string(),
  recycledAt: z.iso.datetime(),
  by: takerSchema,
  /**
   * True for what the request named itself. What it did not name was recycled along with something, and is restored
   * along with it.
   */
  asked: z.boolean(),
});
type Recycled = z.infer<typeof recycledSchema>;

const inBin = {
  recycled: recycledSchema,
  /** The time from which it is purged. Timers find their documents by this property, whatever their type. */
  dueAt: z.iso.datetime(),
};

/**
 * A manifest in the recycle bin: its document as it was, under another id, type and place in time, so that no pull,
 * push or list finds it. It stays in the partition of its repository, so that recycling and restoring are one
 * transaction each.
 */
export const binnedDocumentSchema = manifestDocumentSchema.extend({ type: z.literal('binned'), ...inBin });
export type BinnedDocument = z.infer<typeof binnedDocumentSchema>;

/** A tag in the recycle bin, as it was. */
export const binnedTagSchema = tagDocumentSchema.extend({ type: z.literal('binned-tag'), ...inBin });
export type BinnedTag = z.infer<typeof binnedTagSchema>;

function binnedId(digest: Digest): string {
  return `binned:${digest}`;
}

export function binnedRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: binnedId(digest) };
}

/**
 * Makes the id of a recycled tag; without `tag`, the beginning of the ids of all tags of the digest. A later deletion
 * of the same tag of the same digest replaces it.
 */
export function binnedTagId(digest: Digest, tag?: Tag): string {
  return `binned-tag:${digest}:${tag ?? ''}`;
}

/** The properties that one deletion writes into everything that it recycles. */
export interface RecycledAs extends Omit<Recycled, 'asked'> {
  readonly dueAt: string;
}

/**
 * Moves a manifest into the recycle bin, on the condition of its etag: a push that has just tagged or listed it has
 * changed that.
 */
export function binManifest(
  { document, etag }: Stored<ManifestDocument>,
  taking: RecycledAs,
  asked: boolean,
): DocumentChange[] {
  const { digest, subject } = document;
  const { dueAt, ...recycled } = taking;
  // A document of an older version may be full to the brim, and in the recycle bin it has more properties.
  const references = boundedReferences(document.references);
  const binned: BinnedDocument = {
    ...document,
    references,
    id: binnedId(digest),
    type: 'binned',
    byTime: timeKey('binned', taking.recycledAt, digest),
    recycled: { ...recycled, asked },
    dueAt,
  };
  const moved: DocumentChange[] = [
    { do: 'delete', id: document.id, ifMatch: etag },
    { do: 'upsert', document: { ...binned } },
  ];
  return subject === undefined ? moved : [...moved, { do: 'delete', id: referrerId(subject, digest) }];
}

export function binTag(
  { document: { byName: _, bySize: __, ...document }, etag }: Stored<TagDocument>,
  taking: RecycledAs,
  asked: boolean,
): DocumentChange[] {
  const { digest, name } = document;
  const { dueAt, ...recycled } = taking;
  const id = binnedTagId(digest, name);
  const about = document.about ?? aboutIn(name);
  const binned: BinnedTag = {
    ...document,
    ...defined({ about }),
    id,
    type: 'binned-tag',
    byTime: timeKey('binned-tag', taking.recycledAt, `${name}:${digest}`),
    recycled: { ...recycled, asked },
    dueAt,
  };
  return [
    { do: 'delete', id: document.id, ifMatch: etag },
    { do: 'upsert', document: { ...binned } },
  ];
}

/** Returns the document as it was before it was recycled. */
export function manifestOf({ recycled: _, dueAt: __, ...binned }: BinnedDocument): ManifestDocument {
  return {
    ...binned,
    id: manifestId(binned.digest),
    type: 'manifest',
    byTime: timeKey('manifest', binned.updatedAt, binned.digest),
  };
}

function tagOf({ recycled: _, dueAt: __, ...binned }: BinnedTag): TagDocument {
  const { name, row, updatedAt } = binned;
  // A tag that was pushed before tags had places gets them here.
  const places = { byTime: timeKey('tag', updatedAt, name), ...tagPlaces(name, row) };
  return { ...binned, id: tagId(name), type: 'tag', ...places };
}

/**
 * Moves a manifest out of the recycle bin, with its edge, and marks it as held from now on. The change fails if the
 * manifest is live.
 */
export function unbinManifest({ document, etag }: Stored<BinnedDocument>, now: Date): DocumentChange[] {
  const manifest = { ...manifestOf(document), heldAt: now.toISOString() };
  return [
    { do: 'delete', id: document.id, ifMatch: etag },
    { do: 'create', document: { ...manifest } },
    ...referrerEdge(manifest),
  ];
}

/** Moves a tag out of the recycle bin. The change fails if the name is in use. */
export function unbinTag({ document, etag }: Stored<BinnedTag>): DocumentChange[] {
  return [
    { do: 'delete', id: document.id, ifMatch: etag },
    { do: 'create', document: { ...tagOf(document) } },
  ];
}
