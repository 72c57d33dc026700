import { oneByOne, readable } from '../../../core/documents/alone.ts';
import { backoff } from '../../../core/documents/backoff.ts';
import { patching, removing, writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { dueQuery } from '../../../core/documents/due.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { envelope } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { watchesRef } from '../bases/documents.ts';
import { dependentsOf } from '../bases/learn.ts';
import { shownReference } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Upstream, UpstreamLogin, Watched } from './documents.ts';
import { upstreamRef, upstreamSchema, watchedRef, watchedSchema } from './documents.ts';
import { listingOf, notListed } from './listed.ts';
import { askedAs } from './logins.ts';
import type { TagAnswer, TagState } from './tag-digest.ts';
import { askTagDigest } from './tag-digest.ts';

const tagsAtOnce = 100;
const longestWaitMs = 24 * 3_600_000;

const hostOf = (base: string) => base.slice(0, base.indexOf('/'));

/**
 * Checks the tags of other registries that are due, as far as each registry's budget of this minute allows. Returns how
 * many it checked. A tag that cannot be checked stops no other. Throws `StoreFailure`.
 */
export async function watchUpstreams(ports: BuildPorts, until: Date): Promise<number> {
  let checked = 0;
  // The tags of a registry without budget stay due: they are passed over until the next minute.
  const spent = new Set<string>();
  const due = dueQuery(ports.clock.now(), {
    container: 'dependencies',
    where: [
      { path: 'type', is: '=', value: 'watched' },
      { path: 'registry', is: '=', value: ports.registry },
    ],
    limit: tagsAtOnce,
  });
  for await (const page of pagesOf(ports.documents, due)) {
    await oneByOne(
      ports.log,
      'checking a tag of an upstream',
      readable(ports.log, watchedSchema, page, { container: 'dependencies' }),
      ({ document }) => `${document.base} ${document.id}`,
      async (watched) => {
        const host = hostOf(watched.document.base);
        if (spent.has(host) || ports.clock.now() >= until) return;
        const outcome = await checkTag(ports, watched);
        if (outcome === 'checked') checked += 1;
        if (outcome === 'no budget') spent.add(host);
      },
    );
    if (ports.clock.now() >= until) break;
  }
  return checked;
}

const minuteOf = (clock: BuildPorts['clock']) => clock.now().toISOString().slice(0, 16);

async function readBudget({ documents, registry }: BuildPorts, host: string): Promise<Stored<Upstream> | undefined> {
  return readStored(documents, upstreamSchema, upstreamRef(registry, host));
}

function usedOf({ clock }: BuildPorts, budget: Stored<Upstream> | undefined): number {
  return budget?.document.minute === minuteOf(clock) ? budget.document.used : 0;
}

/** Says whether a request is left in this minute, and the registry has not asked to wait. */
function isLeft(ports: BuildPorts, budget: Stored<Upstream> | undefined): boolean {
  return (
    usedOf(ports, budget) < ports.upstream.perMinute &&
    (budget?.document.notBefore ?? '') <= ports.clock.now().toISOString()
  );
}

/** Takes one request out of the registry's budget; `false` if none is left. */
async function takeRequest(ports: BuildPorts, host: string): Promise<boolean> {
  const { documents, registry, clock } = ports;
  const ref = upstreamRef(registry, host);
  return (
    await untilUncontended(`the budget of ${host}`, async () => {
      const found = await readBudget(ports, host);
      if (!isLeft(ports, found)) return { may: false };
      const document: Upstream = {
        id: ref.id,
        type: 'upstream',
        schemaVersion: 1,
        registry,
        host,
        minute: minuteOf(clock),
        used: usedOf(ports, found) + 1,
      };
      const outcome = await documents.commitDocuments('registries', [registry], [writing(found, document)]);
      return outcome.committed ? { may: true } : undefined;
    })
  ).may;
}

/** Writes down how long a registry is not called. If one answer asks for two waits the longer counts. */
async function pauseUpstream(ports: BuildPorts, host: string, forMs: number): Promise<void> {
  const { documents, registry, clock } = ports;
  const notBefore = new Date(clock.now().getTime() + forMs).toISOString();
  const found = await readBudget(ports, host);
  if ((found?.document.notBefore ?? '') >= notBefore) return;
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'patch', id: upstreamRef(registry, host).id, set: { notBefore } }],
  );
}

/**
 * Checks a tag; `not ours` if no image is built on it any more, its host is not listed, or another process checks it.
 */
async function checkTag(ports: BuildPorts, found: Stored<Watched>): Promise<'checked' | 'no budget' | 'not ours'> {
  const { document: watched } = found;
  const { base, tag, id } = watched;
  const host = hostOf(base);
  if (!isLeft(ports, await readBudget(ports, host))) return 'no budget';
  const { documents, clock, upstream } = ports;
  if (id !== watchedRef(ports.registry, base, tag).id) return renameWatched(ports, found);
  const { edges } = await dependentsOf(ports, base, tag, { limit: 1 });
  if (edges.length === 0) {
    const { committed } = await documents.commitDocuments('dependencies', [base], [removing(found)]);
    if (committed && watched.first !== undefined) {
      const counted = watchesRef({ registry: watched.registry, repository: watched.first }, watched);
      await documents.commitDocuments(counted.container, counted.partition, [{ do: 'delete', id: counted.id }]);
    }
    return 'not ours';
  }
  const listing = await listingOf(ports, base, tag);
  if (listing === 'not listed') {
    // No registry is called. The host may be listed when the tag is due again.
    await documents.commitDocuments(
      'dependencies',
      [base],
      [patching(found, { dueAt: next(clock.now(), upstream.intervalMs), error: notListed(base) })],
    );
    return 'not ours';
  }
  // Claimed before the registry is called: a process that dies after that counts as having checked.
  const claimed = await documents.commitDocuments(
    'dependencies',
    [base],
    [patching(found, { dueAt: next(clock.now(), upstream.intervalMs) })],
  );
  if (!claimed.committed) return 'not ours';
  // Done only by the process that has claimed the tag: no request must be spent on a tag that another instance checks.
  if (!(await takeRequest(ports, host))) {
    await documents.commitDocuments('dependencies', [base], [{ do: 'patch', id, set: { dueAt: watched.dueAt } }]);
    return 'no budget';
  }
  const { state: result, restMs } = await askUpstream(ports, watched, listing);
  if (restMs !== undefined) await pauseUpstream(ports, host, restMs);
  if (result.is === 'slow down') await pauseUpstream(ports, host, result.forMs);
  if (result.is === 'at' && watched.digest !== undefined)
    await publishMoved(ports, watched, result.digest, watched.digest);
  await documents.commitDocuments(
    'dependencies',
    [base],
    [{ do: 'patch', id, set: afterCheck(ports, watched, result) }],
  );
  return 'checked';
}

/**
 * Moves a document whose id names no registry, as earlier versions wrote it. It stays due: the next check is of the new
 * one.
 */
async function renameWatched({ documents, registry }: BuildPorts, found: Stored<Watched>): Promise<'not ours'> {
  const { document: watched } = found;
  const { id } = watchedRef(registry, watched.base, watched.tag);
  const place = ['dependencies', [watched.base]] as const;
  // The new one exists if the base was learned again meanwhile.
  await documents.commitDocuments(...place, [{ do: 'create', document: { ...watched, id } }]);
  await documents.commitDocuments(...place, [removing(found)]);
  return 'not ours';
}

async function askUpstream(
  ports: BuildPorts,
  { base, tag, digest: known }: Watched,
  { upstream }: { readonly upstream: UpstreamLogin | undefined },
): Promise<TagAnswer> {
  const credentials = await askedAs(ports, upstream);
  return 'why' in credentials
    ? { state: { is: 'failed', why: credentials.why } }
    : askTagDigest(ports, base, tag, { known, as: credentials });
}

function afterCheck(
  { clock, upstream }: BuildPorts,
  { digest, moves, failures }: Watched,
  result: TagState,
): Partial<Watched> {
  const checkedAt = clock.now().toISOString();
  switch (result.is) {
    case 'same':
      return { checkedAt, failures: 0 };
    case 'at':
      return { checkedAt, failures: 0, digest: result.digest, moves: moves + (digest === undefined ? 0 : 1) };
    case 'slow down':
      // The registry is called again as soon as that is allowed.
      return { dueAt: checkedAt };
    case 'gone':
    case 'failed':
      return {
        checkedAt,
        failures: failures + 1,
        error: result.is === 'gone' ? 'there is no such tag' : result.why,
        dueAt: next(
          clock.now(),
          backoff(Math.min(9, failures) + 2, { first: upstream.intervalMs, longest: longestWaitMs }),
        ),
      };
  }
}

/**
 * Returns the time of the next check, give or take a tenth, so that tags that were learned together are not checked
 * together for ever.
 */
function next(now: Date, afterMs: number): string {
  return new Date(now.getTime() + afterMs * (0.9 + 0.2 * Math.random())).toISOString();
}

async function publishMoved(
  { topic, clock, eventSource: source }: BuildPorts,
  { registry, base, tag, moves }: Watched,
  digest: Digest,
  previousDigest: Digest,
): Promise<void> {
  const image = shownReference({ base, tag });
  const id = stableUuid('upstream-updated', registry, base, tag, moves, digest);
  const timestamp = clock.now().toISOString();
  await topic.publishEvents([
    envelope(
      'Longshore.BaseImageUpdated',
      { id, time: timestamp, source, subject: image },
      { id, timestamp, target: { image, digest, previousDigest } },
    ),
  ]);
}

/**
 * Has a tag checked in the next run: a sender says that it has moved. That is not believed without a check. `false` if
 * no image here is built on it.
 */
export async function checkSoon(
  { documents, registry, clock }: Pick<BuildPorts, 'documents' | 'registry' | 'clock'>,
  base: string,
  tag: Watched['tag'],
): Promise<boolean> {
  const { container, partition, id } = watchedRef(registry, base, tag);
  return (
    await documents.commitDocuments(container, partition, [
      { do: 'patch', id, set: { dueAt: clock.now().toISOString() } },
    ])
  ).committed;
}
