import { readable } from '../../../core/documents/alone.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { nodeRef, nodeSchema, nodesOf } from './documents.ts';

const nodesAtOnce = 200;

type Where = Parameters<BuildPorts['documents']['queryDocuments']>[0]['where'];

/**
 * The image of a build of this registry. A build's id is told in events, so one of another registry must not be found
 * by it.
 */
export async function readNode(
  { documents, registry }: Pick<BuildPorts, 'documents' | 'registry'>,
  build: string,
  image: Parameters<typeof nodeRef>[1],
): Promise<Stored<Node> | undefined> {
  const found = await readStored(documents, nodeSchema, nodeRef(build, image));
  return found?.document.registry === registry ? found : undefined;
}

export function ofRegistry(registry: BuildPorts['registry']): Where[number] {
  return { path: 'registry', is: '=', value: registry };
}

export async function* nodesWhere(
  { documents, registry, log }: Pick<BuildPorts, 'documents' | 'registry' | 'log'>,
  build: string,
  where: Where,
): AsyncIterable<Node> {
  const partition = [nodesOf(build)];
  const query = {
    container: 'builds' as const,
    partition,
    where: [ofRegistry(registry), ...where],
    limit: nodesAtOnce,
  };
  for await (const page of pagesOf(documents, query)) {
    for (const { document } of readable(log, nodeSchema, page, { container: 'builds', partition })) yield document;
  }
}
