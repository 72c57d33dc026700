import { z } from 'zod';
import { registrySchema, repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { RegistryName, Tag } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';

const when = z.iso.datetime();

/**
 * Of all images of one repository: whoever may push there names what is watched, and each is a request in every
 * interval.
 */
export const mostWatched = 300;

/**
 * A tag of another registry that images here are built on. It lies with its edges, and is made with the first of them.
 */
export const watchedSchema = z.object({
  ...documentShape('watched'),
  base: z.string(),
  registry: registrySchema,
  tag: tagSchema,
  /** Whose image was the first to be built on it: it counts among what that repository has watched. */
  first: repositorySchema.optional(),
  /** As of the last look; absent before the first. */
  digest: digestSchema.optional(),
  /** How often it was seen to move: so that each move is told of under an id of its own. */
  moves: z.int().nonnegative(),
  /** When it is looked at next. */
  dueAt: when,
  checkedAt: when.optional(),
  failures: z.int().nonnegative(),
  /** Why the last look failed. */
  error: z.string().optional(),
});
export type Watched = z.infer<typeof watchedSchema>;

export function watchedRef(base: string, tag: Tag): DocumentRef {
  return { container: 'dependencies', partition: [base], id: `watched:${tag}` };
}

/** What may be asked of one registry, whoever asks: counted by the minute. */
export const upstreamSchema = z.object({
  ...documentShape('upstream'),
  registry: registrySchema,
  host: z.string(),
  minute: z.string(),
  used: z.int().nonnegative(),
  /** It has asked for patience until then. */
  notBefore: when.optional(),
});
export type Upstream = z.infer<typeof upstreamSchema>;

export function upstreamRef(registry: RegistryName, host: string): DocumentRef {
  return {
    container: 'registries',
    partition: [registry],
    id: `upstream:${host.replaceAll(/[^a-zA-Z0-9.:[\]-]/g, '_')}`,
  };
}

/**
 * Another registry that is asked, and who this one is there: nobody in particular without a user. The password is a
 * secret of the vault.
 */
export const upstreamLoginSchema = z.object({
  ...documentShape('upstream-login'),
  registry: registrySchema,
  host: z.string(),
  username: z.string().optional(),
  /** Its name in the vault. */
  secret: z.string().optional(),
  realm: z.string().optional(),
  updatedAt: when,
});
export type UpstreamLogin = z.infer<typeof upstreamLoginSchema>;

export function upstreamLoginRef(registry: RegistryName, host: string): DocumentRef {
  return {
    container: 'registries',
    partition: [registry],
    id: `upstream-login:${host.replaceAll(/[^a-zA-Z0-9.:[\]-]/g, '_')}`,
  };
}

export interface UpstreamSettings {
  /** Between two looks at a tag, give or take a tenth. In milliseconds. */
  readonly intervalMs: number;
  /** Requests for manifests, of each registry. */
  readonly perMinute: number;
  /** Registries whose tags are looked at whoever names them; absent, the usual ones. */
  readonly hosts?: readonly string[];
}

/** Public registries, which anybody may ask. */
export const usualUpstreamHosts: readonly string[] = [
  'docker.io',
  'gcr.io',
  'ghcr.io',
  'mcr.microsoft.com',
  'public.ecr.aws',
  'quay.io',
  'registry.gitlab.com',
  'registry.k8s.io',
];
