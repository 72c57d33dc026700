import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { describable } from '../../../core/http/describable.ts';
import { absent, body, conflicting, json, nameSchema, pageOf, pageSchema } from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import type { Item, Plan, PolicyDocument, Removal } from '../documents.ts';
import { itemSchema, planSchema } from '../documents.ts';
import type { Explained } from '../explain.ts';
import { policySchema } from '../policy.ts';
import { isApproved } from '../session.ts';
import { inUse, inUseList, inUseWhole, pinsSchema, source } from './in-use-wire.ts';
import { dateTime, number, text } from './shapes.ts';

export const purgeTag = {
  name: 'purge',
  description: 'Manages the policies that remove old images, their plans, and the images that are in use.',
};
const named = z.object({
  name: nameSchema.openapi({ example: 'default', description: 'The name of a purge policy.' }),
});
const policyShape = describable(policySchema).openapi('PurgePolicyRules', {
  description: 'What a purge policy covers, removes and keeps.',
});
const policyChange = changeOf(policySchema.shape).openapi('PurgePolicyChange', {
  description: 'The changes of a purge policy: an absent property stays as it is, null sets its default.',
});

const shownPolicy = z
  .object({
    name: text('The name of the policy.'),
    policy: policyShape,
    on: z.boolean().openapi({
      description: 'True if a plan of these rules was approved, so that the policy runs by its schedule.',
    }),
    approved: z
      .object({ at: dateTime('The time of the approval.'), by: text('The identity that approved it.') })
      .optional()
      .openapi({ description: 'The approval that switched it on.' }),
    nextRunAt: dateTime('The time of the next run.').optional(),
    waiting: z.array(z.string()).openapi({
      description:
        'The rules on pulls that need more days of tracked pulls than there are; they remove nothing until then.',
    }),
  })
  .openapi('PurgePolicy', { description: 'A purge policy, and whether it runs.' });

const evidence = z
  .object({
    pushedAt: dateTime('The time of the push.'),
    lastPull: dateTime('The time of the last pull.').optional(),
    trackedSince: dateTime('The time since which pulls are tracked.').optional(),
    untaggedSince: dateTime('The time since which no tag points at it.').optional(),
  })
  .openapi({ description: 'The times on which the decision is based.' });
const shownItem = z
  .object({
    kind: describable(itemSchema.shape.kind).openapi({ description: 'The kind of what is removed.' }),
    repository: text('The repository that it is in.'),
    digest: text('The digest of the manifest.'),
    tag: text('The name of the tag.').optional(),
    about: describable(itemSchema.shape.about).openapi({
      description: 'True if it refers to another manifest, as a signature does.',
    }),
    rule: text('The rule that removes or keeps it.'),
    why: text('The reason in words.'),
    evidence,
    bytes: z.int().nonnegative().openapi({ description: 'The bytes that are freed when all of the plan is purged.' }),
    outcome: text('The outcome, once the plan is carried out.').optional(),
    group: text('The id of the deletion in the recycle bin, for /bin/restore.').optional(),
  })
  .openapi('PurgeItem', { description: 'A manifest or a tag that a plan removes or keeps.' });

const shownPlan = z
  .object({
    plan: text('The id of the plan.'),
    policy: text('The policy that made the plan.'),
    hash: text('The hash of all that it lists, to approve it by.'),
    state: describable(planSchema.shape.state).openapi({
      description: 'The state of the plan; void means that the rules changed before it was carried out.',
    }),
    madeAt: dateTime('The time at which the plan was made.'),
    manifests: number('The number of manifests that it removes.'),
    tags: number('The number of tags that it removes.'),
    bytes: number('The number of bytes that it frees.'),
    kept: number('The number of further items that a rule would remove if no attribute forbade it.'),
    more: z.boolean().openapi({ description: 'True if more is due than one plan holds; the next plan has it.' }),
    over: z
      .array(
        z.object({
          repository: text('The repository of which it removes so much.'),
          going: number('The number that the plan removes.'),
          of: number('The number in the repository.'),
          what: describable(planSchema.shape.over.element.shape.what).openapi({
            description: 'The kind that is counted.',
          }),
        }),
      )
      .openapi({
        description: 'The repositories of which the plan removes more than the brake lets through without approval.',
      }),
    outcome: z
      .object({
        manifests: number('The number of removed manifests.'),
        tags: number('The number of removed tags.'),
        stayed: number('The number of items that stayed, because they changed meanwhile.'),
      })
      .openapi({ description: 'The outcome of the plan so far.' }),
    approvedBy: text('The identity that approved it.').optional(),
    items: z.array(shownItem).openapi({ description: 'A page of the items that it removes.' }),
    keptItems: z
      .array(shownItem)
      .openapi({ description: 'The items that a rule would remove if no attribute forbade it.' }),
    nextLink: text('The path of the next page; absent on the last page.').optional(),
  })
  .openapi('PurgePlan', { description: 'What a purge policy would remove, or has removed.' });

const looking = z
  .object({
    looking: z.literal(true).openapi({ description: 'True, because there is no plan yet.' }),
    why: text('The work that is done meanwhile.'),
  })
  .openapi('PurgeMarking', { description: 'The answer while the stored manifests are still being marked.' });

const decision = z.object({
  verdict: z.enum(['keep', 'due', 'not-yet']).openapi({ description: 'The decision whether it is kept or removed.' }),
  rule: text('The rule that decides.').optional(),
  why: text('The reason in words.'),
  dueAt: dateTime('The time from which it is due.').optional(),
  evidence,
});
const explained = z
  .object({
    repository: text('The repository of the image.'),
    digest: text('The digest of the image.'),
    policies: z
      .array(
        z.object({
          policy: text('The name of the policy.'),
          on: z.boolean().openapi({ description: 'True if the policy runs.' }),
          manifest: decision.openapi({ description: 'The decision on the manifest.' }),
          tags: z
            .array(decision.extend({ tag: text('The name of the tag.') }))
            .openapi({ description: 'The decision on each tag.' }),
          along: z
            .array(z.string())
            .openapi({ description: 'The digests of the manifests that would be removed along with it.' }),
        }),
      )
      .openapi({ description: 'The decisions of each policy that covers the image.' }),
  })
  .openapi('PurgeExplained', { description: 'The reasons why an image is kept or removed.' });

const policyList = pageOf(shownPolicy, 'Policies in the order of their names.').openapi('PurgePolicies', {
  description: 'A page of purge policies.',
});

const planQuery = z.object({
  continuation: z
    .string()
    .regex(/^\d{1,5}$/, 'is not of this list: use the nextLink of the page before')
    .optional()
    .openapi({ description: 'The position of the page, from the nextLink of the page before.' }),
});

const approval = z
  .object({
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan: 64 hexadecimal digits')
      .openapi({ description: 'The hash of the plan, as GET of the plan returns it.' }),
    switchOn: z.boolean().optional().openapi({
      description: 'Must be true to approve a plan that removes nothing: that only switches the policy on.',
    }),
  })
  .openapi('PurgeApproval', { description: 'The plan to approve.' });

export const routes = {
  listPolicies: createRoute({
    method: 'get',
    path: '/purge/policies',
    operationId: 'listPurgePolicies',
    summary: 'Lists the purge policies',
    description: 'Lists the purge policies in the order of their names. The policy named default always exists.',
    request: { query: pageSchema },
    responses: { 200: json('A page of purge policies.', policyList) },
  }),
  readPolicy: createRoute({
    method: 'get',
    path: '/purge/policies/{name}',
    operationId: 'getPurgePolicy',
    summary: 'Gets a purge policy',
    description: 'Gets one purge policy by its name, and whether it runs.',
    request: { params: named },
    responses: { ...absent('purgePolicyNotFound'), 200: json('The purge policy.', shownPolicy) },
  }),
  putPolicy: createRoute({
    method: 'put',
    path: '/purge/policies/{name}',
    operationId: 'putPurgePolicy',
    summary: 'Creates or replaces a purge policy',
    description: 'Creates or replaces a purge policy. It removes nothing before a plan of it is approved.',
    request: { params: named, ...body(policyShape) },
    responses: {
      ...conflicting('pullsNotTracked'),
      200: json('The purge policy was replaced.', shownPolicy),
      201: json('The purge policy was created.', shownPolicy),
    },
  }),
  patchPolicy: createRoute({
    method: 'patch',
    path: '/purge/policies/{name}',
    operationId: 'updatePurgePolicy',
    summary: 'Changes a purge policy',
    description: 'Changes those properties of a purge policy that the body has. Changed rules must be approved anew.',
    request: { params: named, ...body(policyChange) },
    responses: {
      ...absent('purgePolicyNotFound'),
      ...conflicting('pullsNotTracked'),
      200: json('The purge policy as it is now.', shownPolicy),
    },
  }),
  deletePolicy: createRoute({
    method: 'delete',
    path: '/purge/policies/{name}',
    operationId: 'deletePurgePolicy',
    summary: 'Deletes a purge policy',
    description: 'Deletes a purge policy. The policy named default gets its original rules instead.',
    request: { params: named },
    responses: { ...absent('purgePolicyNotFound'), 204: { description: 'The purge policy was deleted.' } },
  }),
  stopPolicy: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/stop',
    operationId: 'stopPurgePolicy',
    summary: 'Switches a purge policy off',
    description: 'Switches a purge policy off, and stops a plan that is being carried out.',
    request: { params: named },
    responses: {
      ...absent('purgePolicyNotFound'),
      200: json('The purge policy, which is off until a plan is approved.', shownPolicy),
    },
  }),
  makePlan: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/plan',
    operationId: 'createPurgePlan',
    summary: 'Plans what a purge policy would remove',
    description: 'Plans what a purge policy would remove now, and removes nothing.',
    request: { params: named },
    responses: {
      ...absent('purgePolicyNotFound'),
      ...conflicting('planUnderWay'),
      200: json('The plan, with its first page.', shownPlan),
      202: json(
        'The stored manifests are still being marked, which takes longer than one request: send the request again.',
        looking,
      ),
    },
  }),
  readPlan: createRoute({
    method: 'get',
    path: '/purge/policies/{name}/plan',
    operationId: 'getPurgePlan',
    summary: 'Gets the plan of a purge policy',
    description: 'Gets a page of the current plan of a purge policy, with its outcome.',
    request: { params: named, query: planQuery },
    responses: {
      ...absent('purgePolicyNotFound', 'purgePlanNotFound'),
      200: json('The plan, with a page of it.', shownPlan),
    },
  }),
  approvePlan: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/plan/approve',
    operationId: 'approvePurgePlan',
    summary: 'Approves the plan of a purge policy',
    description: 'Approves the current plan by its hash. It is carried out, and the policy runs by its schedule.',
    request: { params: named, ...body(approval) },
    responses: {
      ...absent('purgePolicyNotFound', 'purgePlanNotFound'),
      ...conflicting('planChanged', 'planEmpty', 'planNotWaiting'),
      200: json('The plan, as far as it is carried out; a timer does the rest.', shownPlan),
    },
  }),
  explain: createRoute({
    method: 'get',
    path: '/purge/explain',
    operationId: 'explainPurge',
    summary: 'Explains why an image is kept or removed',
    description: 'Explains for each purge policy that covers an image whether it is kept or removed, and why.',
    request: {
      query: z.object({
        image: z.string().max(500).openapi({ example: 'team/app:v1', description: 'An image by its tag or digest.' }),
      }),
    },
    responses: { ...absent('manifestNotFound'), 200: json('The decisions of each policy.', explained) },
  }),
  listInUse: createRoute({
    method: 'get',
    path: '/in-use',
    operationId: 'listInUse',
    summary: 'Lists the sources that name images in use',
    description: 'Lists the clusters and deployment tools that name images in use, and whose time is not over.',
    request: { query: pageSchema },
    responses: { 200: json('A page of the sources.', inUseList) },
  }),
  readInUse: createRoute({
    method: 'get',
    path: '/in-use/{source}',
    operationId: 'getInUse',
    summary: 'Gets the images that a source uses',
    description: 'Gets the images that a cluster or a deployment tool uses.',
    request: { params: source },
    responses: {
      ...absent('inUseSourceNotFound'),
      200: json('The images, and the time until which they are kept.', inUseWhole),
    },
  }),
  putInUse: createRoute({
    method: 'put',
    path: '/in-use/{source}',
    operationId: 'putInUse',
    summary: 'Sets the images that a source uses',
    description: 'Sets the images that a cluster or a deployment tool uses, in place of those that it named before.',
    request: { params: source, ...body(pinsSchema) },
    responses: {
      ...conflicting('tooManySources', 'tooManyPins'),
      200: json('The images were replaced; no policy removes them until the time in the answer.', inUse),
      201: json('The source was created; no policy removes the images until the time in the answer.', inUse),
    },
  }),
  deleteInUse: createRoute({
    method: 'delete',
    path: '/in-use/{source}',
    operationId: 'deleteInUse',
    summary: 'Deletes the images that a source uses',
    description: 'Deletes the images that a cluster or a deployment tool named, so that policies may remove them.',
    request: { params: source },
    responses: { ...absent('inUseSourceNotFound'), 204: { description: 'The source was deleted.' } },
  }),
};

export function showPolicy(document: PolicyDocument, waiting: string[]): z.infer<typeof shownPolicy> {
  const { name, policy, approved, nextRunAt } = document;
  const on = isApproved(document);
  return {
    name,
    policy,
    on,
    waiting,
    ...(on && approved !== undefined ? { approved: { at: approved.at, by: approved.by }, nextRunAt } : {}),
  };
}

export function showPlan(
  plan: Plan,
  removals: readonly Removal[],
  kept: readonly Item[],
  nextLink: string | undefined,
): z.infer<typeof shownPlan> {
  const {
    id: _id,
    type: _type,
    schemaVersion: _version,
    registry: _registry,
    rules: _rules,
    pages: _pages,
    carriedOut: _carriedOut,
    lease: _lease,
    ...shown
  } = plan;
  const items = removals.flatMap(({ items: each, outcome, group }) =>
    each.map((item) => ({
      ...item,
      ...defined({ outcome, group }),
    })),
  );
  return { ...shown, items, keptItems: [...kept], ...defined({ nextLink }) };
}

export function showExplained({ policies, ...image }: Explained): z.infer<typeof explained> {
  const shown = ({ dueAt, ...rest }: Explained['policies'][number]['manifest']) => ({
    ...rest,
    ...defined({ dueAt: dueAt === undefined ? undefined : new Date(dueAt).toISOString() }),
  });
  return {
    ...image,
    policies: policies.map(({ policy, approved, manifest, tags, along }) => ({
      policy,
      on: approved,
      manifest: shown(manifest),
      tags: tags.map(({ tag, ...each }) => ({ tag, ...shown(each) })),
      along: [...along],
    })),
  };
}
