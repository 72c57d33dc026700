import type { OpenAPIHono } from '@hono/zod-openapi';
import { binnedDocumentSchema, binnedTagSchema } from '../../../core/documents/bin.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { documentsOf, firstOf } from '../../../core/documents/pages.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import type { Cause } from '../../../core/events/envelope.ts';
import { causeIn } from '../../../core/http/management.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { VersionedDocument } from '../../../core/ports/documents.ts';
import type { BinPorts } from '../ports.ts';
import { manifestsOfGroup, purgeGroup, tagsOfGroup } from '../purge.ts';
import { reconcilingWith } from '../reconcile.ts';
import { binnedTagsOf, restoreManifest, restoreTag } from '../restore.ts';
import type { RestoredGroup } from '../restore-group.ts';
import { restoreGroup } from '../restore-group.ts';
import type { SoftDelete } from '../soft-delete.ts';
import { softDeleteRef } from '../soft-delete.ts';
import { listDeletions } from './deletions.ts';
import type { BinEntry, Wanted } from './wire.ts';
import { binTag, entryOf, routes } from './wire.ts';

export interface BinManagementPorts extends BinPorts {
  readonly softDelete: SoftDelete;
  readonly registry: RegistryName;
  readonly places: Places;
}

/** Makes the routes `/bin` and `/soft-delete` of the API. */
export function binRoutes(ports: BinManagementPorts): OpenAPIHono {
  const api = managementRoutes(binTag);
  settingsRoutes(api, ports);
  readingRoutes(api, ports);
  changingRoutes(api, ports);
  return api;
}

function settingsRoutes(api: OpenAPIHono, { documents, clock, registry, softDelete }: BinManagementPorts): void {
  api.openapi(routes.readSettings, async (context) => context.json(await softDelete.read(registry), 200));
  api.openapi(routes.putSettings, async (context) => {
    const settings = context.req.valid('json');
    const document = {
      id: softDeleteRef(registry).id,
      type: 'soft-delete',
      schemaVersion: 1,
      registry,
      ...settings,
      updatedAt: clock.now().toISOString(),
    };
    await documents.commitDocuments('registries', [registry], [{ do: 'upsert', document }]);
    softDelete.forget();
    return context.json(settings, 200);
  });
}

function readingRoutes(api: OpenAPIHono, ports: BinManagementPorts): void {
  const { documents, registry } = ports;
  api.openapi(routes.list, async (context) => {
    const { repository, limit, continuation } = context.req.valid('query');
    const page = await documents.queryDocuments({
      container: 'repositories',
      partition: repository === undefined ? [registry] : [registry, repository],
      where: [{ path: 'type', is: 'in', values: ['binned', 'binned-tag'] }],
      orderBy: { path: 'recycled.recycledAt', direction: 'asc' },
      limit,
      ...defined({ continuation }),
    });
    const items = page.documents.map(entryIn);
    return context.json({ items, entries: items, ...nextLink(context.req, page.continuation) }, 200);
  });
  // A word beside ids, so it comes first.
  api.openapi(routes.deletions, async (context) => {
    const { items, continuation } = await listDeletions({ ...ports, entryIn }, context.req.valid('query'));
    return context.json({ items: [...items], ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(routes.read, async (context) => {
    const { group } = context.req.valid('param');
    const items = await entriesOf(ports, await keyOfGroup(ports, context.req.valid('query').repository, group), group);
    return context.json({ items, count: items.length }, 200);
  });
}

function changingRoutes(api: OpenAPIHono, ports: BinManagementPorts): void {
  api.openapi(routes.restore, async (context) =>
    context.json(await restore(ports, context.req.valid('json'), causeIn(context)), 200),
  );
  api.openapi(routes.purge, async (context) => {
    const { repository, group, count } = context.req.valid('json');
    const key = await keyOfGroup(ports, repository, group);
    const there = (await entriesOf(ports, key, group)).length;
    if (there !== count)
      throw new RegistryError({
        is: 'conflict',
        code: 'countChanged',
        why:
          `the deletion has ${there} entries in the recycle bin, not ${count}: read it again by GET ` +
          `/api/v1/bin/${group}, and send the count that it has`,
      });
    return context.json(await purgeGroup(ports, key, group, causeIn(context)), 200);
  });
}

function entryIn(found: VersionedDocument): BinEntry {
  const where = { container: 'repositories' };
  return entryOf(
    found.document.type === 'binned'
      ? parseStored(binnedDocumentSchema, found, where).document
      : parseStored(binnedTagSchema, found, where).document,
  );
}

/**
 * Returns the entries of a deletion. Throws `RegistryError` (`thing-unknown`) if nothing of it is in the recycle bin.
 */
async function entriesOf(ports: BinManagementPorts, key: RepositoryKey, group: string): Promise<BinEntry[]> {
  const [manifests, tags] = await Promise.all([manifestsOfGroup(ports, key, group), tagsOfGroup(ports, key, group)]);
  const entries = [...manifests, ...tags].map(({ document }) => entryOf(document));
  if (entries.length === 0)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'deletionNotFound',
      what: `deletion "${group}" in the recycle bin of ${key.repository}`,
    });
  return entries;
}

/**
 * Returns the repository of a deletion: the one that the caller names, or else the one of its entries. Throws
 * `RegistryError` (`thing-unknown`).
 */
async function keyOfGroup(
  { documents, registry }: BinManagementPorts,
  repository: RepositoryKey['repository'] | undefined,
  group: string,
): Promise<RepositoryKey> {
  if (repository !== undefined) return { registry, repository };
  const where = [
    { path: 'type', is: 'in' as const, values: ['binned', 'binned-tag'] },
    { path: 'recycled.group', is: '=' as const, value: group },
  ];
  const [found] = await firstOf(
    1,
    documentsOf(documents, { container: 'repositories', partition: [registry], where, limit: 1 }),
  );
  if (found !== undefined) return { registry, repository: entryIn(found).repository as RepositoryKey['repository'] };
  throw new RegistryError({
    is: 'thing-unknown',
    code: 'deletionNotFound',
    what: `deletion "${group}" in the recycle bin`,
  });
}

async function restore(
  ports: BinManagementPorts,
  { repository, group, digest, tag }: Wanted,
  cause: Cause,
): Promise<RestoredGroup> {
  if (group !== undefined) {
    const key = await keyOfGroup(ports, repository, group);
    await entriesOf(ports, key, group);
    return restoreGroup(ports, key, group, cause);
  }
  if (digest === undefined || repository === undefined)
    throw new RegistryError({ is: 'request-invalid', why: 'the body must have "group", or "repository" and "digest"' });
  const key = { registry: ports.registry, repository };
  if (tag !== undefined) {
    const outcome = await restoreTag(reconcilingWith(ports), key, digest, tag, cause);
    if (outcome === 'not there')
      throw new RegistryError({
        is: 'thing-unknown',
        code: 'tagNotFound',
        what: `tag "${tag}" of ${digest} in the recycle bin of ${repository}`,
      });
    return { manifests: [], tags: outcome === 'restored' ? [tag] : [], taken: outcome === 'taken' ? [tag] : [] };
  }
  return restoreOne(ports, key, digest, cause);
}

async function restoreOne(
  ports: BinManagementPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<RestoredGroup> {
  const tagsInBin = async () => (await binnedTagsOf(ports, key, digest)).map(({ document }) => document);
  const along = (tags: Awaited<ReturnType<typeof tagsInBin>>) =>
    tags.filter(({ recycled }) => !recycled.asked).map(({ name }) => name);
  const there = await tagsInBin();
  const before = along(there);
  if (!(await restoreManifest(reconcilingWith(ports), key, digest, cause)))
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'manifestNotFound',
      what: `manifest ${digest} in the recycle bin of ${key.repository}`,
      ...defined({ hint: tagHint(there.map(({ name }) => name)) }),
    });
  const taken = along(await tagsInBin());
  return { manifests: [digest], tags: before.filter((name) => !taken.includes(name)), taken };
}

function tagHint(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}`;
  return `its tags ${shown} are in it, so name one of them as "tag" beside the digest`;
}
