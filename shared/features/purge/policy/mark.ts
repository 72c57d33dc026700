import pLimit from 'p-limit';
import { aboutName, tagsAbout } from '../../../core/documents/about.ts';
import { binnedDocumentSchema, binnedRef } from '../../../core/documents/bin.ts';
import { patching } from '../../../core/documents/changes.ts';
import {
  childrenOf,
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  tagDocumentSchema,
  tagId,
} from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { maxChangesPerCommit } from '../../../core/ports/documents.ts';
import { everyOne } from '../settle.ts';
import { inBatches } from '../together.ts';
import { dueChange, dueId } from './documents.ts';
import type { Judgement } from './judge.ts';
import { judge } from './judge.ts';
import type { PolicyPorts } from './ports.ts';
import type { Found } from './read-facts.ts';
import { readFacts } from './read-facts.ts';
import type { RepositoryView, Session } from './session.ts';
import { openSession } from './session.ts';

export interface Judged extends Found {
  /** By the names of the policies that cover it. */
  readonly judgements: ReadonlyMap<string, Judgement>;
}

/** Judges a manifest as it is now, and writes nothing. `undefined` when it is not live. */
export async function judgeNow(session: Session, view: RepositoryView, digest: Digest): Promise<Judged | undefined> {
  const found = await readFacts(session, view, digest);
  if (found === undefined) return undefined;
  const now = session.ports.clock.now().getTime();
  return {
    ...found,
    judgements: new Map([...view.rules].map(([name, rules]) => [name, judge(found.facts, rules, now)])),
  };
}

/**
 * Judges a manifest and writes down when each policy is to look at it again: nothing that is stored is looked at but
 * what changes and what is due. A pull or a pin only puts that off, so they are met when the time has come.
 */
export async function mark(session: Session, view: RepositoryView, digest: Digest): Promise<Judged | undefined> {
  const judged = await judgeNow(session, view, digest);
  if (judged !== undefined) await rememberUntagged(session.ports, view.key, judged);
  const looks = [...view.rules.keys()].map((policy) => ({ policy, at: judged?.judgements.get(policy)?.lookAt }));
  for (const { policy, at } of looks) {
    const change =
      at === undefined ? { do: 'delete' as const, id: dueId(policy, digest) } : dueChange(view.key, policy, digest, at);
    // There may be nothing to delete.
    await session.ports.documents.commitDocuments('repositories', partitionOf(view.key), [change]);
  }
  return judged;
}

/**
 * Nobody writes down when a tag moves away from a manifest but who sees it afterwards: too late rather than too early.
 */
async function rememberUntagged(
  { documents, clock }: PolicyPorts,
  key: RepositoryKey,
  { facts, manifest }: Judged,
): Promise<void> {
  const { document } = manifest;
  if (facts.tags.length > 0 || facts.keeper !== undefined || document.untaggedAt !== undefined) return;
  // Whoever wrote in between may have tagged it.
  await documents.commitDocuments('repositories', partitionOf(key), [
    patching(manifest, { untaggedAt: clock.now().toISOString() }),
  ]);
}

/**
 * Marks what an event touches. Delivered again, or in another order, it marks what is there now. Throws `StoreFailure`:
 * then it must be delivered again.
 */
export async function markTouched(
  ports: PolicyPorts,
  registry: RepositoryKey['registry'],
  event: CatalogueEvent,
): Promise<void> {
  const touched = touchedBy(event);
  if (touched === undefined) return;
  const key = { registry, repository: touched.repository };
  const session = await openSession(ports, registry, 'without pins');
  const view = await session.view(key);
  if (view === undefined) return;
  const limit = pLimit(marksAtOnce);
  const near = (
    await Promise.all(touched.digests.map((digest) => limit(() => neighboursOf(ports, key, digest))))
  ).flat();
  // Also what it has pushed out of the newest.
  const itself = new Set([...touched.digests, ...(touched.moved ? view.fallen : [])]);
  const others = [...new Set(near)].filter((digest) => !itself.has(digest));
  await Promise.all(
    [...itself, ...(others.length > neighboursAtMost ? [] : others)].map((digest) =>
      limit(() => mark(session, view, digest)),
    ),
  );
  if (others.length > neighboursAtMost) await leaveToNextRun(session, view, others);
}

const marksAtOnce = 8;
/**
 * An event is handled within 30 s: what has more children and referrers than these is left to the next run of each
 * policy.
 */
const neighboursAtMost = 100;

/**
 * A run judges all that is due, and writes down when it is to be looked at again: one transaction for a hundred of them
 * is all that the event pays.
 */
async function leaveToNextRun({ ports }: Session, view: RepositoryView, digests: readonly Digest[]): Promise<void> {
  const now = ports.clock.now().getTime();
  const changes = [...view.rules.keys()].flatMap((policy) =>
    digests.map((digest) => dueChange(view.key, policy, digest, now)),
  );
  for (const some of inBatches(changes, maxChangesPerCommit))
    await ports.documents.commitDocuments('repositories', partitionOf(view.key), some);
}

interface Touched {
  readonly repository: RepositoryKey['repository'];
  readonly digests: readonly Digest[];
  /** Whether tags have another order by it. */
  readonly moved: boolean;
}

/** The manifests that an event says something about; `undefined` for one that changes nothing that is judged. */
export function touchedBy(event: CatalogueEvent): Touched | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed': {
      const { repository, digest, tag } = event.data.target;
      return { repository, digests: [digest], moved: tag !== undefined };
    }
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartDeleted':
      return { repository: event.data.target.repository, digests: [event.data.target.digest], moved: false };
    case 'Longshore.TagMoved':
      return {
        repository: event.data.target.repository,
        digests: [event.data.target.previousDigest, event.data.target.digest],
        moved: true,
      };
    case 'Longshore.TagDeleted':
      return { repository: event.data.target.repository, digests: [event.data.target.previousDigest], moved: false };
    case 'Longshore.Restored': {
      const { repository, manifests, tags } = event.data.target;
      return { repository, digests: [...manifests, ...tags].map(({ digest }) => digest), moved: tags.length > 0 };
    }
    default:
      return undefined;
  }
}

/**
 * The children and referrers of a manifest, live or binned, and what its tags say is about it: what it keeps while it
 * is there.
 */
async function neighboursOf(ports: PolicyPorts, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const [live, binned] = await Promise.all([
    readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)),
    readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest)),
  ]);
  const found = live?.document ?? binned?.document;
  if (found === undefined) return [];
  const referrers = await everyOne(
    ports,
    key,
    [
      { path: 'type', is: '=', value: 'referrer' },
      { path: 'subject', is: '=', value: digest },
    ],
    referrerDocumentSchema,
  );
  // Those with a prefix are looked for when what they are about has gone: until then they are kept.
  const about =
    live === undefined
      ? await tagsAbout(ports.documents, key, digest)
      : await everyOne(
          ports,
          key,
          [{ path: 'id', is: 'starts-with', value: tagId(aboutName(digest)) }],
          tagDocumentSchema,
        );
  return [...childrenOf(found), ...referrers.map((edge) => edge.digest), ...about.map((tag) => tag.digest)];
}
