import { createRoute, z } from '@hono/zod-openapi';
import { absent, json, nextLinkSchema, pageSchema, repositoryIn } from '../../core/http/management.ts';
import { bytes, count, orderQuery, platformSchema, text, time } from './wire.ts';

const badgesSchema = z
  .object({
    signed: z.boolean().openapi({ description: 'True if it, or an image that it lists, has a signature.' }),
    sbom: z.boolean().openapi({ description: 'True if it, or an image that it lists, has an SBOM.' }),
    attested: z.boolean().openapi({ description: 'True if it, or an image that it lists, has an attestation.' }),
    locked: z
      .boolean()
      .openapi({ description: 'True if an attribute of the tag or the manifest forbids its deletion.' }),
    held: z.boolean().openapi({ description: 'True if a policy holds its manifest, as it was judged last.' }),
    quarantine: text('The state in which a scanner has put the manifest.').optional(),
    purgeDueAt: time('The time at which a purge policy judges it next.').optional(),
  })
  .openapi('ViewBadges', { description: 'What is known about an image beside its content.' });

const tagRowSchema = z
  .object({
    name: text('The name of the tag.'),
    digest: text('The digest of its manifest.'),
    mediaType: text('The media type of its manifest.'),
    artifactType: text('The type of an artifact that is no image.').optional(),
    pushedAt: time('The time at which the tag was last pushed.'),
    createdAt: time('The time at which the tag was first pushed.'),
    lastPull: time('The time of the last pull by this tag, without scanners and replication.').optional(),
    pulls30d: count('The number of pulls by this tag in the last 30 days.').optional(),
    bytes: bytes(
      'The bytes of the image, compressed as clients pull them; of an index, the sum of its platforms.',
    ).optional(),
    uniqueBytes: bytes('The bytes that nothing else needs, where they are known.').optional(),
    platforms: z.array(platformSchema).openapi({
      description: 'The platforms that it runs on, at most 32; attestations are none.',
    }),
    attestations: count('The number of attestations that its index lists.'),
    aliases: z.array(z.string()).openapi({ description: 'Other tags of the same digest, at most 10.' }),
    aliasCount: count('The number of all other tags of the same digest.'),
    badges: badgesSchema,
    regions: z
      .object({
        complete: count('The number of regions that have all of it.'),
        total: count('The number of regions that are to have it.'),
      })
      .optional()
      .openapi({ description: 'The regions that have it; absent where there is one region.' }),
  })
  .openapi('TagRow', { description: 'A tag with what is known about its image.' });
export type TagRow = z.infer<typeof tagRowSchema>;

export const totalSchema = {
  total: count('The number of all that match, on all pages.'),
  totalIsAtLeast: z.boolean().optional().openapi({
    description: 'True if counting has stopped early, so that there may be more.',
  }),
};

const tagOrders = ['name', 'pushed', 'pulled', 'size'] as const;

const tagsQuery = pageSchema.extend({
  repository: repositoryIn('The repository whose tags are listed.'),
  search: z.string().max(128).optional().openapi({
    example: 'v1.*',
    description: 'The beginning of the names, or a pattern in which * stands for any characters.',
  }),
  sort: z.enum(tagOrders).default('name').openapi({
    description:
      'What the tags are ordered by: numbers in names count as numbers, and tags that were never pulled come last.',
  }),
  order: orderQuery,
});
export type TagsQuery = z.infer<typeof tagsQuery>;

const tagsSchema = z
  .object({
    items: z.array(tagRowSchema).openapi({ description: 'The tags of this page.' }),
    ...totalSchema,
    ...nextLinkSchema,
  })
  .openapi('TagRows', { description: 'A page of the tags of a repository.' });
export type TagRows = Omit<z.infer<typeof tagsSchema>, 'nextLink'> & { readonly continuation?: string };

export const tagsRoute = createRoute({
  method: 'get',
  path: '/repositories/tags',
  operationId: 'listTags',
  summary: 'Lists the tags of a repository',
  description: 'Lists the tags of a repository with their images, sorted, searched and counted by the registry.',
  request: { query: tagsQuery },
  responses: { ...absent('repositoryNotFound'), 200: json('A page of tags.', tagsSchema) },
});

const manifestKinds = ['all', 'untagged', 'referrers'] as const;

const manifestRowSchema = z
  .object({
    digest: text('The digest of the manifest.'),
    mediaType: text('The media type of the manifest.'),
    artifactType: text('The type of an artifact that is no image.').optional(),
    subject: text('The digest of the manifest that it refers to.').optional(),
    pushedAt: time('The time at which it was last pushed.'),
    bytes: bytes('The bytes of the manifest and of what it lists, compressed as clients pull them.').optional(),
    tags: z.array(z.string()).openapi({ description: 'Tags that point at it, at most 10.' }),
    tagCount: count('The number of tags that point at it.'),
    platforms: z.array(platformSchema).openapi({ description: 'The platforms that it runs on, at most 32.' }),
  })
  .openapi('ManifestRow', { description: 'A manifest with the tags that point at it.' });
export type ManifestRow = z.infer<typeof manifestRowSchema>;

const manifestsQuery = pageSchema.extend({
  repository: repositoryIn('The repository whose manifests are listed.'),
  kind: z.enum(manifestKinds).default('all').openapi({
    description: 'All manifests, those that no tag, index or subject names, or those that refer to another one.',
  }),
  sort: z.enum(['pushed']).default('pushed').openapi({ description: 'What the manifests are ordered by.' }),
  order: orderQuery,
});
export type ManifestsQuery = z.infer<typeof manifestsQuery>;

const manifestsSchema = z
  .object({
    items: z.array(manifestRowSchema).openapi({ description: 'The manifests of this page.' }),
    ...nextLinkSchema,
  })
  .openapi('ManifestRows', { description: 'A page of the manifests of a repository.' });

export const manifestsRoute = createRoute({
  method: 'get',
  path: '/repositories/manifests',
  operationId: 'listManifests',
  summary: 'Lists the manifests of a repository',
  description: 'Lists the manifests of a repository by their digests, in the order of their last push.',
  request: { query: manifestsQuery },
  responses: { ...absent('repositoryNotFound'), 200: json('A page of manifests.', manifestsSchema) },
});
