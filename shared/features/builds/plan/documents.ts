import { z } from 'zod';
import { collection } from '../../../core/documents/collection.ts';
import { registrySchema, repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';
import type { TaggedImage } from '../edges/documents.ts';
import { taskNameSchema } from '../tasks/documents.ts';

const when = z.iso.datetime();

/** A base that was updated. */
const rootSchema = z.object({
  base: z.string(),
  tag: tagSchema,
  digest: digestSchema.optional(),
  previousDigest: digestSchema.optional(),
  /** Somebody has asked this task to make it. */
  task: z.string().optional(),
  /** Somebody has asked for what failed or stopped in this build. */
  retries: z.string().optional(),
  /** Of the event that told of it. */
  event: z.string(),
  updatedAt: when,
  /** The build under way that makes an image which this would make too. */
  heldBy: z.string().optional(),
});
export type Root = z.infer<typeof rootSchema>;

/**
 * What a registry makes anew. Builds that have no image in common are under way side by side; an update that would make
 * what another build makes waits for its end, and all that waited become one build together. It shares a partition with
 * the builds, so that one begins in the transaction that takes what waits.
 */
export const laneSchema = z.object({
  ...documentShape('lane'),
  scope: z.string(),
  /** Builds under way, in the order of their beginning; each is planned after those before it. */
  active: z.array(z.string()).default([]),
  waiting: z.array(rootSchema),
});
export type Lane = z.infer<typeof laneSchema>;

const countsSchema = z.object({
  succeeded: z.int(),
  same: z.int(),
  notified: z.int(),
  failed: z.int(),
  stopped: z.int(),
});
export type Counts = z.infer<typeof countsSchema>;

/** One update of bases, and all that follows from it. Its images are documents of their own. */
export const buildSchema = z.object({
  ...documentShape('build'),
  scope: z.string(),
  registry: registrySchema,
  build: z.string(),
  roots: z.array(rootSchema).min(1),
  state: z.enum(['planning', 'running', 'finished']),
  images: z.int(),
  counts: countsSchema.optional(),
  createdAt: when,
  /** Somebody has asked that nothing more of it is made. */
  cancelledAt: when.optional(),
  endedAt: when.optional(),
});
export type Build = z.infer<typeof buildSchema>;

/** One image of a build. */
export const nodeSchema = z.object({
  ...documentShape('node'),
  scope: z.string(),
  registry: registrySchema,
  build: z.string(),
  repository: repositorySchema,
  tag: tagSchema,
  mode: z.enum(['rebuild', 'rebase', 'rebase-else-rebuild', 'notify']),
  /** The task or policy that says so. */
  by: z.string(),
  madeBy: taskNameSchema.optional(),
  /** Those of its bases that were updated or are made anew, and what it was built on. */
  bases: z.array(
    z.object({ base: z.string(), tag: tagSchema, said: z.string().optional(), old: z.array(digestSchema) }),
  ),
  /** Images of this build that come first. */
  waitsFor: z.array(z.object({ node: z.string() })),
  /** How far from what was updated: 1 is built on it itself. */
  level: z.int().positive(),
  state: z.enum(['waiting', 'ready', 'running', 'succeeded', 'same', 'notified', 'failed', 'stopped']),
  /** From when it may be taken up: later while somebody is at it. */
  tryAt: when,
  attempts: z.int().nonnegative(),
  /** Its task has had all its builds of this hour. */
  turnAt: when.optional(),
  /** Of its context in git: chosen once, so that who takes over builds the same. */
  commit: z.string().optional(),
  /** Of an image for several platforms, those that are pushed already, by platform. */
  pushed: z.record(z.string(), digestSchema).optional(),
  /** Built elsewhere: what is known of that. */
  remote: z
    .object({
      /** The same each time that it is given: whoever has it begins no second one. */
      job: z.string(),
      /** Which key its token is made with, and that token's SHA-256, in hex. */
      key: z.string(),
      token: z.string(),
      /** Where the image's tag was when this began. */
      from: z.union([digestSchema, z.literal('nothing')]),
      deadline: when,
      /** The run of a runner that is asked for it. */
      run: z.string().optional(),
      /** It was taken by its runner. */
      startedAt: when.optional(),
      /** Of its log. */
      pieces: z.int().optional(),
      outcome: z
        .union([
          z.object({ is: z.literal('succeeded'), digest: digestSchema }),
          z.object({ is: z.literal('failed'), why: z.string() }),
        ])
        .optional(),
    })
    .nullish(),
  /** Where its tag was when it was taken up. */
  digestBefore: digestSchema.optional(),
  /** What became of it. */
  digest: digestSchema.optional(),
  conflicts: z.array(z.string()).optional(),
  /** Why it failed, or stopped. */
  because: z.string().optional(),
  how: z.enum(['rebased', 'built']).optional(),
  /** It was made, and did not pass its test. */
  isGated: z.literal(true).optional(),
  isCancelled: z.literal(true).optional(),
  queuedAt: when,
  /** When it was last taken up. */
  startedAt: when.optional(),
  endedAt: when.optional(),
});
export type Node = z.infer<typeof nodeSchema>;

export const isEnded = ({ state }: Pick<Node, 'state'>) => !['waiting', 'ready', 'running'].includes(state);
/** Whatever is built on it may go on. */
export const isWell = ({ state }: Pick<Node, 'state'>) => state === 'succeeded' || state === 'same';

export function listOf(registry: RegistryName): string {
  return `builds:${registry}`;
}

export function laneRef(registry: RegistryName): DocumentRef {
  return { container: 'builds', partition: [listOf(registry)], id: 'lane' };
}

export function buildRef(registry: RegistryName, build: string): DocumentRef {
  return { container: 'builds', partition: [listOf(registry)], id: `build:${build}` };
}

export function nodesOf(build: string): string {
  return `build:${build}`;
}

export function nodeId({ repository, tag }: Pick<TaggedImage, 'repository' | 'tag'>): string {
  return `node:${repository.replaceAll('/', ':')}:${tag}`;
}

/** `node:team:app:v1` is `team/app:v1`: names hold no colon, and tags neither. */
export function nameIn(node: string): string {
  const parts = node.slice('node:'.length).split(':');
  return `${parts.slice(0, -1).join('/')}:${parts.at(-1) ?? ''}`;
}

export const nodes = collection({
  container: 'builds',
  schema: nodeSchema,
  place: ({ build, image }: { readonly build: string; readonly image: Pick<TaggedImage, 'repository' | 'tag'> }) => ({
    partition: [nodesOf(build)],
    id: nodeId(image),
  }),
});

export function nodeRef(build: string, image: Pick<TaggedImage, 'repository' | 'tag'>): DocumentRef {
  return nodes.ref({ build, image });
}

export const buildsQueue = 'build-runs';
