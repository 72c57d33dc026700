import pLimit from 'p-limit';
import { aboutName } from '../../core/documents/about.ts';
import { listersAmong } from '../../core/documents/listers.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, referrerDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Images } from '../../core/ports/images.ts';
import type { SignedManifest } from './outcome.ts';
import type { SigstoreCandidate, Unreadable } from './sigstore/candidate.ts';
import { readSigstoreLayer } from './sigstore/candidate.ts';
import { maxLayerBytes, sigstoreEvidence } from './sigstore/evidence.ts';

export interface GatherPorts {
  readonly documents: Documents;
  readonly images: Pick<Images, 'readImage' | 'readSmallBlob'>;
}

/** One signature that was found, not verified yet. */
export type Found =
  | { readonly is: 'sigstore'; readonly in: Digest; readonly candidate: SigstoreCandidate | Unreadable }
  | { readonly is: 'notation'; readonly in: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/** A manifest that counts as the subject, and the signatures about it. */
export interface Subject {
  readonly manifest: SignedManifest;
  readonly found: readonly Found[];
  /** Sentences about what was not tried. */
  readonly notes: readonly string[];
}

/** The manifests about one subject that are tried, the newest first: somebody who may push could add thousands. */
const mostTried = 50;
/** The manifests about one subject that are listed, to find the newest among them. */
const mostListed = 500;
/** The indexes of one manifest that are asked for signatures. */
const mostListers = 20;
const readsAtOnce = 8;

/** Finds the signatures of a manifest, and of the indexes that list it if those count. */
export async function gather(
  ports: GatherPorts,
  key: RepositoryKey,
  manifest: Pick<ManifestDocument, 'digest' | 'mediaType' | 'size'>,
  withIndexes: boolean,
): Promise<Subject[]> {
  const listers = withIndexes ? await listersAmong(ports, key, manifest.digest, mostListers) : [];
  return Promise.all([manifest, ...listers].map((each) => subjectOf(ports, key, each)));
}

async function subjectOf(
  ports: GatherPorts,
  key: RepositoryKey,
  manifest: Pick<ManifestDocument, 'digest' | 'mediaType' | 'size'>,
): Promise<Subject> {
  const { digest, mediaType, size } = manifest;
  const about = await manifestsAbout(ports, key, digest);
  const newest = about.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).slice(0, mostTried);
  const limit = pLimit(readsAtOnce);
  const found = await Promise.all(newest.map((each) => limit(() => signaturesIn(ports, key, each.digest))));
  const notes =
    about.length > mostTried
      ? [`Of ${about.length} manifests about ${digest} the newest ${mostTried} were tried.`]
      : [];
  return {
    manifest: { digest, mediaType, size },
    found: found.flatMap((each) => each.found),
    notes: [...notes, ...found.flatMap((each) => each.notes)],
  };
}

/**
 * Finds the manifests that are about another one: by their subject, or by the tag that they were pushed under. The
 * latter keeps them when the tag has moved on, so that of two signers at once none is lost.
 */
async function manifestsAbout(
  { documents }: GatherPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<Pick<ManifestDocument, 'digest' | 'createdAt'>[]> {
  const place = { container: 'repositories' as const, partition: partitionOf(key), limit: 100 };
  const referring = {
    ...place,
    where: [
      { path: 'type', is: '=' as const, value: 'referrer' },
      { path: 'subject', is: '=' as const, value: digest },
    ],
  };
  const named = {
    ...place,
    where: [
      { path: 'type', is: '=' as const, value: 'manifest' },
      { path: 'about', is: '=' as const, value: aboutName(digest) },
    ],
  };
  const [edges, tagged] = await Promise.all([
    firstOf(mostListed, storedOf(documents, referring, referrerDocumentSchema)),
    firstOf(mostListed, storedOf(documents, named, manifestDocumentSchema)),
  ]);
  const limit = pLimit(readsAtOnce);
  const referrers = await Promise.all(
    edges.map(({ document }) =>
      limit(() => readStored(documents, manifestDocumentSchema, manifestRef(key, document.digest))),
    ),
  );
  const all = [...tagged, ...referrers.filter((each) => each !== undefined)].map(({ document }) => document);
  return [...new Map(all.map((each) => [each.digest, each])).values()].filter((each) => each.digest !== digest);
}

async function signaturesIn(
  { images }: GatherPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<{ found: Found[]; notes: readonly string[] }> {
  const image = await images.readImage(key, digest);
  if (image === undefined) return { found: [], notes: [] };
  const { layers, reasons } = sigstoreEvidence(image.manifest);
  const sigstore = await Promise.all(
    layers.map(async (layer): Promise<Found[]> => {
      const bytes = await images.readSmallBlob(key, layer.descriptor.digest, maxLayerBytes);
      return bytes === undefined ? [] : [{ is: 'sigstore', in: digest, candidate: readSigstoreLayer(layer, bytes) }];
    }),
  );
  return { found: [...sigstore.flat(), ...(await notationIn(images, key, digest, image.manifest))], notes: reasons };
}

/** The types of Notation's envelopes (signature-specification, "Signature Envelope"). */
const envelopeTypes: readonly string[] = ['application/jose+json', 'application/cose'];
/** The bytes that an envelope of Notation may have. */
const maxEnvelopeBytes = 1024 * 1024;

async function notationIn(
  images: GatherPorts['images'],
  key: RepositoryKey,
  digest: Digest,
  { layers }: Pick<Manifest, 'layers'>,
): Promise<Found[]> {
  const [layer, ...more] = layers;
  if (layer === undefined || more.length > 0 || !envelopeTypes.includes(layer.mediaType)) return [];
  const bytes = await images.readSmallBlob(key, layer.digest, maxEnvelopeBytes);
  return bytes === undefined ? [] : [{ is: 'notation', in: digest, mediaType: layer.mediaType, bytes }];
}
