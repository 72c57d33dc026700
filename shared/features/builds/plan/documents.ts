import { z } from 'zod';
import { collection } from '../../../core/documents/collection.ts';
import { registrySchema, repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';
import type { TaggedImage } from '../bases/documents.ts';
import { taskNameSchema } from '../tasks/documents.ts';

const when = z.iso.datetime();

/** The root of a build: a base that was updated. */
const rootSchema = z.object({
  base: z.string(),
  tag: tagSchema,
  digest: digestSchema.optional(),
  previousDigest: digestSchema.optional(),
  /** The task, if somebody has asked for its image. */
  task: z.string().optional(),
  /** The build, if somebody has asked for the images of it that failed or stopped. */
  retries: z.string().optional(),
  /** The id of the event that caused it. */
  event: z.string(),
  updatedAt: when,
  /** The build under way that makes an image which this root would make too. */
  heldBy: z.string().optional(),
});
export type Root = z.infer<typeof rootSchema>;

/**
 * The queue of a registry's builds. Builds that have no image in common are under way side by side; an update that would
 * make an image of another build waits for its end, and all updates that waited become one build together. It shares a
 * partition with the builds, so that a build begins in the transaction that removes its roots from the queue.
 */
export const queueSchema = z.object({
  ...documentShape('lane'),
  scope: z.string(),
  /** Builds under way, in the order in which they began; each is planned after those before it. */
  active: z.array(z.string()).default([]),
  waiting: z.array(rootSchema),
});
export type BuildQueue = z.infer<typeof queueSchema>;

const countsSchema = z.object({
  succeeded: z.int(),
  same: z.int(),
  notified: z.int(),
  failed: z.int(),
  stopped: z.int(),
});
export type Counts = z.infer<typeof countsSchema>;

/** A build: one update of bases, and all that follows from it. Its images are documents of their own. */
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
  /** Set when somebody has cancelled it: no more of it is made. */
  cancelledAt: when.optional(),
  endedAt: when.optional(),
});
export type Build = z.infer<typeof buildSchema>;

/** A build step: one image of a build. */
export const nodeSchema = z.object({
  ...documentShape('node'),
  scope: z.string(),
  registry: registrySchema,
  build: z.string(),
  repository: repositorySchema,
  tag: tagSchema,
  mode: z.enum(['rebuild', 'rebase', 'rebase-else-rebuild', 'notify']),
  /** The task or the policy that sets the mode. */
  by: z.string(),
  madeBy: taskNameSchema.optional(),
  /** Those of its bases that were updated or are made anew, with the digests that it was built on. */
  bases: z.array(
    z.object({ base: z.string(), tag: tagSchema, said: z.string().optional(), old: z.array(digestSchema) }),
  ),
  /** Images of this build that come first. */
  waitsFor: z.array(z.object({ node: z.string() })),
  /** The distance from the base that was updated: 1 for an image that is built on that base itself. */
  level: z.int().positive(),
  state: z.enum(['waiting', 'ready', 'running', 'succeeded', 'same', 'notified', 'failed', 'stopped']),
  /** The time from which it may be claimed: later than now while a process works on it. */
  dueAt: when,
  attempts: z.int().nonnegative(),
  /** Set when its task has had all its builds of this hour. */
  turnAt: when.optional(),
  /** The commit of its context in git: chosen once, so that a process that takes over builds the same. */
  commit: z.string().optional(),
  /** The images that are pushed already, by platform, of an image for several platforms. */
  pushed: z.record(z.string(), digestSchema).optional(),
  /** The state of a job. */
  remote: z
    .object({
      /** The id of the job is the same each time that it is offered, so that its runner begins no second one. */
      job: z.string(),
      /** The id of the key that its token is made with, and the token's SHA-256, in hex. */
      key: z.string(),
      token: z.string(),
      /** The digest that the image's tag pointed at when this began. */
      from: z.union([digestSchema, z.literal('nothing')]),
      deadline: when,
      /** The run of a runner that is asked for its state. */
      run: z.string().optional(),
      /** The time at which its runner accepted it. */
      startedAt: when.optional(),
      /** The number of pieces of its log. */
      pieces: z.int().optional(),
      outcome: z
        .union([
          z.object({ is: z.literal('succeeded'), digest: digestSchema }),
          z.object({ is: z.literal('failed'), why: z.string() }),
        ])
        .optional(),
    })
    .nullish(),
  /** The digest that its tag pointed at when it was last claimed. */
  digestBefore: digestSchema.optional(),
  /** The result. */
  digest: digestSchema.optional(),
  conflicts: z.array(z.string()).optional(),
  /** The reason why it failed, or stopped. */
  because: z.string().optional(),
  how: z.enum(['rebased', 'built']).optional(),
  /** Set when it was made, and did not pass its test. */
  isGated: z.literal(true).optional(),
  isCancelled: z.literal(true).optional(),
  queuedAt: when,
  /** The time at which it was last claimed. */
  startedAt: when.optional(),
  endedAt: when.optional(),
});
export type Node = z.infer<typeof nodeSchema>;

export const isEnded = ({ state }: Pick<Node, 'state'>) => !['waiting', 'ready', 'running'].includes(state);
/** Says whether images that are built on it may go on. */
export const isWell = ({ state }: Pick<Node, 'state'>) => state === 'succeeded' || state === 'same';

export function listOf(registry: RegistryName): string {
  return `builds:${registry}`;
}

export function queueRef(registry: RegistryName): DocumentRef {
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

/**
 * Returns the image of a node's id: `node:team:app:v1` is `team/app:v1`, since neither names nor tags contain a colon.
 */
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
