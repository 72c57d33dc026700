import { isListed } from '../../core/admission/locks.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { allStored } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Verdict } from '../../core/documents/verdict.ts';
import { requireAccess } from '../../core/http/access.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Asker } from '../../core/ports/authorize.ts';
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
  asker: Asker,
): Promise<Response> {
  const finding =
    asker.request.method === 'PATCH' ? patchManifest(ports, key, digest, asker) : findManifest(ports, key, digest);
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
  asker: Asker,
): Promise<ManifestDocument> {
  const patch = await manifestPatchIn(asker.request);
  await requireRights(ports, key, asker, patch);
  const change = ({ attributes, quarantine, verdict }: ManifestDocument) => ({
    ...patchedAttributes(attributes, patch.attributes),
    ...patchedQuarantine(quarantine, patch.quarantine),
    ...defined({ verdict: patch.quarantine.quarantineState && dueNow(verdict, ports.clock.now()) }),
  });
  const absent = new RegistryError({ is: 'manifest-unknown', reference: digest });
  const { document } = await patchStored(ports.documents, {
    ref: manifestRef(key, digest),
    schema: manifestDocumentSchema,
    absent,
    change,
  });
  if (patch.quarantine.quarantineState !== undefined) await ports.judging.judgeManifest(key, digest);
  return document;
}

/**
 * Asks for the rights that a change needs. The state in quarantine opens an image where a policy holds it, so there it
 * takes `quarantine/write`, and `metadata/write` is not enough; elsewhere it is a note as any other.
 */
async function requireRights(
  { coverage }: AcrPorts,
  key: RepositoryKey,
  { caller }: Asker,
  { attributes, quarantine }: Awaited<ReturnType<typeof manifestPatchIn>>,
): Promise<void> {
  const right = (action: 'metadata_write' | 'quarantine_write') => ({
    type: 'repository' as const,
    name: key.repository,
    action,
  });
  if (Object.values(attributes).some((value) => value !== undefined)) requireAccess(caller, [right('metadata_write')]);
  const isQuarantine = quarantine.quarantineState !== undefined || quarantine.quarantineDetails !== undefined;
  if (!isQuarantine || caller.may(right('quarantine_write'))) return;
  const isCovered = (await coverage.of(key)).some(({ part }) => part === 'quarantine');
  requireAccess(caller, [right(isCovered ? 'quarantine_write' : 'metadata_write')]);
}

/** Makes a verdict due, so that a timer judges it by the new state if this process dies before it does. */
function dueNow(verdict: Verdict | undefined, now: Date): Verdict | undefined {
  return verdict && { ...verdict, dueAt: now.toISOString() };
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
