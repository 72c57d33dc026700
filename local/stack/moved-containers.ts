import type { Container, Database, ItemDefinition } from '@azure/cosmos';

/** Containers that an earlier version made with a partition key of another name. */
const renamed = [{ name: 'builds', from: 'task', to: 'scope' }] as const;

type Renamed = (typeof renamed)[number];

/**
 * Moves what an earlier version has written under a partition key of another name. Cosmos DB changes the partition key of
 * no container and renames none, so the documents go to a second one and back into a new one of the old name. Broken off
 * anywhere, the next start goes on. `make` makes a container as it is now, where it is absent.
 */
export async function moveRenamed(
  database: Database,
  make: (like: string, name: string) => Promise<unknown>,
  progress: (line: string) => void,
): Promise<void> {
  for (const each of renamed) {
    const { name, from } = each;
    const via = `${name}-moving`;
    const all = await keysOf(database);
    const isOld = all.get(name) === `/${from}`;
    if (!isOld && !all.has(via)) continue;
    progress(`an earlier version wrote the container ${name}: moving its documents …`);
    if (isOld) {
      await make(name, via);
      await copy(database.container(name), database.container(via), each);
      await database.container(name).delete();
    }
    await make(name, name);
    await copy(database.container(via), database.container(name), each);
    await database.container(via).delete();
  }
}

async function keysOf(database: Database): Promise<Map<string, string | undefined>> {
  const { resources } = await database.containers.readAll().fetchAll();
  return new Map(resources.map(({ id, partitionKey }) => [id, partitionKey?.paths[0]]));
}

async function copy(source: Container, target: Container, names: Renamed): Promise<void> {
  for await (const { resources } of source.items.readAll<ItemDefinition>({ maxItemCount: 50 }).getAsyncIterator())
    await Promise.all(resources.map((item) => target.items.upsert(moved(item, names))));
}

/** The document without what the store itself has written into it, and with the key's property by its name of today. */
function moved(item: ItemDefinition, { from, to }: Renamed): ItemDefinition {
  const system = ['_rid', '_self', '_etag', '_attachments', '_ts'];
  return Object.fromEntries(
    Object.entries(item)
      .filter(([name]) => !system.includes(name))
      .map(([name, value]: [string, unknown]) => [name === from ? to : name, value]),
  );
}
