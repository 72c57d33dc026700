import type { Container, Database, PatchOperation, SqlQuerySpec } from '@azure/cosmos';

/**
 * Properties that an earlier version had for the time at which a document is due, by type. A timer looks for `dueAt`
 * alone: what lies under another name would never be done.
 */
const renamed = [
  { container: 'blobs', types: ['copy'], from: 'tryAt' },
  { container: 'builds', types: ['node'], from: 'tryAt' },
  { container: 'deliveries', types: ['delivery'], from: 'nextAttemptAt' },
  { container: 'registries', types: ['webhook-health', 'webhook-redelivery'], from: 'at' },
] as const;

type Renamed = (typeof renamed)[number];

/** Returns the paths of the partition key of a container. */
type KeyOf = (container: string) => readonly string[];

const documentsOnPage = 100;

/**
 * Gives what an earlier version has left to do its property by its name of today. Broken off anywhere, the next start
 * goes on.
 */
export async function renameDue(database: Database, keyOf: KeyOf, progress: (line: string) => void): Promise<void> {
  for (const each of renamed) {
    const count = await rename(database.container(each.container), keyOf(each.container), each);
    if (count > 0)
      progress(`an earlier version left ${count} documents in ${each.container} that wait: they are due as before`);
  }
}

async function rename(container: Container, key: readonly string[], { types, from }: Renamed): Promise<number> {
  let count = 0;
  for (const type of types) {
    const query = {
      query: `SELECT * FROM c WHERE c.type = @type AND c["${from}"] >= ""`,
      parameters: [{ name: '@type', value: type }],
    };
    // Each page is the first one, because a renamed document is found no more.
    for (let found = await firstOf(container, query); found.length > 0; found = await firstOf(container, query)) {
      await Promise.all(
        found.map((item) => {
          const partition = key.map((path) => item[path.slice(1)] as string);
          const dueAt = item[from] as string;
          return container
            .item(item.id, partition)
            .patch([{ op: 'add', path: '/dueAt', value: dueAt }, { op: 'remove', path: `/${from}` }, ...wantedBy(item)])
            .catch(unlessGone);
        }),
      );
      count += found.length;
    }
  }
  return count;
}

/** A document may expire between the query and the patch. */
function unlessGone(error: unknown): void {
  if ((error as { readonly code?: unknown }).code !== 404) throw error;
}

/**
 * Says for which registries a copy is wanted that was planned before copies said so: where there are several, each makes
 * those that it wants.
 */
function wantedBy({ type, images, wantedBy }: Item): PatchOperation[] {
  if (type !== 'copy' || wantedBy !== undefined || !Array.isArray(images) || images.length === 0) return [];
  const registries = new Set((images as { readonly registry: string }[]).map(({ registry }) => registry));
  return [{ op: 'add', path: '/wantedBy', value: [...registries].map((registry) => ({ registry })) }];
}

interface Item {
  readonly id: string;
  readonly [property: string]: unknown;
}

async function firstOf(container: Container, query: SqlQuerySpec): Promise<Item[]> {
  return (await container.items.query<Item>(query, { maxItemCount: documentsOnPage }).fetchNext()).resources;
}
