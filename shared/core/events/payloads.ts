import { z } from 'zod';
import { registrySchema, repositorySchema, tagSchema } from '../documents/names.ts';
import { digestSchema } from '../oci/descriptor.ts';

/** The request, as ACR's events have it in `data.request` (contracts of ACR webhooks and Event Grid). */
const eventRequestSchema = z.object({
  id: z.string(),
  host: z.string(),
  method: z.string(),
  useragent: z.string(),
});

const actorSchema = z.object({ name: z.string() });

/** The time at which the image was opened: until then the event has waited. Absent where it was sent at once. */
const waited = { withheldUntil: z.iso.datetime().optional() };

const occurrence = {
  id: z.string(),
  timestamp: z.iso.datetime(),
  request: eventRequestSchema,
  actor: actorSchema,
};

const pushedTarget = z.object({
  mediaType: z.string(),
  size: z.int().nonnegative(),
  digest: digestSchema,
  length: z.int().nonnegative(),
  repository: repositorySchema,
  tag: tagSchema.optional(),
});

export const imagePushed = z.object({ ...occurrence, ...waited, action: z.literal('push'), target: pushedTarget });

export const imageQuarantined = z.object({
  ...occurrence,
  action: z.literal('quarantine'),
  target: z.object({
    ...pushedTarget.shape,
    /** The manifest that the tag pointed at before; absent where it was new or has not moved. */
    previousDigest: digestSchema.optional(),
  }),
  /** Says if the event of the push was sent too, or waits until the image is open. */
  pushEvent: z.enum(['sent', 'withheld']),
});

export const imageDeleted = z.object({
  ...occurrence,
  action: z.literal('delete'),
  target: z.object({ mediaType: z.string(), digest: digestSchema, repository: repositorySchema }),
});

const chartTarget = z.object({
  mediaType: z.string(),
  /** The size of the chart's archive, in bytes. */
  size: z.int().nonnegative(),
  /** The digest of the manifest. */
  digest: digestSchema,
  repository: repositorySchema,
  /** The archive's file name, as ACR has it. */
  tag: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
});

/** The events of charts. ACR's have no `request`; ours do, as every event. */
export const chartPushed = z.object({ ...occurrence, ...waited, action: z.literal('chart_push'), target: chartTarget });
export const chartDeleted = z.object({ ...occurrence, action: z.literal('chart_delete'), target: chartTarget });

export const repositoryChanged = z.object({ ...occurrence, target: z.object({ repository: repositorySchema }) });

export const tagMoved = z.object({
  ...occurrence,
  ...waited,
  target: z.object({
    repository: repositorySchema,
    tag: tagSchema,
    digest: digestSchema,
    previousDigest: digestSchema,
  }),
});

export const tagDeleted = z.object({
  ...occurrence,
  target: z.object({ repository: repositorySchema, tag: tagSchema, previousDigest: digestSchema }),
});

/** The events of a webhook that keeps failing, works again, or was disabled. No request causes them. */
const webhookChanged = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({ webhook: z.string(), host: z.string() }),
});
export const webhookFailing = z.object({
  ...webhookChanged.shape,
  since: z.iso.datetime(),
  failures: z.int().positive(),
  lastFailure: z.string(),
});
export const webhookRecovered = z.object({ ...webhookChanged.shape, since: z.iso.datetime() });
export const webhookDisabled = z.object({ ...webhookChanged.shape, because: z.string() });

export const replicationCompleted = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({
    repository: repositorySchema,
    digest: digestSchema,
    region: z.string(),
    bytes: z.int().nonnegative(),
    pushedAt: z.iso.datetime(),
    queuedAt: z.iso.datetime(),
  }),
});
export const replicationFailing = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({ digest: digestSchema, region: z.string(), repositories: z.array(repositorySchema) }),
  attempts: z.int().positive(),
  lastFailure: z.string(),
});

export const quotaWarning = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({
    registry: registrySchema,
    /** The threshold that was crossed: 80, 90 or 100. */
    percent: z.int(),
    storedBytes: z.int().nonnegative(),
    quotaBytes: z.int().positive(),
    /** The time at which growth as in the last week meets the quota; absent where it does not. */
    fullAt: z.iso.datetime().optional(),
  }),
});

const manifestSchema = z.object({ digest: digestSchema, mediaType: z.string() });
const untaggedSchema = z.object({ tag: tagSchema, previousDigest: digestSchema });

export const recycled = z.object({
  ...occurrence,
  /** The rule of a policy; absent when a request deleted. */
  rule: z.string().optional(),
  target: z.object({
    repository: repositorySchema,
    group: z.string(),
    purgeAt: z.iso.datetime(),
    manifests: z.array(manifestSchema),
    tags: z.array(untaggedSchema),
  }),
});

export const restored = z.object({
  ...occurrence,
  target: z.object({
    repository: repositorySchema,
    group: z.string(),
    manifests: z.array(manifestSchema),
    tags: z.array(z.object({ tag: tagSchema, digest: digestSchema })),
  }),
});

export const purged = z.object({
  ...occurrence,
  target: z.object({
    repository: repositorySchema,
    group: z.string(),
    manifests: z.array(manifestSchema),
    tags: z.array(untaggedSchema),
  }),
});

export const blobCollected = z.object({
  ...occurrence,
  target: z.object({ digest: digestSchema, size: z.int().nonnegative() }),
});

export const purgePlanned = z.object({
  ...occurrence,
  target: z.object({
    policy: z.string(),
    plan: z.string(),
    hash: z.string(),
    manifests: z.int().nonnegative(),
    tags: z.int().nonnegative(),
    /** The bytes that Blob Storage will be freed of. */
    bytes: z.int().nonnegative(),
    /** True when somebody must approve it before anything is removed. */
    asks: z.boolean(),
  }),
});

export const brakeApplied = z.object({
  ...occurrence,
  target: z.object({
    policy: z.string(),
    plan: z.string(),
    hash: z.string(),
    percent: z.int(),
    /** The repositories of which the plan would remove more than `percent`. */
    repositories: z.array(
      z.object({ repository: repositorySchema, going: z.int(), of: z.int(), what: z.enum(['manifests', 'tags']) }),
    ),
  }),
});

export const baseImageUpdated = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({
    /** The image as others name it: `team/base:1`, or `docker.io/library/alpine:3`. */
    image: z.string(),
    digest: digestSchema,
    previousDigest: digestSchema.optional(),
    /** The repository of this registry whose tag was moved; absent for another registry's image. */
    repository: repositorySchema.optional(),
    tag: tagSchema.optional(),
    /** The build that has made the image: its dependents are part of that build. */
    build: z.string().optional(),
  }),
});

/** One image of a build, with the bases because of which it is built. */
const buildTarget = z.object({
  build: z.string(),
  repository: repositorySchema,
  tag: tagSchema,
  /** The mode of the build. */
  mode: z.enum(['rebuild', 'rebase', 'rebase-else-rebuild', 'notify']),
  bases: z.array(z.string()),
});
const buildChanged = { id: z.string(), timestamp: z.iso.datetime() };
export const buildQueued = z.object({ ...buildChanged, target: buildTarget });
export const buildEnded = z.object({
  ...buildChanged,
  target: z.object({ ...buildTarget.shape, digest: digestSchema, previousDigest: digestSchema.optional() }),
});
export const buildFailed = z.object({ ...buildChanged, target: buildTarget, because: z.string() });

const shownJudgement = z.object({
  state: z.enum(['pending', 'passed', 'failed']),
  mode: z.enum(['audit', 'enforce']),
  policies: z.array(z.string()),
  reasons: z.array(z.string()),
});

/** The events of a verdict. A policy causes them, or somebody who is named. */
export const verdictChanged = z.object({
  id: z.string(),
  timestamp: z.iso.datetime(),
  target: z.object({
    mediaType: z.string(),
    size: z.int().nonnegative(),
    digest: digestSchema,
    length: z.int().nonnegative(),
    repository: repositorySchema,
    tag: tagSchema.optional(),
  }),
  verdict: z.object({
    trust: shownJudgement.optional(),
    scan: shownJudgement.optional(),
    quarantine: shownJudgement.optional(),
  }),
});

export const quarantineTimedOut = z.object({ ...verdictChanged.shape, waitingSince: z.iso.datetime() });

export const imageReleased = z.object({
  ...verdictChanged.shape,
  /** The actor of a release by hand, and the reason that was given; absent where the policies are met. */
  released: z.object({ by: z.string(), reason: z.string(), until: z.iso.datetime() }).optional(),
});
