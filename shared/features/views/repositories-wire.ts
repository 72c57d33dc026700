import { createRoute, z } from '@hono/zod-openapi';
import { json, nextLinkSchema, pageSchema } from '../../core/http/management.ts';
import { totalSchema } from './tags-wire.ts';
import { bytes, count, orderQuery, text, time } from './wire.ts';

const attribute = (description: string) => z.boolean().openapi({ description });

const repositoryRowSchema = z
  .object({
    name: text('The name of the repository.'),
    tags: count('The number of its tags, by the last survey.').optional(),
    manifests: count('The number of its manifests; an index and its children count one each.').optional(),
    bytes: bytes('The bytes of its manifests and stored blobs, each counted once.').optional(),
    uniqueBytes: bytes('The bytes that no other repository needs, by the last survey.').optional(),
    pulls: count('The number of pulls of its manifests over all time.').optional(),
    lastPush: time('The time of the last push.').optional(),
    lastPull: time('The time of the last pull, without scanners and replication.').optional(),
    createdAt: time('The time of its first push.'),
    attributes: z
      .object({
        deleteEnabled: attribute('False if nothing of it may be deleted.'),
        writeEnabled: attribute('False if nothing of it may be written.'),
        listEnabled: attribute('False if clients do not find it in the catalog.'),
        readEnabled: attribute('False if nothing of it may be pulled.'),
      })
      .openapi({ description: 'The attributes that forbid something.' }),
  })
  .openapi('RepositoryRow', { description: 'A repository with its figures.' });
export type RepositoryRow = z.infer<typeof repositoryRowSchema>;

const prefix = z.string().max(256).optional().openapi({
  example: 'team/',
  description: 'The beginning of the names; absent, all repositories.',
});

const repositoryOrders = ['name', 'pushed', 'pulled', 'size'] as const;

const repositoriesQuery = pageSchema.extend({
  prefix,
  search: z.string().max(256).optional().openapi({
    example: 'app',
    description: 'A part of the names, or a pattern in which * stands for any characters.',
  }),
  sort: z.enum(repositoryOrders).default('name').openapi({
    description: 'What the repositories are ordered by: those of which it is not known come last.',
  }),
  order: orderQuery,
});
export type RepositoriesQuery = z.infer<typeof repositoriesQuery>;

const repositoriesSchema = z
  .object({
    items: z.array(repositoryRowSchema).openapi({ description: 'The repositories of this page.' }),
    ...totalSchema,
    ...nextLinkSchema,
  })
  .openapi('RepositoryRows', { description: 'A page of the repositories.' });

export const repositoriesRoute = createRoute({
  method: 'get',
  path: '/repositories',
  operationId: 'listRepositories',
  summary: 'Lists the repositories with their figures',
  description: 'Lists the repositories with their figures, sorted, searched and counted by the registry.',
  request: { query: repositoriesQuery },
  responses: { 200: json('A page of repositories.', repositoriesSchema) },
});

const treeQuery = pageSchema.extend({ prefix });
export type TreeQuery = z.infer<typeof treeQuery>;

const treeSchema = z
  .object({
    items: z
      .array(
        z.object({
          name: text('The whole name of the repository, or of the folder with its slash.'),
          kind: z.enum(['folder', 'repository']).openapi({ description: 'The kind of what is there.' }),
        }),
      )
      .openapi({ description: 'The repositories and folders directly below the prefix.' }),
    ...nextLinkSchema,
  })
  .openapi('RepositoryTree', { description: 'A page of one level of the names of repositories.' });

export const treeRoute = createRoute({
  method: 'get',
  path: '/repositories/tree',
  operationId: 'listRepositoryTree',
  summary: 'Lists one level of the repositories',
  description: 'Lists the repositories and folders directly below a prefix, which ends with a slash.',
  request: { query: treeQuery },
  responses: { 200: json('A page of repositories and folders.', treeSchema) },
});
