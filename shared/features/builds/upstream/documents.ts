import { z } from 'zod';
import { registrySchema, repositorySchema, tagSchema, unnamedRegistry } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { RegistryName, Tag } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';

const when = z.iso.datetime();

/**
 * The most tags that are watched for all images of one repository: anybody who may push there names what is watched,
 * and each costs a request in every interval.
 */
export const mostWatched = 300;

/**
 * A tag of another registry that images here are built on. It is stored with its edges, and is created with the first
 * of them.
 */
export const watchedSchema = z.object({
  ...documentShape('watched'),
  base: z.string(),
  registry: registrySchema,
  tag: tagSchema,
  /**
   * The repository of the image that was the first to be built on it; the tag counts among those that are watched for
   * it.
   */
  first: repositorySchema.optional(),
  /** The digest at the last check; absent before the first. */
  digest: digestSchema.optional(),
  /** The number of moves that were seen, so that each move is published under an id of its own. */
  moves: z.int().nonnegative(),
  /** The time of the next check. */
  dueAt: when,
  checkedAt: when.optional(),
  failures: z.int().nonnegative(),
  /** The reason why the last check failed. */
  error: z.string().optional(),
});
export type Watched = z.infer<typeof watchedSchema>;

/**
 * Each registry looks for itself, as who it says it is there. The registry that there is without a name has the ids
 * from before there were several.
 */
export function watchedRef(registry: RegistryName, base: string, tag: Tag): DocumentRef {
  const id = registry === unnamedRegistry ? `watched:${tag}` : `watched:${registry}:${tag}`;
  return { container: 'dependencies', partition: [base], id };
}

/** The budget of requests to one registry, for all callers, counted by the minute. */
export const upstreamSchema = z.object({
  ...documentShape('upstream'),
  registry: registrySchema,
  host: z.string(),
  minute: z.string(),
  used: z.int().nonnegative(),
  /** The registry has asked for no more requests until then. */
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
 * Another registry that is called, and the credentials there; none without a user. The password is a secret of the
 * vault.
 */
export const upstreamLoginSchema = z.object({
  ...documentShape('upstream-login'),
  registry: registrySchema,
  host: z.string(),
  username: z.string().optional(),
  /** The name of the secret in the vault. */
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
  /** The time between two checks of a tag, give or take a tenth, in milliseconds. */
  readonly intervalMs: number;
  /** The number of requests for manifests to each registry. */
  readonly perMinute: number;
  /** Registries whose tags are checked no matter who names them; absent, the usual ones. */
  readonly hosts?: readonly string[];
}

/** Public registries, which everybody may call. */
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
