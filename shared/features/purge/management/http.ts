import type { OpenAPIHono } from '@hono/zod-openapi';
import { readStored } from '../../../core/documents/stored.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import { causeIn } from '../../../core/http/management.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { changed } from '../../../core/http/merge-patch.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import { carryOut } from '../carry-out.ts';
import type { Plan, PolicyDocument } from '../documents.ts';
import { pageSchema, planPageRef, planRef, planSchema, readPolicies, readPolicy } from '../documents.ts';
import { approve, putPolicy, removePolicy, stop } from '../edit.ts';
import { explain } from '../explain.ts';
import { forgetInUse, listInUse, putInUse, readInUse } from '../in-use.ts';
import { planNow } from '../plan.ts';
import { policySchema } from '../policy.ts';
import type { PolicyPorts } from '../ports.ts';
import { untrackedRules } from '../tracking.ts';
import { walk } from '../walk.ts';
import { purgeTag, routes, showExplained, showPlan, showPolicy } from './wire.ts';

export interface PolicyManagementPorts extends PolicyPorts {
  readonly registry: RegistryName;
  readonly places: Places;
}

/** The milliseconds that a request spends on work that a timer continues. */
const requestMs = 20_000;

/** Makes the routes `/purge` and `/in-use` of the API. */
export function policyRoutes(ports: PolicyManagementPorts): OpenAPIHono {
  const api = managementRoutes(purgeTag);
  policies(api, ports);
  plans(api, ports);
  pins(api, ports);
  api.openapi(routes.explain, async (context) =>
    context.json(showExplained(await explain(ports, ports.registry, context.req.valid('query').image)), 200),
  );
  return api;
}

function policies(api: OpenAPIHono, ports: PolicyManagementPorts): void {
  const { documents, registry } = ports;
  const show = async (document: PolicyDocument) =>
    showPolicy(
      document,
      untrackedRules(document.policy, await ports.lastPulls.trackedSince(registry), ports.clock.now()),
    );
  api.openapi(routes.listPolicies, async (context) => {
    const all = (await readPolicies(documents, registry)).sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = ports.places.pageOf('purge policies', all, ({ name }) => name, context.req.valid('query'));
    const items = await Promise.all(page.items.map(show));
    return context.json({ items, ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.readPolicy, async (context) =>
    context.json(await show(await theOne(ports, context.req.valid('param').name)), 200),
  );
  api.openapi(routes.putPolicy, async (context) => {
    const { name } = context.req.valid('param');
    const { document, created } = await putPolicy(ports, registry, name, context.req.valid('json'));
    return context.json(await show(document), created ? 201 : 200);
  });
  api.openapi(routes.patchPolicy, async (context) => {
    const { name } = context.req.valid('param');
    const { policy } = await theOne(ports, name);
    const { document } = await putPolicy(
      ports,
      registry,
      name,
      changed(policySchema, policy, context.req.valid('json')),
    );
    return context.json(await show(document), 200);
  });
  api.openapi(routes.deletePolicy, async (context) => {
    const { name } = context.req.valid('param');
    await theOne(ports, name);
    await removePolicy(ports, registry, name);
    return context.body(null, 204);
  });
  api.openapi(routes.stopPolicy, async (context) => {
    const { name } = context.req.valid('param');
    await theOne(ports, name);
    await stop(ports, registry, name);
    return context.json(await show(await theOne(ports, name)), 200);
  });
}

function plans(api: OpenAPIHono, ports: PolicyManagementPorts): void {
  const { registry } = ports;
  const soon = () => new Date(ports.clock.now().getTime() + requestMs);
  api.openapi(routes.makePlan, async (context) => {
    const { name } = context.req.valid('param');
    const policy = await theOne(ports, name);
    if ((await currentPlan(ports, policy))?.state === 'approved')
      throw new RegistryError({
        is: 'conflict',
        code: 'planUnderWay',
        why: 'the current plan is being carried out: stop the policy, or wait until the plan is done',
      });
    if (!(await walk(ports, registry, name, soon())))
      return context.json(
        {
          looking: true as const,
          why: 'the stored manifests are being marked for the first time since the rules changed: send the request again',
        },
        202,
      );
    const plan = await planNow(ports, registry, policy, causeIn(context), 'somebody');
    return context.json(await pageOf(ports, plan), 200);
  });
  api.openapi(routes.readPlan, async (context) => {
    const { param, query } = { param: context.req.valid('param'), query: context.req.valid('query') };
    return context.json(await pageOf(ports, await thePlan(ports, param.name), Number(query.continuation ?? 0)), 200);
  });
  api.openapi(routes.approvePlan, async (context) => {
    const { name } = context.req.valid('param');
    const plan = await thePlan(ports, name);
    const cause = causeIn(context);
    const { hash, switchOn } = context.req.valid('json');
    if (isEmpty(plan) && switchOn !== true)
      throw new RegistryError({
        is: 'conflict',
        code: 'planEmpty',
        why:
          'the plan removes nothing, so approving it only switches the policy on for every run of its ' +
          'schedule: send "switchOn": true to do that',
      });
    await approve(ports, plan, hash, cause);
    return context.json(await pageOf(ports, (await carryOut(ports, registry, plan.plan, cause, soon())) ?? plan), 200);
  });
}

function pins(api: OpenAPIHono, ports: PolicyManagementPorts): void {
  api.openapi(routes.listInUse, async (context) => {
    const all = await listInUse(ports, ports.registry);
    const page = ports.places.pageOf('sources in use', all, ({ source }) => source, context.req.valid('query'));
    return context.json({ items: [...page.items], ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.readInUse, async (context) => {
    const { source } = context.req.valid('param');
    const found = await readInUse(ports, ports.registry, source);
    if (found === undefined) throw unknownSource(source);
    return context.json({ ...found, pinned: [...found.pinned] }, 200);
  });
  api.openapi(routes.putInUse, async (context) => {
    const { digests, ttlSeconds } = context.req.valid('json');
    const { source } = context.req.valid('param');
    const put = await putInUse(ports, ports.registry, source, digests, ttlSeconds);
    return context.json(put.source, put.created ? 201 : 200);
  });
  api.openapi(routes.deleteInUse, async (context) => {
    const { source } = context.req.valid('param');
    if (!(await forgetInUse(ports, ports.registry, source))) throw unknownSource(source);
    return context.body(null, 204);
  });
}

function unknownSource(source: string): RegistryError {
  return new RegistryError({
    is: 'thing-unknown',
    code: 'inUseSourceNotFound',
    what: `source "${source}" of images in use`,
  });
}

/** Reads a policy. Throws `RegistryError` (`thing-unknown`). */
async function theOne({ documents, registry }: PolicyManagementPorts, name: string): Promise<PolicyDocument> {
  const found = await readPolicy(documents, registry, name);
  if (found === undefined)
    throw new RegistryError({ is: 'thing-unknown', code: 'purgePolicyNotFound', what: `purge policy "${name}"` });
  return found.document;
}

/**
 * Returns true if approving the plan would remove nothing. A plan that the brake stops is not empty: approving it lets
 * the removal go on.
 */
function isEmpty({ manifests, tags, over, more }: Plan): boolean {
  return manifests === 0 && tags === 0 && over.length === 0 && !more;
}

async function currentPlan(
  { documents, registry }: PolicyManagementPorts,
  { plan }: PolicyDocument,
): Promise<Plan | undefined> {
  return plan === undefined ? undefined : (await readStored(documents, planSchema, planRef(registry, plan)))?.document;
}

async function thePlan(ports: PolicyManagementPorts, name: string): Promise<Plan> {
  const plan = await currentPlan(ports, await theOne(ports, name));
  if (plan === undefined)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'purgePlanNotFound',
      what: `plan of the purge policy "${name}"`,
      hint: 'make one by POST on this path',
    });
  return plan;
}

async function pageOf({ documents, registry }: PolicyManagementPorts, plan: Plan, page = 0) {
  const found =
    page < plan.pages ? await readStored(documents, pageSchema, planPageRef(registry, plan.plan, page)) : undefined;
  return showPlan(
    plan,
    found?.document.removals ?? [],
    found?.document.kept ?? [],
    page + 1 < plan.pages
      ? `/api/v1/purge/policies/${encodeURIComponent(plan.policy)}/plan?continuation=${page + 1}`
      : undefined,
  );
}
