import { defined } from '../../../core/documents/defined.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Build } from './documents.ts';
import { buildSchema, listOf } from './documents.ts';

interface Page {
  readonly limit?: number;
  readonly continuation?: string | undefined;
}

/** Reads a registry's builds, the newest first. */
export async function buildsOf(
  { documents, registry }: Pick<BuildPorts, 'documents' | 'registry'>,
  { limit = 20, continuation }: Page = {},
): Promise<{ builds: Build[]; continuation?: string }> {
  const partition = [listOf(registry)];
  const page = await documents.queryDocuments({
    container: 'builds',
    partition,
    where: [{ path: 'type', is: '=', value: 'build' }],
    orderBy: { path: 'createdAt', direction: 'desc' },
    limit,
    ...defined({ continuation }),
  });
  const builds = page.documents.map(
    (found) => parseStored(buildSchema, found, { container: 'builds', partition }).document,
  );
  return { builds, ...defined({ continuation: page.continuation }) };
}

/** Reads the builds that an explanation considers. */
export async function latestBuilds(ports: Pick<BuildPorts, 'documents' | 'registry'>): Promise<Build[]> {
  return (await buildsOf(ports, { limit: 50 })).builds;
}
