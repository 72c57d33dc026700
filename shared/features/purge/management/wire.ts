import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { absent, body, conflicting, json, nameSchema, pageOf, pageSchema } from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import type { Item, Plan, PolicyDocument, Removal } from '../documents.ts';
import { itemSchema, planSchema } from '../documents.ts';
import type { Explained } from '../explain.ts';
import { policySchema } from '../policy.ts';
import { isApproved } from '../session.ts';
import { inUse, inUseList, inUseWhole, pinsSchema, source } from './in-use-wire.ts';
import { dateTime, number, text } from './shapes.ts';

export const purgeTag = { name: 'purge', description: 'Policies that clean repositories up, and what they keep.' };
const named = z.object({
  name: nameSchema.openapi({ example: 'default', description: 'The name of a purge policy.' }),
});
const policyShape = policySchema.openapi('PurgePolicyRules', {
  description: 'What a purge policy covers, removes and keeps.',
});
const policyChange = changeOf(policySchema.shape).openapi('PurgePolicyChange', {
  description: 'What of a purge policy is to change: what is absent stays, null goes back to the default.',
});

const shownPolicy = z
  .object({
    name: text('The name of the policy.'),
    policy: policyShape,
    on: z.boolean().openapi({
      description: 'A plan of these rules was approved, so it runs by its schedule. Changed rules are approved anew.',
    }),
    approved: z
      .object({ at: dateTime('When it was approved.'), by: text('Who approved it.') })
      .optional()
      .openapi({ description: 'The approval that switched it on.' }),
    nextRunAt: dateTime('When it runs next.').optional(),
    waiting: z
      .array(z.string())
      .openapi({ description: 'Rules that look back further than pulls are tracked: they take nothing until then.' }),
  })
  .openapi('PurgePolicy', { description: 'A purge policy, and whether it runs.' });

const evidence = z
  .object({
    pushedAt: dateTime('When it was pushed.'),
    lastPull: dateTime('When it was pulled last.').optional(),
    trackedSince: dateTime('Since when pulls are tracked.').optional(),
    untaggedSince: dateTime('Since when no tag points at it.').optional(),
  })
  .openapi({ description: 'The times that a rule goes by.' });
const shownItem = z
  .object({
    kind: itemSchema.shape.kind.openapi({ description: 'What is removed.' }),
    repository: text('The repository that it is in.'),
    digest: text('The digest of the manifest.'),
    tag: text('The name of the tag.').optional(),
    about: itemSchema.shape.about.openapi({ description: 'It is about another manifest, as a signature is.' }),
    rule: text('The rule that takes or keeps it.'),
    why: text('Why the rule does, in words.'),
    evidence,
    bytes: z.int().nonnegative().openapi({ description: 'The bytes that are freed when all of the plan is purged.' }),
    outcome: text('What became of it.').optional(),
    group: text('The deletion in the bin, for /bin/restore.').optional(),
  })
  .openapi('PurgeItem', { description: 'A manifest or a tag that a plan removes or keeps.' });

const shownPlan = z
  .object({
    plan: text('The id of the plan.'),
    policy: text('The policy that it is of.'),
    hash: text('The hash of all that it lists, to approve it by.'),
    state: planSchema.shape.state.openapi({ description: 'void: the rules changed before it was carried out.' }),
    madeAt: dateTime('When the plan was made.'),
    manifests: number('How many manifests it removes.'),
    tags: number('How many tags it removes.'),
    bytes: number('How many bytes it frees.'),
    kept: number('How many more a rule would take if no attribute forbade it.'),
    more: z.boolean().openapi({ description: 'Whether more is due than one plan holds; the next has it.' }),
    over: z
      .array(
        z.object({
          repository: text('The repository of which it takes so much.'),
          going: number('How many the plan takes.'),
          of: number('How many there are.'),
          what: planSchema.shape.over.element.shape.what.openapi({ description: 'What is counted.' }),
        }),
      )
      .openapi({ description: 'Of which the plan takes more than the brake lets through without asking.' }),
    outcome: z
      .object({
        manifests: number('How many manifests were removed.'),
        tags: number('How many tags were removed.'),
        stayed: number('How much stayed, because it changed meanwhile.'),
      })
      .openapi({ description: 'What became of the plan so far.' }),
    approvedBy: text('Who approved it.').optional(),
    items: z.array(shownItem).openapi({ description: 'A page of what it removes.' }),
    keptItems: z.array(shownItem).openapi({ description: 'A rule would take these if no attribute forbade it.' }),
    nextLink: text('The path of the next page; absent on the last page.').optional(),
  })
  .openapi('PurgePlan', { description: 'What a purge policy would remove, or has removed.' });

const looking = z
  .object({
    looking: z.literal(true).openapi({ description: 'There is no plan yet.' }),
    why: text('What is done meanwhile.'),
  })
  .openapi('PurgeLooking', { description: 'What is stored is still looked through.' });

const decision = z.object({
  verdict: z.enum(['keep', 'due', 'not-yet']).openapi({ description: 'Whether it is kept or removed.' }),
  rule: text('The rule that decides.').optional(),
  why: text('Why it is so, in words.'),
  dueAt: dateTime('When it is due.').optional(),
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
          on: z.boolean().openapi({ description: 'Whether the policy runs.' }),
          manifest: decision.openapi({ description: 'What it says of the manifest.' }),
          tags: z
            .array(decision.extend({ tag: text('The name of the tag.') }))
            .openapi({ description: 'What it says of each tag.' }),
          along: z.array(z.string()).openapi({ description: 'The digests that would go along.' }),
        }),
      )
      .openapi({ description: 'What each policy says that covers the image.' }),
  })
  .openapi('PurgeExplained', { description: 'Why an image is kept or removed.' });

const policyList = pageOf(shownPolicy, 'Policies in the order of their names.').openapi('PurgePolicies', {
  description: 'A page of purge policies.',
});

const planQuery = z.object({
  continuation: z
    .string()
    .regex(/^\d{1,5}$/, 'is not of this list: give the one of the page before')
    .optional()
    .openapi({ description: 'Where the page begins, out of the nextLink of the page before.' }),
});

const approval = z
  .object({
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan: 64 hexadecimal digits')
      .openapi({ description: 'The hash of the plan, as the plan has it.' }),
    switchOn: z.boolean().optional().openapi({
      description:
        'Must be true to approve a plan that removes nothing: all that it does is to switch the policy on for every run of its schedule.',
    }),
  })
  .openapi('PurgeApproval', { description: 'Which plan is approved.' });

export const routes = {
  listPolicies: createRoute({
    method: 'get',
    path: '/purge/policies',
    operationId: 'listPurgePolicies',
    summary: 'Lists the purge policies',
    description: 'Lists the purge policies in the order of their names. There is always the one that is named default.',
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
    description: 'Changes those properties of a purge policy that the body has. Changed rules are approved anew.',
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
    description: 'Deletes a purge policy. The one that is named default goes back to what it was.',
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
      202: json('There is more to look at than one request has time for: ask again.', looking),
    },
  }),
  readPlan: createRoute({
    method: 'get',
    path: '/purge/policies/{name}/plan',
    operationId: 'getPurgePlan',
    summary: 'Gets the plan of a purge policy',
    description: 'Gets a page of the current plan of a purge policy, and what became of it.',
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
    responses: { ...absent('manifestNotFound'), 200: json('What each policy says.', explained) },
  }),
  listInUse: createRoute({
    method: 'get',
    path: '/in-use',
    operationId: 'listInUse',
    summary: 'Lists who says that images are in use',
    description: 'Lists the clusters and tools that say which images they use, and whose time is not over.',
    request: { query: pageSchema },
    responses: { 200: json('A page of those who say it.', inUseList) },
  }),
  readInUse: createRoute({
    method: 'get',
    path: '/in-use/{source}',
    operationId: 'getInUse',
    summary: 'Gets which images somebody uses',
    description: 'Gets which images a cluster or a deployment tool says that it uses.',
    request: { params: source },
    responses: { ...absent('inUseSourceNotFound'), 200: json('The images, and until when.', inUseWhole) },
  }),
  putInUse: createRoute({
    method: 'put',
    path: '/in-use/{source}',
    operationId: 'putInUse',
    summary: 'Says which images somebody uses',
    description: 'Says which images a cluster or a deployment tool uses, in place of what it said before.',
    request: { params: source, ...body(pinsSchema) },
    responses: {
      ...conflicting('tooManySources', 'tooManyPins'),
      200: json('What it said before was replaced; no policy removes the images until then.', inUse),
      201: json('No policy removes the images until then.', inUse),
    },
  }),
  deleteInUse: createRoute({
    method: 'delete',
    path: '/in-use/{source}',
    operationId: 'deleteInUse',
    summary: 'Forgets which images somebody uses',
    description: 'Forgets what a cluster or a deployment tool said, so that policies may remove the images.',
    request: { params: source },
    responses: { ...absent('inUseSourceNotFound'), 204: { description: 'It is forgotten.' } },
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
