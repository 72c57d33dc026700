import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { CountDocuments, QueryDocuments } from '../../core/ports/documents.ts';
import { attributePatchIn, patchedAttributes, patchStored } from './attributes.ts';
import { deleteRepository } from './delete-repository.ts';
import type { AcrPorts } from './ports.ts';
import type { Whereabouts } from './shapes.ts';
import { repositoryShape } from './shapes.ts';

/** Answers `GET`, `PATCH` and `DELETE /acr/v1/{name}`. */
export async function respondRepository(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  request: Request,
  by: RecycledBy,
): Promise<Response> {
  if (request.method === 'DELETE') return Response.json(await deleteRepository(ports, key, by), { status: 202 });
  const finding = request.method === 'PATCH' ? patchRepository(ports, key, request) : findRepository(ports, key);
  const [entry, figures] = await Promise.all([finding, figuresOf(ports.documents, key)]);
  const lastUpdatedAt = [entry.createdAt, ...figures.updates].reduce((latest, each) => (each > latest ? each : latest));
  return Response.json(repositoryShape(where, entry, { ...figures, lastUpdatedAt }));
}

async function findRepository(ports: AcrPorts, key: RepositoryKey): Promise<RepositoryDocument> {
  const entry = await readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key));
  if (entry?.document.state !== 'live') throw unknown(key);
  return entry.document;
}

async function patchRepository(ports: AcrPorts, key: RepositoryKey, request: Request): Promise<RepositoryDocument> {
  const patch = await attributePatchIn(request);
  const change = (entry: RepositoryDocument) => {
    if (entry.state !== 'live') throw unknown(key);
    return patchedAttributes(entry.attributes, patch);
  };
  const patched = await patchStored(ports.documents, {
    ref: repositoryRef(key),
    schema: repositoryDocumentSchema,
    absent: unknown(key),
    change,
  });
  // This instance follows the change at once, others within `entryFreshness`.
  ports.entries.remember(patched);
  return patched.document;
}

function unknown({ repository }: RepositoryKey): RegistryError {
  return new RegistryError({ is: 'name-unknown', name: repository });
}

/** Counts by the index at the time of the request: a counter on the entry would be a lock that all pushes share. */
async function figuresOf(documents: CountDocuments & QueryDocuments, key: RepositoryKey) {
  const [manifestCount, tagCount, ...updates] = await Promise.all([
    count(documents, key, 'manifest'),
    count(documents, key, 'tag'),
    latestUpdate(documents, key, 'manifest'),
    latestUpdate(documents, key, 'tag'),
  ]);
  return { manifestCount, tagCount, updates: updates.filter((each) => each !== undefined) };
}

function count(documents: CountDocuments, key: RepositoryKey, type: 'manifest' | 'tag'): Promise<number> {
  return documents.countDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'starts-with', value: `${type}:` }],
  });
}

async function latestUpdate(
  documents: QueryDocuments,
  key: RepositoryKey,
  type: 'manifest' | 'tag',
): Promise<string | undefined> {
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'byTime', is: 'starts-with', value: `${type}:` }],
    orderBy: { path: 'byTime', direction: 'desc' },
    limit: 1,
  });
  const updatedAt = page.documents[0]?.document.updatedAt;
  return typeof updatedAt === 'string' ? updatedAt : undefined;
}
