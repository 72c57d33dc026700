import { isListed } from '../../core/admission/locks.ts';
import { repositoryDocumentSchema } from '../../core/documents/repository.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { requireAccess } from '../../core/http/access.ts';
import { nextPage, pageSizeIn } from '../../core/http/page.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName, RepositoryName } from '../../core/oci/name.ts';
import type { Access, Caller } from '../../core/ports/authorize.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { RegistryPorts } from './ports.ts';
import { openPlace, sealPlace } from './sealed-place.ts';

const pageSizes = { usual: 100, largest: 1_000 };

/**
 * Bounds the reads of one request for a caller that may see few repositories: this many queries of this many entries,
 * then a page that may be short.
 */
const maxQueries = 10;
const fewestAtOnce = 100;

const wholeCatalog: Access = { type: 'registry', name: 'catalog', action: '*' };

/**
 * Answers `GET /v2/_catalog` and `/acr/v1/_catalog`, with `n`, `last` and `Link`: the repositories that the caller may
 * read, in order.
 */
export async function respondCatalog(
  ports: RegistryPorts,
  registry: RegistryName,
  caller: Caller,
  request: Request,
): Promise<Response> {
  const url = new URL(request.url);
  const n = pageSizeIn(url.searchParams, pageSizes);
  const last = startBehind(ports, url.searchParams.get('last') ?? undefined);
  // A caller without credentials is challenged once, even where a part of the catalog is public: clients only then log
  // in. So is a token for another scope: `@azure/container-registry` sends its last one, and would take the part that
  // it sees for all.
  if (!request.headers.has('authorization') || caller.withoutCatalog === true) requireAccess(caller, [wholeCatalog]);
  const { repositories, next } = await visiblePage(ports, registry, caller, { n, last });
  const headers = next === undefined ? {} : nextPage(url.pathname, Object.entries({ last: next, n: String(n) }));
  return Response.json({ repositories }, { headers });
}

function startBehind(ports: RegistryPorts, last: string | undefined): string | undefined {
  if (last === undefined || last === '') return undefined;
  const place = openPlace(last, ports.settings.uploadKey);
  if (place === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: 'last is not a position in this catalog: follow the Link of the page before, or start again without it',
    });
  return place;
}

interface CatalogPage {
  readonly repositories: readonly RepositoryName[];
  readonly next?: string;
}

/** Fills a page although some repositories are left out, within `maxQueries`. */
async function visiblePage(
  ports: RegistryPorts,
  registry: RegistryName,
  caller: Caller,
  page: { n: number; last: string | undefined },
): Promise<CatalogPage> {
  const visible: RepositoryName[] = [];
  let last = page.last;
  for (let queries = 0; queries < maxQueries; queries++) {
    const { names, more } = await namesBehind(
      ports,
      registry,
      last,
      Math.max(page.n + 1 - visible.length, fewestAtOnce),
    );
    visible.push(...names.filter((name) => maySee(caller, name)));
    if (visible.length > page.n) return pageOf(visible, page.n);
    if (!more) return { repositories: visible };
    last = names.at(-1) ?? last;
  }
  return last === undefined
    ? { repositories: visible }
    : { repositories: visible, next: sealPlace(last, ports.settings.uploadKey) };
}

function pageOf(visible: readonly RepositoryName[], n: number): CatalogPage {
  const repositories = visible.slice(0, n);
  const next = repositories.at(-1);
  return next === undefined ? { repositories } : { repositories, next };
}

function maySee(caller: Caller, name: RepositoryName): boolean {
  return caller.may(wholeCatalog) || caller.may({ type: 'listing', name, action: 'read' });
}

async function namesBehind(
  ports: RegistryPorts,
  registry: RegistryName,
  last: string | undefined,
  limit: number,
): Promise<{ names: RepositoryName[]; more: boolean }> {
  const partition = [registry];
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'repository' },
    { path: 'state', is: '=', value: 'live' },
    isListed,
  ];
  if (last !== undefined) where.push({ path: 'repository', is: '>', value: last });
  const page = await ports.documents.queryDocuments({
    container: 'registries',
    partition,
    where,
    orderBy: { path: 'repository', direction: 'asc' },
    limit,
  });
  const names = page.documents.map(
    (found) => parseStored(repositoryDocumentSchema, found, { container: 'registries', partition }).document.repository,
  );
  return { names, more: page.continuation !== undefined };
}
