import { oneByOne } from '../../core/documents/alone.ts';
import { patching } from '../../core/documents/changes.ts';
import { readStored } from '../../core/documents/stored.ts';
import { causeOfBackground } from '../../core/events/background.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { nextRun } from '../../core/rules/schedule.ts';
import { carryOut } from './carry-out.ts';
import type { Plan, PolicyDocument } from './documents.ts';
import { changePolicy, planRef, planSchema, readPolicies } from './documents.ts';
import { planNow } from './plan.ts';
import type { PolicyPorts } from './ports.ts';
import { isApproved } from './session.ts';
import { walk } from './walk.ts';

export interface PoliciesRun {
  /** The policies that have not yet gone through all that is stored. */
  readonly looking: readonly string[];
  /** The plans that were made or continued. */
  readonly plans: readonly Plan[];
}

/**
 * Runs the policies of a registry for a timer: continues what was interrupted, and runs the approved policies that are
 * due. A run is a plan that approves itself unless the brake stops it. If two timers run at once, the second one finds
 * nothing to do.
 */
export async function runPolicies(ports: PolicyPorts, registry: RegistryName, until: Date): Promise<PoliciesRun> {
  const [looking, plans]: [string[], Plan[]] = [[], []];
  const approved = (await readPolicies(ports.documents, registry)).filter(isApproved);
  await oneByOne(
    ports.log,
    'the run of a purge policy',
    approved,
    ({ name }) => name,
    async (policy) => {
      if (!(await walk(ports, registry, policy.name, until))) {
        looking.push(policy.name);
        return;
      }
      const plan = (await continuePlan(ports, policy, until)) ?? (await runOnTime(ports, policy, until));
      if (plan !== undefined) plans.push(plan);
    },
  );
  return { looking, plans };
}

/** Continues a plan that a user approved, or that a crash interrupted. */
async function continuePlan(
  ports: PolicyPorts,
  { registry, name, plan }: PolicyDocument,
  until: Date,
): Promise<Plan | undefined> {
  const current =
    plan === undefined ? undefined : await readStored(ports.documents, planSchema, planRef(registry, plan));
  return current?.document.state === 'approved'
    ? carryOut(ports, registry, current.document.plan, causeOfBackground(ports, policyActor(name)), until)
    : undefined;
}

async function runOnTime(
  ports: PolicyPorts,
  { registry, name, nextRunAt }: PolicyDocument,
  until: Date,
): Promise<Plan | undefined> {
  const now = ports.clock.now();
  if (Date.parse(nextRunAt) > now.getTime()) return undefined;
  // The instance whose write moves the time is the one that runs the policy.
  const runBy = ports.ids.nextId();
  const policy = await changePolicy(ports.documents, registry, name, (before) =>
    before.nextRunAt === nextRunAt && isApproved(before)
      ? { ...before, nextRunAt: nextRun(before.policy.schedule, now).toISOString(), runBy }
      : undefined,
  );
  if (policy?.runBy !== runBy) return undefined;
  const cause = causeOfBackground(ports, policyActor(name));
  const plan = await planNow(ports, registry, policy, cause, 'schedule');
  if (plan.over.length > 0) return plan;
  return (await approveWaiting(ports, registry, plan, policyActor(name)))
    ? carryOut(ports, registry, plan.plan, cause, until)
    : plan;
}

/** Approves the plan of an approved policy, unless the policy was switched off meanwhile: then the plan is void. */
async function approveWaiting(
  { documents }: PolicyPorts,
  registry: RegistryName,
  { plan }: Plan,
  approvedBy: string,
): Promise<boolean> {
  const found = await readStored(documents, planSchema, planRef(registry, plan));
  if (found?.document.state !== 'awaiting') return false;
  const change = patching(found, { state: 'approved', approvedBy });
  return (await documents.commitDocuments('registries', [registry], [change])).committed;
}

/** Returns the actor of what a policy does by itself. */
function policyActor(name: string): string {
  return `policy:${name}`;
}
