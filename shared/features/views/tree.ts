import { z } from 'zod';
import type { ListPorts } from './ports.ts';
import type { TreeQuery } from './repositories-wire.ts';

const placeSchema = z.object({ after: z.string() });

/** So many names are looked up for one page: each is a folder or a repository that is shown. */
const namesAtOnce = 100;

interface Branch {
  readonly name: string;
  readonly kind: 'folder' | 'repository';
}

/**
 * Returns what is directly below a prefix. Behind a folder the index goes on at the first name that is not in it, so a
 * page costs the folders that it shows and not the repositories in them. Throws `RegistryError` (`request-invalid`).
 */
export async function treePage(
  ports: ListPorts,
  { prefix = '', limit, continuation }: TreeQuery,
): Promise<{ readonly items: Branch[]; readonly continuation?: string }> {
  const list = ['tree', ports.registry, prefix];
  let after = ports.places.open(list, continuation, placeSchema)?.after;
  const items: Branch[] = [];
  for (;;) {
    const { names, more } = await namesBehind(ports, prefix, after, Math.min(namesAtOnce, limit + 1));
    for (const name of names) {
      if (after !== undefined && name < after) continue;
      if (items.length === limit && after !== undefined)
        return { items, continuation: ports.places.seal(list, { after }) };
      const branch = branchOf(name, prefix);
      items.push(branch);
      // Names in a folder stand between its slash and the character behind that.
      after = branch.kind === 'folder' ? `${branch.name.slice(0, -1)}0` : `${name}!`;
    }
    if (!more) return { items };
  }
}

function branchOf(name: string, prefix: string): Branch {
  const slash = name.indexOf('/', prefix.length);
  return slash === -1 ? { name, kind: 'repository' } : { name: name.slice(0, slash + 1), kind: 'folder' };
}

const entrySchema = z.object({ repository: z.string() });

async function namesBehind(
  { documents, registry }: ListPorts,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<{ readonly names: readonly string[]; readonly more: boolean }> {
  const page = await documents.queryDocuments({
    container: 'registries',
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'repository' },
      { path: 'state', is: '=', value: 'live' },
      { path: 'repository', is: '>=', value: after ?? prefix },
      // A tilde stands behind all that names contain.
      { path: 'repository', is: '<', value: `${prefix}~` },
    ],
    orderBy: { path: 'repository', direction: 'asc' },
    limit,
  });
  return {
    names: page.documents.map(({ document }) => entrySchema.parse(document).repository),
    more: page.continuation !== undefined,
  };
}
