import pLimit from 'p-limit';
import { inBatches } from '../../core/documents/batches.ts';
import { defined } from '../../core/documents/defined.ts';
import { pagesOf } from '../../core/documents/pages.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { VersionedDocument } from '../../core/ports/documents.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import { nextRun } from '../../core/rules/schedule.ts';
import type { Plan, PolicyDocument } from './documents.ts';
import { changePolicy, newPolicy, planRef, policyRef, readPolicies } from './documents.ts';
import type { Policy } from './policy.ts';
import { rulesHash } from './policy.ts';
import type { PolicyPorts } from './ports.ts';
import { isApproved } from './session.ts';
import { untrackedRules } from './tracking.ts';

type Editing = Pick<PolicyPorts, 'documents' | 'clock' | 'ids' | 'lastPulls'>;

const stateInWords = {
  approved: 'being carried out',
  done: 'carried out already',
  void: 'void, because the rules were changed since it was made: make another plan',
};

/**
 * Creates or changes a policy. Changed rules are off until a plan of them is approved. Throws `RegistryError`
 * (`conflict`) if a rule needs pulls from longer ago than they are tracked, (`contended`) if others change the policy
 * all the time.
 */
export async function putPolicy(
  { documents, clock, ids, lastPulls }: Editing,
  registry: RegistryName,
  name: string,
  policy: Policy,
): Promise<{ readonly document: PolicyDocument; readonly created: boolean }> {
  const now = clock.now();
  const [untracked] = untrackedRules(policy, await lastPulls.trackedSince(registry), now);
  if (untracked !== undefined) throw new RegistryError({ is: 'conflict', code: 'pullsNotTracked', why: untracked });
  const fresh = newPolicy(registry, name, policy, nextRun(policy.schedule, now), now);
  const changed = (before: PolicyDocument): PolicyDocument => {
    const sameRules = rulesHash(before.policy) === rulesHash(policy);
    return {
      ...before,
      policy,
      nextRunAt: fresh.nextRunAt,
      updatedAt: fresh.updatedAt,
      ...defined({ walk: sameRules ? before.walk : { id: ids.nextId() } }),
    };
  };
  for (;;) {
    const there = await changePolicy(documents, registry, name, changed);
    if (there !== undefined) {
      if (isApproved(there)) return { document: there, created: false };
      // The changed rules to keep are off, so other policies may remove more.
      await restartWalks({ documents, ids }, registry);
      return { document: there, created: false };
    }
    const made = await documents.commitDocuments('registries', [registry], [{ do: 'create', document: { ...fresh } }]);
    if (made.committed) return { document: fresh, created: true };
  }
}

/** Deletes a policy and its marks. The default one is created anew, and marks anew. */
export async function removePolicy({ documents, ids }: Editing, registry: RegistryName, name: string): Promise<void> {
  await documents.commitDocuments('registries', [registry], [{ do: 'delete', id: policyRef(registry, name).id }]);
  await restartWalks({ documents, ids }, registry);
  const marks = pagesOf(documents, {
    container: 'repositories',
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'purge-due' },
      { path: 'policy', is: '=', value: name },
    ],
    limit: marksInPage,
  });
  for await (const page of marks) await deleteMarks({ documents }, registry, page);
}

/** The marks on one page: there may be one for each manifest of the registry, and a request waits. */
const marksInPage = 1_000;
const batchesAtOnce = 8;

async function deleteMarks(
  { documents }: Pick<Editing, 'documents'>,
  registry: RegistryName,
  marks: readonly VersionedDocument[],
): Promise<void> {
  const limit = pLimit(batchesAtOnce);
  const drop = (repository: string, ids: readonly string[]) =>
    documents.commitDocuments(
      'repositories',
      [registry, repository],
      ids.map((id) => ({ do: 'delete' as const, id })),
    );
  const byRepository = Map.groupBy(marks, ({ document }) => String(document.repository));
  const batches = [...byRepository].flatMap(([repository, found]) =>
    inBatches(found, maxChangesPerCommit).map((some) => ({ repository, ids: some.map(({ document }) => document.id) })),
  );
  const outcomes = await Promise.all(
    batches.map(({ repository, ids }) => limit(async () => (await drop(repository, ids)).committed)),
  );
  // If one of them is gone already, the batch is refused, and the others are deleted one by one.
  const refused = batches.filter((_, at) => outcomes[at] === false);
  await Promise.all(refused.flatMap(({ repository, ids }) => ids.map((id) => limit(() => drop(repository, [id])))));
}

/** Switches a policy off. A plan that is being carried out stops before its next page. */
export async function stop({ documents, ids }: Editing, registry: RegistryName, name: string): Promise<void> {
  const there = await changePolicy(documents, registry, name, ({ approved: _, ...before }) => before);
  if (there?.plan !== undefined)
    await documents.commitDocuments(
      'registries',
      [registry],
      [{ do: 'patch', id: planRef(registry, there.plan).id, set: { state: 'void' } }],
    );
  await restartWalks({ documents, ids }, registry);
}

/** Begins the walks of all policies again, because a rule to keep that is off lets other policies remove more. */
async function restartWalks(
  { documents, ids }: Pick<Editing, 'documents' | 'ids'>,
  registry: RegistryName,
): Promise<void> {
  for (const { name } of await readPolicies(documents, registry))
    await changePolicy(documents, registry, name, (before) => ({ ...before, walk: { id: ids.nextId() } }));
}

/**
 * Approves a plan, and with it the rules that it was made by. Throws `RegistryError` (`conflict`) if the hash is not
 * the plan's, the plan is not waiting for approval, or its rules have changed.
 */
export async function approve(
  { documents, clock }: Editing,
  plan: Plan,
  hash: string,
  { actor }: Cause,
): Promise<void> {
  const { registry } = plan;
  if (plan.hash !== hash)
    throw new RegistryError({
      is: 'conflict',
      code: 'planChanged',
      why: `the current plan has the hash ${plan.hash}, not ${hash}: read the plan, and approve it by its own hash`,
    });
  if (plan.state !== 'awaiting')
    throw new RegistryError({
      is: 'conflict',
      code: 'planNotWaiting',
      why: `the plan is ${stateInWords[plan.state]}`,
    });
  const now = clock.now();
  const there = await changePolicy(documents, registry, plan.policy, (before) => {
    if (rulesHash(before.policy) !== plan.rules || before.plan !== plan.plan)
      throw new RegistryError({
        is: 'conflict',
        code: 'planChanged',
        why: 'the policy or its plan was changed since this plan was made: make another plan',
      });
    return {
      ...before,
      approved: { rules: plan.rules, at: now.toISOString(), by: actor.name },
      nextRunAt: nextRun(before.policy.schedule, now).toISOString(),
    };
  });
  if (there === undefined)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'purgePolicyNotFound',
      what: `purge policy "${plan.policy}"`,
    });
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'patch', id: plan.id, set: { state: 'approved', approvedBy: actor.name } }],
  );
}
