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
import { mark } from './mark.ts';
import { rulesHash } from './policy.ts';
import type { PolicyPorts } from './ports.ts';
import { removalOf } from './removal.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';

/** Longer than a page takes; after a crash another goes on when it is over. In milliseconds. */
const leaseMs = 60_000;

/**
 * Carries out an approved plan, page by page, until `until`: judges each item again, and moves into the bin what is due
 * still and was planned. Goes on where a crash stopped it, and leaves it to whoever is at it. Gives the plan as it is
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
    // Refused where somebody stopped it, or came first.
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

/** One page of it. */
async function step(ports: PolicyPorts, plan: Plan, cause: Cause): Promise<Plan> {
  const { registry, carriedOut, pages } = plan;
  const policy = (await readPolicy(ports.documents, registry, plan.policy))?.document;
  if (policy === undefined || rulesHash(policy.policy) !== plan.rules) return { ...plan, state: 'void' };
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
    outcome: plus(plan.outcome, removals),
    carriedOut: carriedOut + 1,
    state: carriedOut + 1 >= pages ? 'done' : 'approved',
  };
}

function plus(before: Plan['outcome'], removals: readonly Removal[]): Plan['outcome'] {
  const gone = removals.filter(({ group }) => group !== undefined);
  const items = gone.flatMap((removal) => removal.items);
  const count = (kind: string) => items.filter((item) => item.kind === kind).length;
  return {
    manifests: before.manifests + count('manifest'),
    tags: before.tags + count('tag'),
    stayed: before.stayed + removals.length - gone.length,
  };
}

async function removeAll(
  session: Session,
  policy: PolicyDocument,
  { document: page }: Stored<PlanPage>,
  cause: Cause,
): Promise<Removal[]> {
  const removals: Removal[] = [];
  // What a crash left written down as gone stays so.
  for (const removal of page.removals)
    removals.push(
      removal.outcome === undefined
        ? { ...removal, ...(await removeUnlessBroken(session, policy, removal, cause)) }
        : removal,
    );
  return removals;
}

/**
 * One that cannot be read stays, and the plan says so: it stops no other. What others write at, or an outage, is tried
 * again.
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
      'what a plan removes cannot be read, and stays',
    );
    return { outcome: `it stays: ${error.message}`.slice(0, 500) };
  }
}

/**
 * Judges once more: a pull, a push, a lock or a pin since the plan was made keeps it, and nothing goes that the plan
 * did not say.
 */
async function remove(
  session: Session,
  { name, policy }: PolicyDocument,
  planned: Removal,
  cause: Cause,
): Promise<Pick<Removal, 'outcome' | 'group'>> {
  const key = { registry: session.registry, repository: planned.repository };
  const view = await session.view(key);
  const judged = view === undefined ? undefined : await mark(session, view, planned.digest);
  if (judged === undefined) return { outcome: 'it is gone already' };
  const due = removalOf(judged, name);
  if (due === undefined || (planned.whole && !due.whole))
    return { outcome: `it stays: ${judged.judgements.get(name)?.manifest.why ?? 'no rule takes it'}` };
  const more =
    due.along.find((each) => !planned.along.includes(each)) ?? due.tags.find((tag) => !planned.tags.includes(tag));
  if (more !== undefined && planned.whole) return { outcome: `it stays: ${more} has come since and would go with it` };
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
    const went = manifests.length + tags.length > 0;
    return went ? { outcome: 'in the bin', group } : { outcome: `it stays: ${stayed[0]?.because ?? 'gone'}` };
  } catch (error) {
    // A lock of the whole repository.
    if (error instanceof RegistryError && error.fault.is === 'disallowed')
      return { outcome: `it stays: ${error.fault.attribute} of ${error.fault.what} is false` };
    throw error;
  }
}

/**
 * Pushed again, under the same name or to it, something has another age, and a tag another manifest: what was judged is
 * not there any more.
 */
function isAsIn({ facts }: Judged): Wanted['isAsJudged'] {
  const tags = new Map(facts.tags.map(({ name, pushedAt }) => [name, pushedAt]));
  const { digest, pushedAt } = facts.manifest;
  return (found) =>
    found.digest === digest && Date.parse(found.updatedAt) === (found.type === 'tag' ? tags.get(found.name) : pushedAt);
}
