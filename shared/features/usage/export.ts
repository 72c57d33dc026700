import { eachPage } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentQuery, Predicate, QueryDocuments, VersionedDocument } from '../../core/ports/documents.ts';
import { daySchema, imagePullsSchema, wholeRegistry } from './counters.ts';
import type { Period } from './period.ts';

/** The subject of one row: a repository on one day, or an image over all time. */
export type ExportOf = 'repositories' | 'images';

type Cell = string | number | undefined;

const tables: Readonly<
  Record<
    ExportOf,
    {
      readonly columns: readonly string[];
      readonly row: (found: VersionedDocument, where: DocumentQuery) => readonly Cell[];
    }
  >
> = {
  repositories: {
    columns: ['day', 'repository', 'pulls', 'heads', 'blob_pulls', 'pushes', 'last_pull', 'last_push'],
    row: (found, where) => {
      const { day, repository, pulls, heads, blobPulls, pushes, lastPull, lastPush } = parseStored(
        daySchema,
        found,
        where,
      ).document;
      return [day, repository, pulls, heads, blobPulls, pushes, lastPull, lastPush];
    },
  },
  images: {
    columns: ['repository', 'tag', 'digest', 'pulls', 'heads', 'pushes', 'last_pull', 'last_head', 'last_push'],
    row: (found, where) => {
      const { repository, of, name, pulls, heads, pushes, lastPull, lastHead, lastPush } = parseStored(
        imagePullsSchema,
        found,
        where,
      ).document;
      return [
        repository,
        of === 'tag' ? name : undefined,
        of === 'digest' ? name : undefined,
        pulls,
        heads,
        pushes,
        lastPull,
        lastHead,
        lastPush,
      ];
    },
  },
};

const pageSize = 500;

/**
 * Exports a table as CSV (RFC 4180), a page of the store at a time as the client reads. The first page is read before
 * the answer begins; a failure later breaks the answer off, so that no part passes for the whole. Throws
 * `StoreFailure`.
 */
export async function exportTable(
  documents: QueryDocuments,
  registry: RegistryName,
  of: ExportOf,
  period: Period,
): Promise<ReadableStream<Uint8Array>> {
  const { columns, row } = tables[of];
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: conditions(of, registry, period),
    limit: pageSize,
  };
  const text = (documents: readonly VersionedDocument[]) =>
    documents.map((found) => lineOf(row(found, query))).join('');
  const pages = eachPage(documents, query);
  const first = await pages.next();
  let isLast = first.done === true || first.value.isLast;
  let next = lineOf(columns) + (first.done === true ? '' : text(first.value.documents));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A page may be empty and not the last.
        while (next === '' && !isLast) {
          const page = await pages.next();
          isLast = page.done === true || page.value.isLast;
          if (page.done !== true) next = text(page.value.documents);
        }
        if (next !== '') controller.enqueue(Buffer.from(next));
        next = '';
        if (isLast) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function conditions(of: ExportOf, registry: RegistryName, { from, to }: Period): Predicate[] {
  if (of === 'images') return [{ path: 'type', is: '=', value: 'usage-pulls' }];
  return [
    { path: 'type', is: '=', value: 'usage-day' },
    { path: 'repository', is: '!=', value: wholeRegistry(registry).repository },
    { path: 'day', is: '>=', value: from.toISOString().slice(0, 10) },
    { path: 'day', is: '<=', value: new Date(to.getTime() - 1).toISOString().slice(0, 10) },
  ];
}

/**
 * Writes a line. No cell needs quotes: names, digests, numbers and times hold no comma, and none begins as a formula
 * does.
 */
function lineOf(cells: readonly Cell[]): string {
  return `${cells.map((cell) => cell ?? '').join(',')}\r\n`;
}
