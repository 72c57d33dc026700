import { readable } from '../../../core/documents/alone.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { nodeSchema, nodesOf } from './documents.ts';

const nodesAtOnce = 200;

type Where = Parameters<BuildPorts['documents']['queryDocuments']>[0]['where'];

export async function* nodesWhere(
  { documents, log }: Pick<BuildPorts, 'documents' | 'log'>,
  build: string,
  where: Where,
): AsyncIterable<Node> {
  const partition = [nodesOf(build)];
  for await (const page of pagesOf(documents, { container: 'builds', partition, where, limit: nodesAtOnce })) {
    for (const { document } of readable(log, nodeSchema, page, { container: 'builds', partition })) yield document;
  }
}
