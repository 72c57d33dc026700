import { replacing } from '../../core/documents/changes.ts';
import { isHeld, leaseEnd } from '../../core/documents/lease.ts';
import type { Wanted } from '../../core/documents/recycling.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored, UnreadableDocument } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Plan, PlanPage, PolicyDocument, Removal } from './documents.ts';
import { pageSchema, planPageRef, planRef, planSchema, planTtl, readPolicy } from './documents.ts';
import type { Judged } from './mark.ts';
import { judgeNow } from './mark.ts';
import { rulesHash } from './policy.ts';
import type { PolicyPorts } from './ports.ts';
import { removalOf } from './removal.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';

/** The milliseconds of a lease, longer than a page takes; after a crash another process continues when it is over. */
const leaseMs = 60_000;

/**
 * Carries out an approved plan, page by page, until `until`: judges each item again, and recycles what was planned and
 * is still due. It continues after a crash, unless another process carries the plan out. Returns the plan as it is
 * afterwards. Throws `StoreFailure`, `RegistryError` (`contended`).
 */
export async function carryOut(
  ports: PolicyPorts,
  registry: RegistryName,
  plan: string,
  cause: Cause,
  until: Date,
): Promise<Plan | undefined> {
  const me = ports.ids.nextId();
  for (;;) {
    const now = ports.clock.now();
    const found = await readStored(ports.documents, planSchema, planRef(registry, plan));
    if (found?.document.state !== 'approved' || now >= until || isHeldByOther(found.document, me, now))
      return found?.document;
    const mine = found.document.lease?.by === me;
    const after = mine ? await step(ports, found.document, cause) : found.document;
    // The write is refused if a user stopped the plan, or another process was first.
    await ports.documents.commitDocuments(
      'registries',
      [registry],
      [
        replacing(found, {
          ...after,
          lease: { by: me, until: leaseEnd(now, leaseMs) },
          ttl: planTtl,
        }),
      ],
    );
  }
}

function isHeldByOther({ lease }: Plan, me: string, now: Date): boolean {
  return lease !== undefined && lease.by !== me && isHeld(lease.until, now);
}

/** Carries out one page. */
async function step(ports: PolicyPorts, plan: Plan, cause: Cause): Promise<Plan> {
  const { registry, carriedOut, pages } = plan;
  const policy = (await readPolicy(ports.documents, registry, plan.policy))?.document;
  // The approval is written before the plan is approved, and goes when the policy is switched off.
  if (policy?.approved?.rules !== plan.rules || rulesHash(policy.policy) !== plan.rules)
    return { ...plan, state: 'void' };
  if (carriedOut >= pages) return { ...plan, state: 'done' };
  const page = await readStored(ports.documents, pageSchema, planPageRef(registry, plan.plan, carriedOut));
  if (page === undefined) return { ...plan, state: 'void' };
  const removals = await removeAll(await openSession(ports, registry), policy, page, cause);
  const written = await ports.documents.commitDocuments(
    'registries',
    [registry],
    [replacing(page, { ...page.document, removals, ttl: planTtl })],
  );
  if (!written.committed) return plan;
  return {
    ...plan,
    outcome: addOutcomes(plan.outcome, removals),
    carriedOut: carriedOut + 1,
    state: carriedOut + 1 >= pages ? 'done' : 'approved',
  };
}

function addOutcomes(before: Plan['outcome'], removals: readonly Removal[]): Plan['outcome'] {
  const recycled = removals.filter(({ group }) => group !== undefined);
  const items = recycled.flatMap((removal) => removal.items);
  const count = (kind: string) => items.filter((item) => item.kind === kind).length;
  return {
    manifests: before.manifests + count('manifest'),
    tags: before.tags + count('tag'),
    stayed: before.stayed + removals.length - recycled.length,
  };
}

async function removeAll(
  session: Session,
  policy: PolicyDocument,
  { document: page }: Stored<PlanPage>,
  cause: Cause,
): Promise<Removal[]> {
  const removals: Removal[] = [];
  // An outcome that was written before a crash stays.
  for (const removal of page.removals)
    removals.push(
      removal.outcome === undefined
        ? { ...removal, ...(await removeUnlessBroken(session, policy, removal, cause)) }
        : removal,
    );
  return removals;
}

/**
 * Carries out one removal. If a document cannot be read, it stays, the plan says so, and the others go on. After a
 * conflict or an outage the whole page is tried again.
 */
async function removeUnlessBroken(
  session: Session,
  policy: PolicyDocument,
  planned: Removal,
  cause: Cause,
): Promise<Pick<Removal, 'outcome' | 'group'>> {
  try {
    return await remove(session, policy, planned, cause);
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    session.ports.log.error(
      { err: error, repository: planned.repository, digest: planned.digest },
      'a document that a plan would remove cannot be read, so it stays',
    );
    return { outcome: `it stays: ${error.message}`.slice(0, 500) };
  }
}

/**
 * Judges the manifest once more: a pull, a push, a lock or a pin since the plan was made keeps it, and nothing is
 * removed that the plan did not list.
 */
async function remove(
  session: Session,
  { name, policy }: PolicyDocument,
  planned: Removal,
  cause: Cause,
): Promise<Pick<Removal, 'outcome' | 'group'>> {
  const key = { registry: session.registry, repository: planned.repository };
  const view = await session.view(key);
  const judged = view === undefined ? undefined : await judgeNow(session, view, planned.digest);
  if (judged === undefined) return { outcome: 'it stays: it was deleted already' };
  const due = removalOf(judged, name);
  if (due === undefined || (planned.whole && !due.whole))
    return { outcome: `it stays: ${judged.judgements.get(name)?.manifest.why ?? 'no rule removes it'}` };
  const more =
    due.along.find((each) => !planned.along.includes(each)) ?? due.tags.find((tag) => !planned.tags.includes(tag));
  if (more !== undefined && planned.whole)
    return { outcome: `it stays: ${more} was pushed since the plan was made, and would be removed with it` };
  const wanted = {
    manifests: planned.whole ? [planned.digest] : [],
    tags: planned.whole ? due.tags : due.tags.filter((tag) => planned.tags.includes(tag)),
    isAsJudged: isAsIn(judged),
  };
  try {
    const { group, manifests, tags, stayed } = await session.ports.recycler.recycle(key, wanted, {
      cause,
      rule: `${name}/${planned.items[0]?.rule ?? ''}`,
      retentionDays: policy.retentionDays,
    });
    const isRecycled = manifests.length + tags.length > 0;
    return isRecycled ? { outcome: 'recycled', group } : { outcome: `it stays: ${stayed[0]?.because ?? 'gone'}` };
  } catch (error) {
    // The whole repository is locked.
    if (error instanceof RegistryError && error.fault.is === 'disallowed')
      return { outcome: `it stays: ${error.fault.attribute} of ${error.fault.what} is false` };
    throw error;
  }
}

/**
 * Returns a check that a document is still as it was judged: one that was pushed again has another time, and a tag that
 * moved has another manifest.
 */
function isAsIn({ facts }: Judged): Wanted['isAsJudged'] {
  const tags = new Map(facts.tags.map(({ name, pushedAt }) => [name, pushedAt]));
  const { digest, pushedAt } = facts.manifest;
  return (found) =>
    found.digest === digest && Date.parse(found.updatedAt) === (found.type === 'tag' ? tags.get(found.name) : pushedAt);
}
