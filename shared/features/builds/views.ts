import { defined } from '../../core/documents/defined.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type { BuildViews } from '../../core/ports/views.ts';
import type { Build } from './plan/documents.ts';
import { buildSchema, listOf, nodeSchema, nodesOf, queueRef, queueSchema } from './plan/documents.ts';

const mostShown = 10;

/** Makes what views show of builds. */
export function buildViews(documents: ReadDocument & QueryDocuments, registry: RegistryName): BuildViews {
  return {
    async builds() {
      const query = {
        container: 'builds' as const,
        partition: [listOf(registry)],
        where: [
          { path: 'type', is: '=' as const, value: 'build' },
          { path: 'counts.failed', is: '>' as const, value: 0 },
        ],
        orderBy: { path: 'endedAt', direction: 'desc' as const },
        limit: mostShown,
      };
      const [queue, failed] = await Promise.all([
        readStored(documents, queueSchema, queueRef(registry)),
        documents.queryDocuments(query),
      ]);
      const builds = failed.documents.map((found) => parseStored(buildSchema, found, query).document);
      return {
        running: queue?.document.active.length ?? 0,
        queued: queue?.document.waiting.length ?? 0,
        failed: await Promise.all(builds.map((build) => failureOf(documents, build))),
      };
    },
  };
}

async function failureOf(documents: QueryDocuments, { build, roots, createdAt, endedAt = createdAt }: Build) {
  const query = {
    container: 'builds' as const,
    partition: [nodesOf(build)],
    where: [
      { path: 'type', is: '=' as const, value: 'node' },
      { path: 'state', is: '=' as const, value: 'failed' },
    ],
    limit: 1,
  };
  const [node] = (await documents.queryDocuments(query)).documents.map(
    (found) => parseStored(nodeSchema, found, query).document,
  );
  const [root] = roots;
  const image = node === undefined ? `${root?.base ?? ''}:${root?.tag ?? ''}` : `${node.repository}:${node.tag}`;
  return { id: build, image, finishedAt: endedAt, ...defined({ reason: node?.because }) };
}
