import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { parseEvent } from '../../shared/core/events/envelope.ts';
import { SharedRuns } from '../../shared/core/events/shared-runs.ts';
import { defaultName, newPolicy } from '../../shared/features/purge/documents.ts';
import { markTouched } from '../../shared/features/purge/mark.ts';
import { policySchema, rulesHash } from '../../shared/features/purge/policy.ts';
import { runPolicies } from '../../shared/features/purge/run.ts';
import { binnedTagsIn, isKept, liveManifests, tagsIn, Violation } from './invariants.ts';
import type { Actor, Mutation, Simulated } from './world.ts';
import { registry } from './world.ts';

const dayMs = 24 * 3600 * 1000;

/** A tag goes a day after its push, what has no tag a day after it lost it; `t2` stays, and keeps what it names. */
const simulated = policySchema.parse({
  remove: [
    { name: 'untagged', untaggedDays: 1 },
    { name: 'old', olderThanDays: 1, tags: ['t*'] },
  ],
  keep: [{ name: 'kept', tags: ['t2'] }],
  retentionDays: 1,
  schedule: { every: 'hour' },
  brakePercent: 100,
});

/** Approved from the start: what is explored is marking, planning and carrying out. */
export async function installPolicy({ world }: Simulated, { keepsNothing }: Mutation): Promise<void> {
  const now = world.clock.now();
  const policy = keepsNothing === true ? { ...simulated, keep: [] } : simulated;
  const { walk: _, ...document } = newPolicy(registry, defaultName, policy, now, now);
  const approved = { rules: rulesHash(policy), at: now.toISOString(), by: 'somebody' };
  await connectMemory(world).documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'create', document: { ...document, approved } }],
  );
}

/** Does what Event Grid's function does with each event that no process has handled to its end. */
export async function markDelivered({ policies }: Actor, simulated: Simulated): Promise<void> {
  const { log } = simulated.world.region().events;
  while (simulated.handled < log.length) {
    const at = simulated.handled;
    await markTouched({ ...policies, markRuns: new SharedRuns() }, registry, parseEvent(log[at]));
    // Another that handled it meanwhile has gone on.
    simulated.handled = Math.max(simulated.handled, at + 1);
  }
}

/** Does what the timer does. */
export async function runDuePolicies({ policies }: Actor): Promise<void> {
  await runPolicies(policies, registry, new Date(policies.clock.now().getTime() + dayMs / 24));
}

/** Holds at every moment: no policy took a tag that it keeps, or one before its time. */
export function checkTaken({ world }: Simulated): void {
  for (const { name, updatedAt, recycled } of binnedTagsIn(world)) {
    if (recycled.by.rule?.startsWith(`${defaultName}/`) !== true) continue;
    if (name === 't2') throw new Violation('a policy took the tag t2, which it keeps');
    if (Date.parse(recycled.recycledAt) - Date.parse(updatedAt) < dayMs)
      throw new Violation(`a policy took the tag ${name} before its time`);
  }
}

/**
 * Holds when everything has been marked and every run is over: nothing is left but what a rule keeps, and what that
 * holds.
 */
export function checkPurged({ world }: Simulated): void {
  const old = tagsIn(world).find(({ name }) => name === 't1');
  if (old !== undefined) throw new Violation(`the tag t1 of ${old.repository} stays for ever`);
  for (const { repository, digest } of liveManifests(world)) {
    if (isKept(world, repository, digest) !== true)
      throw new Violation(`${repository}@${digest.slice(7, 15)} has no tag, and stays for ever`);
  }
}
