import { aboutIn } from '../../core/documents/about.ts';
import { tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { pagesOf } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../core/oci/name.ts';
import { isAmong, keepsName, mayRemove } from './conditions.ts';
import type { PolicyDocument } from './documents.ts';
import { inRegistry, inUseSchema, readPolicies } from './documents.ts';
import type { Rules } from './judge.ts';
import type { Policy } from './policy.ts';
import { rulesHash } from './policy.ts';
import type { PolicyPorts } from './ports.ts';
import type { Refusal } from './refusals.ts';
import { refusalIn } from './refusals.ts';

/** The facts about a repository as a whole. */
export interface RepositoryView {
  readonly key: RepositoryKey;
  readonly refusal: Refusal;
  /** The rules of the policies that cover it, by their names. */
  readonly rules: ReadonlyMap<string, Rules>;
  /** Manifests that are removed at the same time as the judged one, and so keep nothing. */
  readonly going?: ReadonlySet<Digest>;
  /** Tags by the time of their push, the last one first: as many as decide every rule that counts them. */
  readonly newest: readonly Tag[];
  /** The manifests just behind the newest that a rule counts, among them those that the last pushes displaced. */
  readonly fallen: readonly Digest[];
}

/**
 * The facts that judgements of one moment share, each read once: policies, images in use, and, where something is
 * judged, the time since which pulls are tracked and views of repositories.
 */
export interface Session {
  readonly ports: PolicyPorts;
  readonly registry: RegistryName;
  readonly policies: readonly PolicyDocument[];
  readonly inUse: ReadonlyMap<Digest, { readonly source: string; readonly until: number }>;
  readonly trackedSince: () => Promise<number | undefined>;
  /** Returns the names of the policies that cover a repository, without a further read. */
  readonly covering: (key: RepositoryKey) => readonly string[];
  /** Reads the view of a repository; `undefined` if no policy covers it. */
  view(key: RepositoryKey): Promise<RepositoryView | undefined>;
  /** The same session, in which repositories are viewed as they are from now on. */
  viewingAnew: () => Session;
}

/**
 * Opens a session. Throws `StoreFailure`, because it is never guessed what is in use. `without pins` is for marking,
 * which each push causes: a pin only delays a removal, and is read when something is due.
 */
export async function openSession(ports: PolicyPorts, registry: RegistryName, pins?: 'without pins'): Promise<Session> {
  const [policies, inUse] = await Promise.all([
    readPolicies(ports.documents, registry),
    pins === undefined ? readInUse(ports, registry) : new Map<Digest, never>(),
  ]);
  let tracked: Promise<Date | undefined> | undefined;
  const session = {
    ports,
    registry,
    policies,
    inUse,
    trackedSince: async () => (await (tracked ??= ports.lastPulls.trackedSince(registry)))?.getTime(),
    covering: ({ repository }: RepositoryKey) => coveringOf(policies, repository).map(({ name }) => name),
  };
  return viewing(session);
}

function viewing(session: Omit<Session, 'view' | 'viewingAnew'>): Session {
  const views = new Map<string, Promise<RepositoryView | undefined>>();
  return {
    ...session,
    view(key) {
      const known = views.get(key.repository) ?? readView(session.ports, session.policies, key);
      views.set(key.repository, known);
      return known;
    },
    viewingAnew: () => viewing(session),
  };
}

function coveringOf(policies: readonly PolicyDocument[], repository: RepositoryName): PolicyDocument[] {
  return policies.filter(({ policy }) => isAmong(policy.repositories, repository));
}

async function readInUse({ documents, clock }: PolicyPorts, registry: RegistryName): Promise<Session['inUse']> {
  const pinned = new Map<Digest, { source: string; until: number }>();
  for (const {
    document: { source, digests, expiresAt },
  } of await inRegistry(documents, registry, 'purge-in-use:', inUseSchema)) {
    const until = Date.parse(expiresAt);
    if (until <= clock.now().getTime()) continue;
    for (const digest of digests) if ((pinned.get(digest)?.until ?? 0) < until) pinned.set(digest, { source, until });
  }
  return pinned;
}

export function isApproved({ approved, policy }: PolicyDocument): boolean {
  return approved !== undefined && approved.rules === rulesHash(policy);
}

async function readView(
  ports: PolicyPorts,
  policies: readonly PolicyDocument[],
  key: RepositoryKey,
): Promise<RepositoryView | undefined> {
  const covering = coveringOf(policies, key.repository);
  if (covering.length === 0) return undefined;
  const [entry, newest] = await Promise.all([
    readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key)),
    newestTags(
      ports,
      key,
      covering.map(({ policy }) => policy),
    ),
  ]);
  const rules = new Map(covering.map((each) => [each.name, rulesOf(each, covering, ports.settings.graceMs)]));
  const refusal = ports.admission.refusal({ operation: 'delete', key, repository: entry?.document });
  return { key, refusal: refusalIn(refusal), rules, ...newest };
}

/** Returns the rules of a policy, with the rules to keep of other policies that are approved. */
function rulesOf({ name, policy }: PolicyDocument, covering: readonly PolicyDocument[], graceMs: number): Rules {
  const others = covering.filter((other) => other.name !== name && isApproved(other));
  return {
    policy,
    graceMs,
    keep: [
      ...policy.keep,
      ...others.flatMap((other) => other.policy.keep.map((rule) => ({ ...rule, policy: other.name }))),
    ],
  };
}

/** The number of tags behind the newest that a rule counts: as many as may fall out of them between two judgements. */
const fallenOut = 10;

async function newestTags(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  policies: readonly Policy[],
): Promise<Pick<RepositoryView, 'newest' | 'fallen'>> {
  const counting = policies.flatMap((policy) => [
    ...policy.remove.flatMap((rule) =>
      rule.beyondNewest === undefined
        ? []
        : [{ left: rule.beyondNewest + fallenOut, counts: (name: string) => mayRemove(rule, name, policy) }],
    ),
    ...policy.keep.flatMap((rule) =>
      rule.newest === undefined
        ? []
        : [{ left: rule.newest + fallenOut, counts: (name: string) => keepsName(rule, name) }],
    ),
  ]);
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const newest: Tag[] = [];
  const fallen = new Set<Digest>();
  const byTime: WholeQuery = {
    container,
    partition,
    where: [{ path: 'byTime', is: 'starts-with', value: 'tag:' }],
    orderBy: { path: 'byTime', direction: 'desc' },
    limit: 100,
  };
  const isOver = () => counting.every(({ left }) => left <= 0);
  if (isOver()) return { newest, fallen: [] };
  for await (const page of pagesOf(documents, byTime)) {
    for (const {
      document: { name, digest, about },
    } of page.map((found) => parseStored(tagDocumentSchema, found, byTime))) {
      // A tag that is about another manifest does not count among images.
      if ((about ?? aboutIn(name)) !== undefined) continue;
      newest.push(name);
      for (const each of counting.filter(({ left, counts }) => left > 0 && counts(name))) {
        if (each.left <= fallenOut) fallen.add(digest);
        each.left -= 1;
      }
    }
    if (isOver()) break;
  }
  return { newest, fallen: [...fallen] };
}
