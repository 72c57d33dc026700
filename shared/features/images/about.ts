import type { z } from 'zod';
import { aboutIn, aboutName } from '../../core/documents/about.ts';
import { inBatches } from '../../core/documents/batches.ts';
import { defined } from '../../core/documents/defined.ts';
import { storedAmong } from '../../core/documents/in-repository.ts';
import type { ManifestDocument, ReferrerDocument, TagDocument } from '../../core/documents/manifest.ts';
import {
  manifestDocumentSchema,
  referrerDocumentSchema,
  tagDocumentSchema,
  tagId,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ReferrerKind } from '../../core/oci/referrer-kind.ts';
import { isSbomPredicate, kindOfTag, referrerKindOf, referrerKinds } from '../../core/oci/referrer-kind.ts';
import type { Predicate, QueryDocuments } from '../../core/ports/documents.ts';
import { cutRecord } from './bounded.ts';
import type { Attestation } from './index-content.ts';
import { predicateTypesIn } from './index-content.ts';

interface Referrer {
  readonly digest: Digest;
  readonly artifactType: string;
  readonly kind: ReferrerKind;
  readonly mediaType: string;
  readonly bytes: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly of: Digest;
  readonly tag?: string;
}

/** The manifests that are about an image and its children. */
export interface About {
  readonly referrers: readonly Referrer[];
  readonly signed: boolean;
  readonly sbom: boolean;
  readonly attested: boolean;
  readonly isCut: boolean;
}

interface Reader {
  readonly documents: QueryDocuments;
}

/** The referrers that are shown. An image may have thousands: behind these, `/v2/…/referrers` has them. */
const mostReferrers = 100;
const subjectsAtOnce = 100;
const mostAnnotations = 50;

/**
 * Reads what refers to an image or to one of its children: by its subject, and by the name of its tag as cosign has it.
 * It is two queries for a hundred manifests, and one more where there are such tags. Throws `StoreFailure`.
 */
export async function readAbout(
  ports: Reader,
  key: RepositoryKey,
  digest: Digest,
  children: readonly Digest[],
  attestations: readonly Attestation[],
): Promise<About> {
  const subjects = [...new Set([digest, ...children])];
  const [edges, tagged] = await Promise.all([edgesOf(ports, key, subjects), taggedAbout(ports, key, digest, subjects)]);
  const byTag = tagged.found.filter(({ digest: each }) => !edges.found.some((edge) => edge.digest === each));
  const all = [...edges.found.map(ofEdge), ...byTag.map(({ referrer }) => referrer)];
  const predicates = [
    ...attestations.flatMap(({ predicateTypes = [] }) => predicateTypes),
    ...byTag.flatMap(({ predicateTypes }) => predicateTypes),
    ...edges.found.flatMap(({ annotations }) => annotations?.['in-toto.io/predicate-type'] ?? []),
  ];
  const has = (kind: ReferrerKind) => all.some((each) => each.kind === kind);
  return {
    referrers: inOrder(all).slice(0, mostReferrers),
    signed: has('signature'),
    sbom: has('sbom') || predicates.some(isSbomPredicate),
    attested: has('attestation') || attestations.length > 0,
    isCut: edges.isCut || tagged.isCut || all.length > mostReferrers,
  };
}

/** Puts referrers of one kind together, and within a kind in the order of their digests. */
function inOrder(all: readonly Referrer[]): Referrer[] {
  const place = ({ kind, digest }: Referrer) => `${referrerKinds.indexOf(kind)} ${digest}`;
  return all.toSorted((one, other) => (place(one) < place(other) ? -1 : 1));
}

function ofEdge({ digest, artifactType, mediaType, size, annotations, subject }: ReferrerDocument): Referrer {
  return {
    digest,
    artifactType: artifactType ?? mediaType,
    kind: referrerKindOf(artifactType, annotations),
    mediaType,
    bytes: size,
    ...defined({ annotations: annotations === undefined ? undefined : cutRecord(annotations, mostAnnotations).kept }),
    of: subject,
  };
}

interface Found<T> {
  readonly found: readonly T[];
  readonly isCut: boolean;
}

function edgesOf(ports: Reader, key: RepositoryKey, subjects: readonly Digest[]): Promise<Found<ReferrerDocument>> {
  const wheres = inBatches(subjects, subjectsAtOnce).map((some): Predicate[] => [
    { path: 'type', is: '=', value: 'referrer' },
    { path: 'subject', is: 'in', values: some },
  ]);
  return firstOfEach(ports, key, wheres, referrerDocumentSchema);
}

/** Reads the first documents of each of several queries, side by side. */
async function firstOfEach<T>(
  { documents }: Reader,
  key: RepositoryKey,
  wheres: readonly (readonly Predicate[])[],
  schema: z.ZodType<T>,
): Promise<Found<T>> {
  const [container, partition, limit] = ['repositories' as const, partitionOf(key), mostReferrers + 1];
  const found = await Promise.all(
    wheres.map((where) => firstOf(limit, storedOf(documents, { container, partition, where, limit }, schema))),
  );
  return {
    found: found.flat().map(({ document }) => document),
    isCut: found.some((each) => each.length > mostReferrers),
  };
}

interface Tagged {
  readonly digest: Digest;
  readonly referrer: Referrer;
  readonly predicateTypes: readonly string[];
}

/**
 * Finds what tags' names say is about these manifests. Pushes write `about` into the tag; of the image itself, tags of
 * older versions are found by their names.
 */
async function taggedAbout(
  ports: Reader,
  key: RepositoryKey,
  digest: Digest,
  subjects: readonly Digest[],
): Promise<Found<Tagged>> {
  const ofName = new Map(subjects.map((each) => [aboutName(each), each]));
  const isTag: Predicate = { path: 'type', is: '=', value: 'tag' };
  const wheres = [
    [isTag, { path: 'id', is: 'starts-with' as const, value: tagId(aboutName(digest)) }],
    ...inBatches([...ofName.keys()], subjectsAtOnce).map((values) => [
      isTag,
      { path: 'about', is: 'in' as const, values },
    ]),
  ];
  const { found, isCut } = await firstOfEach(ports, key, wheres, tagDocumentSchema);
  const tags = new Map(found.flatMap((tag) => withSubject(tag, ofName)).map((each) => [each.tag.name, each]));
  const digests = [...new Set([...tags.values()].map(({ tag }) => tag.digest))].slice(0, mostReferrers);
  const manifests =
    digests.length === 0 ? [] : await storedAmong(ports, key, 'manifest', digests, manifestDocumentSchema);
  const byDigest = new Map(manifests.map(({ document }) => [document.digest, document]));
  return {
    found: [...tags.values()].flatMap(({ tag, of }) => {
      const manifest = byDigest.get(tag.digest);
      return manifest === undefined ? [] : [ofTag(tag, of, manifest)];
    }),
    isCut,
  };
}

function withSubject(tag: TagDocument, ofName: ReadonlyMap<string, Digest>) {
  const of = ofName.get(aboutIn(tag.name) ?? '');
  return of === undefined || of === tag.digest ? [] : [{ tag, of }];
}

function ofTag({ name, digest }: TagDocument, of: Digest, manifest: ManifestDocument): Tagged {
  const { mediaType, artifactType, size, content, annotations } = manifest;
  const referrer = {
    digest,
    artifactType: artifactType ?? mediaType,
    kind: kindOfTag(name) ?? referrerKindOf(artifactType, annotations),
    mediaType,
    bytes: size,
    ...defined({ annotations: annotations === undefined ? undefined : cutRecord(annotations, mostAnnotations).kept }),
    of,
    tag: name,
  };
  const predicateTypes = 'text' in content ? predicateTypesIn(JSON.parse(content.text) as object) : [];
  return { digest, referrer, predicateTypes };
}
