import { isListed } from '../../core/admission/locks.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { allStored } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';
import type { QuarantinePatch } from './attributes.ts';
import { manifestPatchIn, patchedAttributes, patchStored } from './attributes.ts';
import { linkTo, listPage, listRequestIn } from './list.ts';
import type { AcrPorts } from './ports.ts';
import type { Whereabouts } from './shapes.ts';
import { manifestShape } from './shapes.ts';

/** A manifest's document may contain its text, so a page of them is smaller than one of tags. */
const pageSizes = { usual: 100, largest: 100 };

/** Answers `GET _manifests?n&last&orderby`. */
export async function respondManifestList(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  query: URLSearchParams,
): Promise<Response> {
  const request = listRequestIn(query, pageSizes);
  const page = await listPage(ports.documents, key, { type: 'manifest', schema: manifestDocumentSchema }, request);
  const tags = await tagsOf(
    ports.documents,
    key,
    page.items.map(({ digest }) => digest),
  );
  const manifests = page.items.map((manifest) => manifestShape(manifest, tags.get(manifest.digest) ?? []));
  return Response.json(
    { ...where, manifests },
    { headers: linkTo(`/acr/v1/${key.repository}/_manifests`, request, page) },
  );
}

/** Answers `GET` and `PATCH _manifests/{digest}`. */
export async function respondOneManifest(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  digest: Digest,
  request: Request,
): Promise<Response> {
  const finding =
    request.method === 'PATCH' ? patchManifest(ports, key, digest, request) : findManifest(ports, key, digest);
  const [manifest, tags] = await Promise.all([finding, tagsOf(ports.documents, key, [digest])]);
  return Response.json({ ...where, manifest: manifestShape(manifest, tags.get(digest) ?? []) });
}

async function findManifest(ports: AcrPorts, key: RepositoryKey, digest: Digest): Promise<ManifestDocument> {
  const found = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: digest });
  return found.document;
}

async function patchManifest(
  ports: AcrPorts,
  key: RepositoryKey,
  digest: Digest,
  request: Request,
): Promise<ManifestDocument> {
  const patch = await manifestPatchIn(request);
  const change = ({ attributes, quarantine }: ManifestDocument) => ({
    ...patchedAttributes(attributes, patch.attributes),
    ...patchedQuarantine(quarantine, patch.quarantine),
  });
  const absent = new RegistryError({ is: 'manifest-unknown', reference: digest });
  return (
    await patchStored(ports.documents, {
      ref: manifestRef(key, digest),
      schema: manifestDocumentSchema,
      absent,
      change,
    })
  ).document;
}

function patchedQuarantine(
  before: ManifestDocument['quarantine'],
  { quarantineState: state, quarantineDetails: details }: QuarantinePatch,
): Pick<ManifestDocument, 'quarantine'> {
  if (state === undefined && details === undefined) return {};
  return {
    quarantine: { ...before, ...defined({ state, details }) },
  };
}

/**
 * Returns the tags that lists may show of each digest, in order. It is one query for all of them, in as many pages as
 * they fill.
 */
async function tagsOf(
  documents: QueryDocuments,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<ReadonlyMap<Digest, string[]>> {
  if (digests.length === 0) return new Map();
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=' as const, value: 'tag' },
      isListed,
      { path: 'digest', is: 'in' as const, values: digests },
    ],
    limit: 1_000,
  };
  const tags = await allStored(documents, query, tagDocumentSchema);
  const grouped = Map.groupBy(
    tags.map(({ document }) => document),
    ({ digest }) => digest,
  );
  return new Map([...grouped].map(([digest, group]) => [digest, group.map(({ name }) => name as string).sort()]));
}
