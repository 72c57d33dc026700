import type { z } from 'zod';
import {
  exampleBin,
  exampleBuild,
  exampleChart,
  exampleDigest,
  exampleHeld,
  exampleOccurrence,
  exampleOpened,
  examplePushed,
  exampleVerdict,
  exampleWebhook,
} from './examples.ts';
import {
  baseImageUpdated,
  blobCollected,
  brakeApplied,
  buildEnded,
  buildFailed,
  buildQueued,
  chartDeleted,
  chartPushed,
  imageDeleted,
  imagePushed,
  imageQuarantined,
  imageReleased,
  purged,
  purgePlanned,
  quarantineTimedOut,
  quotaWarning,
  recycled,
  replicationCompleted,
  replicationFailing,
  repositoryChanged,
  restored,
  tagDeleted,
  tagMoved,
  verdictChanged,
  webhookDisabled,
  webhookFailing,
  webhookRecovered,
} from './payloads.ts';

/**
 * The types of all events that Longshore publishes, each with the shape of its `data`, its version and an example.
 * ACR's own types have ACR's payload; the rest is `Longshore.*`. Features meet here and nowhere else.
 */
export const catalogue = {
  'Microsoft.ContainerRegistry.ImagePushed': {
    version: '2.0',
    data: imagePushed,
    summary: 'A manifest was pushed, by tag or by digest. The subject is repository:tag, or repository@digest.',
    example: {
      ...exampleOccurrence,
      action: 'push',
      target: examplePushed,
      withheldUntil: exampleOpened,
    },
  },
  'Microsoft.ContainerRegistry.ImageDeleted': {
    version: '2.0',
    data: imageDeleted,
    summary: 'A manifest was deleted, with all its tags. The subject is the repository.',
    example: {
      ...exampleOccurrence,
      action: 'delete',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: exampleDigest,
        repository: 'team/app',
      },
    },
  },
  'Microsoft.ContainerRegistry.ChartPushed': {
    version: '2.0',
    data: chartPushed,
    summary: "A Helm chart was pushed: a manifest whose config is Helm's. The subject is chart:version.",
    example: { ...exampleOccurrence, action: 'chart_push', target: exampleChart, withheldUntil: exampleOpened },
  },
  'Microsoft.ContainerRegistry.ChartDeleted': {
    version: '2.0',
    data: chartDeleted,
    summary: 'A Helm chart was deleted, with all its tags. The subject is chart:version.',
    example: { ...exampleOccurrence, action: 'chart_delete', target: exampleChart },
  },
  'Longshore.RepositoryCreated': {
    version: '1.0',
    data: repositoryChanged,
    summary: 'The first manifest was pushed to a repository. The subject is the repository.',
    example: { ...exampleOccurrence, target: { repository: 'team/app' } },
  },
  'Longshore.RepositoryDeleted': {
    version: '1.0',
    data: repositoryChanged,
    summary: 'A repository was deleted, after each of its manifests. The subject is the repository.',
    example: { ...exampleOccurrence, target: { repository: 'team/app' } },
  },
  'Longshore.TagMoved': {
    version: '1.0',
    data: tagMoved,
    summary: 'A tag that pointed at one manifest points at another. The subject is repository:tag.',
    example: {
      ...exampleOccurrence,
      target: { repository: 'team/app', tag: 'v1', digest: exampleDigest, previousDigest: `sha256:${'1'.repeat(64)}` },
      withheldUntil: exampleOpened,
    },
  },
  'Longshore.TagDeleted': {
    version: '1.0',
    data: tagDeleted,
    summary: 'A tag was deleted, by itself or with its manifest. The subject is repository:tag.',
    example: { ...exampleOccurrence, target: { repository: 'team/app', tag: 'v1', previousDigest: exampleDigest } },
  },
  'Longshore.WebhookFailing': {
    version: '1.0',
    data: webhookFailing,
    summary:
      'A receiver keeps failing: from now on one delivery probes it, and the others wait. The subject is the webhook.',
    example: { ...exampleWebhook, since: '2026-01-01T11:58:00.000Z', failures: 20, lastFailure: 'answered 503' },
  },
  'Longshore.WebhookRecovered': {
    version: '1.0',
    data: webhookRecovered,
    summary:
      'A receiver that kept failing accepted a delivery: those that waited are sent. The subject is the webhook.',
    example: { ...exampleWebhook, since: '2026-01-01T11:58:00.000Z' },
  },
  'Longshore.WebhookDisabled': {
    version: '1.0',
    data: webhookDisabled,
    summary: 'A receiver answered 410 Gone, and its webhook is disabled. The subject is the webhook.',
    example: { ...exampleWebhook, because: 'the receiver answered 410 Gone' },
  },
  'Longshore.Recycled': {
    version: '1.0',
    data: recycled,
    summary:
      'Manifests and tags were recycled in one step. A deletion of many is several steps of one ' +
      'group. The subject is the repository.',
    example: {
      ...exampleOccurrence,
      rule: 'nightly: untagged for 7 days',
      target: {
        ...exampleBin,
        purgeAt: '2026-01-15T12:00:00.000Z',
        tags: [{ tag: 'v1', previousDigest: exampleDigest }],
      },
    },
  },
  'Longshore.Restored': {
    version: '1.0',
    data: restored,
    summary: 'Manifests and tags were restored from the recycle bin. The subject is the repository.',
    example: { ...exampleOccurrence, target: { ...exampleBin, tags: [{ tag: 'v1', digest: exampleDigest }] } },
  },
  'Longshore.Purged': {
    version: '1.0',
    data: purged,
    summary: 'Manifests and tags were removed from the recycle bin for good. The subject is the repository.',
    example: { ...exampleOccurrence, target: { ...exampleBin, tags: [{ tag: 'v1', previousDigest: exampleDigest }] } },
  },
  'Longshore.BlobCollected': {
    version: '1.0',
    data: blobCollected,
    summary: 'The bytes of a blob that no repository links any more are deleted. The subject is the digest.',
    example: { ...exampleOccurrence, target: { digest: exampleDigest, size: 32654 } },
  },
  'Longshore.PurgePlanned': {
    version: '1.0',
    data: purgePlanned,
    summary: 'A purge policy has a plan of what it would remove. The subject is the policy.',
    example: {
      ...exampleOccurrence,
      target: {
        policy: 'default',
        plan: '0d9f7d0e-4c29-4b8e-93f0-2f8f3f5f7a55',
        hash: '2'.repeat(64),
        manifests: 3,
        tags: 1,
        bytes: 98304,
        asks: true,
      },
    },
  },
  'Longshore.BrakeApplied': {
    version: '1.0',
    data: brakeApplied,
    summary:
      'A run of a purge policy would have removed more of a repository than its brake allows: it waits until ' +
      'somebody approves its plan. The subject is the policy.',
    example: {
      ...exampleOccurrence,
      target: {
        policy: 'default',
        plan: '0d9f7d0e-4c29-4b8e-93f0-2f8f3f5f7a55',
        hash: '2'.repeat(64),
        percent: 20,
        repositories: [{ repository: 'team/app', going: 12, of: 30, what: 'manifests' }],
      },
    },
  },
  'Longshore.QuotaWarning': {
    version: '1.0',
    data: quotaWarning,
    summary:
      'The stored bytes have crossed 80, 90 or 100 percent of the quota; the hourly survey reports it once. Nothing is ' +
      'refused. The subject is the registry.',
    example: {
      id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
      timestamp: '2026-01-01T12:00:00.000Z',
      target: {
        registry: 'default',
        percent: 80,
        storedBytes: 85_899_345_920,
        quotaBytes: 107_374_182_400,
        fullAt: '2026-02-01T12:00:00.000Z',
      },
    },
  },
  'Longshore.ReplicationCompleted': {
    version: '1.0',
    data: replicationCompleted,
    summary:
      'An image is whole in another region: one event for each image and region, beside the one of the push. The ' +
      'subject is repository@digest.',
    example: {
      id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
      timestamp: '2026-01-01T12:00:05.000Z',
      target: {
        repository: 'team/app',
        digest: exampleDigest,
        region: 'neu',
        bytes: 98304,
        pushedAt: '2026-01-01T12:00:00.000Z',
        queuedAt: '2026-01-01T12:00:00.000Z',
      },
    },
  },
  'Longshore.ReplicationFailing': {
    version: '1.0',
    data: replicationFailing,
    summary:
      'A blob could not be copied to a region five times in a row; the attempts go on. The subject is the digest.',
    example: {
      id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
      timestamp: '2026-01-01T12:05:00.000Z',
      target: { digest: exampleDigest, region: 'neu', repositories: ['team/app'] },
      attempts: 5,
      lastFailure: 'no region that holds it answers: it is in weu',
    },
  },
  'Longshore.BaseImageUpdated': {
    version: '1.0',
    data: baseImageUpdated,
    summary: 'A tag that other images are built on points at another image. The subject is the image.',
    example: {
      id: exampleBuild.id,
      timestamp: exampleBuild.timestamp,
      target: {
        image: 'team/base:1',
        digest: exampleDigest,
        previousDigest: `sha256:${'1'.repeat(64)}`,
        repository: 'team/base',
        tag: '1',
      },
    },
  },
  'Longshore.BuildQueued': {
    version: '1.0',
    data: buildQueued,
    summary:
      'An image is to be built because its base was updated; it waits for the images between. The subject is repository:tag.',
    example: exampleBuild,
  },
  'Longshore.BuildStarted': {
    version: '1.0',
    data: buildQueued,
    summary: 'The build of an image has begun. The subject is repository:tag.',
    example: exampleBuild,
  },
  'Longshore.BuildSucceeded': {
    version: '1.0',
    data: buildEnded,
    summary: 'An image was built, and its tag moved. The subject is repository:tag.',
    example: {
      ...exampleBuild,
      target: { ...exampleBuild.target, digest: exampleDigest, previousDigest: `sha256:${'1'.repeat(64)}` },
    },
  },
  'Longshore.BuildFailed': {
    version: '1.0',
    data: buildFailed,
    summary:
      'An image could not be built: its tag stays where it was, and its dependents wait for their next ' +
      'build. The subject is repository:tag.',
    example: { ...exampleBuild, because: 'the base sets another USER, and the image relies on the old one' },
  },
  'Longshore.ImageRebased': {
    version: '1.0',
    data: buildEnded,
    summary:
      "The layers of an image's base were replaced by those of its new one: no builder ran. The subject is repository:tag.",
    example: {
      ...exampleBuild,
      target: { ...exampleBuild.target, digest: exampleDigest, previousDigest: `sha256:${'1'.repeat(64)}` },
    },
  },
  'Longshore.ImageHeld': {
    version: '1.0',
    data: verdictChanged,
    summary:
      'A manifest is held from now on: a push that a policy covers begins so, and a later judgement may close what was ' +
      'open. The subject is repository@digest.',
    example: exampleHeld,
  },
  'Longshore.ImageQuarantined': {
    version: '1.0',
    data: imageQuarantined,
    summary:
      'A manifest was pushed and waits in quarantine: a scanner shall look at it. Webhooks know it by the action ' +
      'quarantine. The subject is repository:tag, or repository@digest.',
    example: {
      ...exampleOccurrence,
      action: 'quarantine',
      target: examplePushed,
      pushEvent: 'withheld',
    },
  },
  'Longshore.QuarantineTimedOut': {
    version: '1.0',
    data: quarantineTimedOut,
    summary:
      'A manifest has waited in quarantine for longer than its policy allows; the state says if it has failed by that. ' +
      'It is told once. The subject is repository@digest.',
    example: {
      ...exampleVerdict,
      verdict: {
        quarantine: {
          state: 'pending',
          mode: 'enforce',
          policies: ['wait'],
          reasons: ['nobody has passed it since 2025-12-31T12:00:00.000Z, and the policy allows 24 hours'],
        },
      },
      waitingSince: '2025-12-31T12:00:00.000Z',
    },
  },
  'Longshore.ImageReleased': {
    version: '1.0',
    data: imageReleased,
    summary:
      'A manifest that was held may be pulled: its policies are met, or somebody has released it. The subject is ' +
      'repository@digest.',
    example: {
      ...exampleHeld,
      released: { by: 'ada', reason: 'the fix must go out tonight', until: '2026-01-02T12:00:00.000Z' },
    },
  },
  'Longshore.VerdictChanged': {
    version: '1.0',
    data: verdictChanged,
    summary:
      'A part of the verdict on a manifest has another state, whether or not the manifest is held. The subject is ' +
      'repository@digest.',
    example: {
      ...exampleVerdict,
      verdict: {
        scan: {
          state: 'failed',
          mode: 'audit',
          policies: ['no-critical'],
          reasons: ['CVE-2026-1 in openssl 3.0.11-1 is critical, and fixed in 3.0.15-1'],
        },
      },
    },
  },
} as const satisfies Record<string, { version: string; data: z.ZodType; summary: string; example: unknown }>;

export type EventType = keyof typeof catalogue;
export type EventData<T extends EventType> = z.infer<(typeof catalogue)[T]['data']>;

export const eventTypes = Object.keys(catalogue) as EventType[];
