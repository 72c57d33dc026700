import { createRoute, z } from '@hono/zod-openapi';
import { isInUseSource } from '../../../../core/documents/in-use-source.ts';
import { body, json, refusals } from '../../../../core/http/management.ts';
import { digestSchema } from '../../../../core/oci/descriptor.ts';
import type { Item, Plan, PolicyDocument, Removal } from '../documents.ts';
import { itemSchema, planSchema } from '../documents.ts';
import type { Explained } from '../explain.ts';
import { policyNameSchema, policySchema } from '../policy.ts';
import { isApproved } from '../session.ts';

const dateTime = z.string().openapi({ format: 'date-time' });
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}` });
const named = z.object({ name: policyNameSchema.openapi({ example: 'default' }) });
const source = z.object({
  source: z
    .string()
    .refine(isInUseSource, 'must be 1 to 100 letters, digits, dots, dashes and underscores')
    .openapi({ example: 'cluster-west' }),
});

const policyShape = policySchema.openapi('PurgePolicyRules');

const shownPolicy = z
  .object({
    name: z.string(),
    policy: policyShape,
    on: z.boolean().openapi({
      description: 'A plan of these rules was approved, so it runs by its schedule. Changed rules are approved anew.',
    }),
    approved: z.object({ at: dateTime, by: z.string() }).optional(),
    nextRunAt: dateTime.optional(),
    waiting: z
      .array(z.string())
      .openapi({ description: 'Rules that look back further than pulls are tracked: they take nothing until then.' }),
  })
  .openapi('PurgePolicy');

const {
  id: _,
  type: __,
  schemaVersion: ___,
  registry: ____,
  rules: _____,
  pages: ______,
  carriedOut: _______,
  lease: ________,
  ...planShape
} = planSchema.shape;

const names = { repository: z.string(), digest: z.string(), tag: z.string().optional() };
const shownItem = z
  .object({
    ...itemSchema.shape,
    ...names,
    outcome: z.string().optional(),
    group: z.string().optional().openapi({ description: 'The deletion in the bin, for /bin/restore.' }),
  })
  .openapi('PurgeItem');

const shownPlan = z
  .object({
    ...planShape,
    over: z
      .array(planSchema.shape.over.element.extend({ repository: z.string() }))
      .openapi({ description: 'Of which the plan takes more than the brake lets through without asking.' }),
    items: z.array(shownItem),
    keptItems: z.array(shownItem).openapi({ description: 'A rule would take these if no attribute forbade it.' }),
    continuation: z.string().optional(),
  })
  .openapi('PurgePlan');

const looking = z.object({ looking: z.literal(true), why: z.string() }).openapi('PurgeLooking');

const decision = z.object({
  verdict: z.enum(['keep', 'due', 'not-yet']),
  rule: z.string().optional(),
  why: z.string(),
  dueAt: dateTime.optional(),
  evidence: itemSchema.shape.evidence,
});
const explained = z
  .object({
    repository: z.string(),
    digest: z.string(),
    policies: z.array(
      z.object({
        policy: z.string(),
        on: z.boolean(),
        manifest: decision,
        tags: z.array(decision.extend({ tag: z.string() })),
        along: z.array(z.string()),
      }),
    ),
  })
  .openapi('PurgeExplained');

const digestsAtMost = 10_000;
const pinsSchema = z
  .object({
    digests: z.array(digest).max(digestsAtMost),
    ttlSeconds: z
      .int()
      .min(60)
      .max(90 * 24 * 3600)
      .openapi({
        description: 'How long they are kept if nobody says it again: a few times the interval of who says it.',
      }),
  })
  .openapi('InUsePins');
const inUse = z
  .object({ source: z.string(), digests: z.int(), expiresAt: dateTime, updatedAt: dateTime })
  .openapi('InUse');

const planQuery = z.object({
  continuation: z
    .string()
    .regex(/^\d{1,5}$/, 'is not from the page before')
    .optional(),
});

const approval = z.object({
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan: 64 hexadecimal digits'),
  switchOn: z.boolean().optional().openapi({
    description:
      'Must be true to approve a plan that removes nothing: all that it does is to switch the policy on for every run of its schedule.',
  }),
});

export const routes = {
  listPolicies: createRoute({
    method: 'get',
    path: '/purge/policies',
    summary: 'Every purge policy',
    responses: { ...refusals, 200: json('All of them.', z.object({ policies: z.array(shownPolicy) })) },
  }),
  readPolicy: createRoute({
    method: 'get',
    path: '/purge/policies/{name}',
    summary: 'A purge policy',
    request: { params: named },
    responses: { ...refusals, 200: json('The policy.', shownPolicy) },
  }),
  putPolicy: createRoute({
    method: 'put',
    path: '/purge/policies/{name}',
    summary: 'Makes or changes a purge policy. It takes nothing before a plan of it is approved',
    request: { params: named, ...body(policyShape) },
    responses: { ...refusals, 200: json('So it is.', shownPolicy) },
  }),
  deletePolicy: createRoute({
    method: 'delete',
    path: '/purge/policies/{name}',
    summary: 'Deletes a purge policy; the default one goes back to what it was',
    request: { params: named },
    responses: { ...refusals, 204: { description: 'It is gone.' } },
  }),
  stopPolicy: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/stop',
    summary: 'Switches a purge policy off, and stops a plan that is being carried out',
    request: { params: named },
    responses: { ...refusals, 200: json('It is off until a plan is approved.', shownPolicy) },
  }),
  makePlan: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/plan',
    summary: 'Plans what the policy would remove now, and removes nothing',
    request: { params: named },
    responses: {
      ...refusals,
      200: json('The plan.', shownPlan),
      202: json('There is more to look at than one request has time for: ask again.', looking),
    },
  }),
  readPlan: createRoute({
    method: 'get',
    path: '/purge/policies/{name}/plan',
    summary: 'The current plan of a policy, and what became of it',
    request: { params: named, query: planQuery },
    responses: { ...refusals, 200: json('A page of the plan.', shownPlan) },
  }),
  approvePlan: createRoute({
    method: 'post',
    path: '/purge/policies/{name}/plan/approve',
    summary: 'Approves the current plan by its hash: it is carried out, and the policy runs by its schedule',
    request: { params: named, ...body(approval) },
    responses: { ...refusals, 200: json('The plan, as far as it is carried out; a timer does the rest.', shownPlan) },
  }),
  explain: createRoute({
    method: 'get',
    path: '/purge/explain',
    summary: 'Why an image is kept or due',
    request: { query: z.object({ image: z.string().max(500).openapi({ example: 'team/app:v1' }) }) },
    responses: { ...refusals, 200: json('By each policy that covers it.', explained) },
  }),
  listInUse: createRoute({
    method: 'get',
    path: '/in-use',
    summary: 'Who says that images are in use',
    responses: { ...refusals, 200: json('All that have not expired.', z.object({ sources: z.array(inUse) })) },
  }),
  putInUse: createRoute({
    method: 'put',
    path: '/in-use/{source}',
    summary: 'Says which images a cluster or a deployment tool uses; what it said before is replaced',
    request: { params: source, ...body(pinsSchema) },
    responses: { ...refusals, 200: json('No policy takes them until then.', inUse) },
  }),
  deleteInUse: createRoute({
    method: 'delete',
    path: '/in-use/{source}',
    summary: 'Forgets what somebody said is in use',
    request: { params: source },
    responses: { ...refusals, 204: { description: 'It is forgotten.' } },
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
  continuation: string | undefined,
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
      ...(outcome === undefined ? {} : { outcome }),
      ...(group === undefined ? {} : { group }),
    })),
  );
  return { ...shown, items, keptItems: [...kept], ...(continuation === undefined ? {} : { continuation }) };
}

export function showExplained({ policies, ...image }: Explained): z.infer<typeof explained> {
  const shown = ({ dueAt, ...rest }: Explained['policies'][number]['manifest']) => ({
    ...rest,
    ...(dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() }),
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
