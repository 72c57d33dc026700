import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../core/documents/defined.ts';
import { absent, conflicting, json, repositoryIn } from '../../core/http/management.ts';
import { countMatches } from './bulk-matches.ts';
import type { BulkPorts } from './bulk-work.ts';
import { requireRepository } from './tags.ts';
import { count, text } from './wire.ts';

const previewQuery = z.object({
  repository: repositoryIn('The repository of the tags.'),
  search: z.string().max(128).optional().openapi({
    example: 'pr-*',
    description: 'The beginning of the names of tags, or a pattern in which * stands for any characters.',
  }),
  pushedBefore: z.iso.datetime().optional().openapi({
    description: 'Only what was last pushed before this time is counted.',
    format: 'date-time',
  }),
});

const previewSchema = z
  .object({
    repository: text('The repository of the tags.'),
    matched: count('The number of tags that match now. Sent as `expected`, it keeps a deletion from taking others.'),
  })
  .openapi('BulkDeletionPreview', { description: 'The number of tags that a bulk deletion would take.' });

export const bulkPreviewRoute = createRoute({
  method: 'get',
  path: '/repositories/deletion',
  operationId: 'previewBulkDeletion',
  summary: 'Counts what a bulk deletion would take',
  description: 'Counts the tags that match by their names and by the time of their last push; nothing is deleted.',
  request: { query: previewQuery },
  responses: {
    ...absent('repositoryNotFound'),
    ...conflicting('tooManyToCount'),
    200: json('The number of tags that match.', previewSchema),
  },
});

/** Counts what a bulk deletion would take now. Throws `RegistryError` (`thing-unknown`, `conflict`). */
export async function previewBulk(
  ports: Pick<BulkPorts, 'documents' | 'registry' | 'clock'>,
  { repository, search, pushedBefore }: z.infer<typeof previewQuery>,
): Promise<z.infer<typeof previewSchema>> {
  const key = { registry: ports.registry, repository };
  await requireRepository(ports.documents, key);
  const createdAt = ports.clock.now().toISOString();
  const matched = await countMatches(ports, { ...key, createdAt, ...defined({ search, pushedBefore }) });
  return { repository, matched };
}
