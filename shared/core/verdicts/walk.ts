import pLimit from 'p-limit';
import { z } from 'zod';
import { collection } from '../documents/collection.ts';
import { defined } from '../documents/defined.ts';
import type { RepositoryKey } from '../documents/names.ts';
import { partitionOf, registrySchema } from '../documents/names.ts';
import { firstFilledPage } from '../documents/pages.ts';
import { repositoryRef } from '../documents/repository.ts';
import { documentShape, UnreadableDocument } from '../documents/stored.ts';
import type { Digest } from '../oci/digest.ts';
import { parseDigest } from '../oci/digest.ts';
import type { RegistryName, RepositoryName } from '../oci/name.ts';
import { isRepositoryName } from '../oci/name.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { DocumentChange, Documents, ReadDocument } from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';

/** The progress of the walk over all manifests that a change of policies begins. */
const walkSchema = z.object({
  ...documentShape('verdict-walk'),
  registry: registrySchema,
  /** The id of this walk: one that begins anew is another, also where both are at the same place. */
  walk: z.string(),
  beganAt: z.iso.datetime(),
  /** The time at which its present pass over all manifests began; absent before its first page. */
  passBeganAt: z.iso.datetime().optional(),
  /** The time at which its first pass was complete. */
  passedAt: z.iso.datetime().optional(),
  /** The place behind which it goes on; absent at the beginning. */
  repository: z.string().optional(),
  digest: z.string().optional(),
  /** The manifests that it has judged. */
  judged: z.int().nonnegative(),
  endedAt: z.iso.datetime().optional(),
});
export type Walk = z.infer<typeof walkSchema>;

const walks = collection({
  container: 'registries',
  schema: walkSchema,
  place: ({ registry }: { readonly registry: RegistryName }) => ({ partition: [registry], id: 'verdict-walk' }),
});

/** Makes the change that begins a walk anew. */
export function beginWalk(
  { clock, ids }: { readonly clock: Clock; readonly ids: RandomIds },
  registry: RegistryName,
): DocumentChange {
  const { id } = walks.ref({ registry });
  const document: Walk = {
    id,
    type: 'verdict-walk',
    schemaVersion: 1,
    registry,
    walk: ids.nextId(),
    beganAt: clock.now().toISOString(),
    judged: 0,
  };
  return { do: 'upsert', document: { ...document } };
}

/** Reads how far the walk is; `undefined` if there never was one. */
export async function readWalk(documents: ReadDocument, registry: RegistryName): Promise<Walk | undefined> {
  return (await walks.find(documents, { registry }))?.document;
}

export interface WalkPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The milliseconds after a change of policies in which an instance may still push, or judge, by those before: it believes
 * what covers a repository for some seconds, and a request takes its time. What it writes behind a walk would stay as it
 * is for ever, so a pass that began earlier is followed by another one.
 */
const settledMs = 60_000;

const manifestsOfPage = 50;
const judgedAtOnce = 8;

/**
 * Judges all manifests of a registry, page by page, and stores its place after each, so that it goes on
 * after a crash, and in the next run when `until` has come. A manifest that cannot be read is logged and left as it
 * is. Returns whether it is complete. If two walk at once, both judge the same, which is harmless, and one finds that
 * the other is ahead.
 */
export async function walkVerdicts(
  ports: WalkPorts,
  registry: RegistryName,
  judge: (key: RepositoryKey, digest: Digest) => Promise<unknown>,
  until: Date,
): Promise<boolean> {
  const { documents, clock } = ports;
  const limit = pLimit(judgedAtOnce);
  for (;;) {
    const place = await walks.find(documents, { registry });
    if (place === undefined || place.document.endedAt !== undefined) return true;
    const began = clock.now();
    if (began >= until || isWaiting(place.document, began)) return false;
    const next = await nextPage(ports, registry, place.document);
    const judged = next.digests.map((digest) =>
      limit(() => unlessBroken(ports, next.key, digest, () => judge(next.key, digest))),
    );
    await Promise.all(judged);
    await walks.write(documents, place, behindPage(place.document, next, began, clock.now()));
  }
}

/** Makes the walk as it is behind a page, which began at a time. */
function behindPage(walk: Walk, { behind, digests }: WalkPage, began: Date, now: Date): Walk {
  const { repository: _, digest: __, passBeganAt = began.toISOString(), ...rest } = walk;
  // The second pass judges the same once more, and counts it no more.
  const judged = walk.judged + (walk.passedAt === undefined ? digests.length : 0);
  if (behind !== undefined) return { ...rest, ...behind, judged, passBeganAt };
  const at = now.toISOString();
  const isLast = isSettled(walk, new Date(passBeganAt));
  return { ...rest, judged, passedAt: walk.passedAt ?? at, ...defined({ endedAt: isLast ? at : undefined }) };
}

function isSettled({ beganAt }: Walk, at: Date): boolean {
  return at.getTime() >= Date.parse(beganAt) + settledMs;
}

/** Says whether the next pass would begin too early. */
function isWaiting(walk: Walk, now: Date): boolean {
  return walk.passedAt !== undefined && walk.passBeganAt === undefined && !isSettled(walk, now);
}

interface WalkPage {
  readonly key: RepositoryKey;
  readonly digests: readonly Digest[];
  /** The place behind the page; `undefined` at the end. */
  readonly behind: { readonly repository: string; readonly digest?: string } | undefined;
}

async function nextPage(
  { documents }: WalkPorts,
  registry: RegistryName,
  { repository, digest }: Walk,
): Promise<WalkPage> {
  const inside = repository !== undefined && digest !== undefined && isRepositoryName(repository);
  const name = inside ? repository : await repositoryBehind(documents, registry, repository);
  const key = { registry, repository: name ?? ('' as RepositoryName) };
  if (name === undefined) return { key, digests: [], behind: undefined };
  const behind = inside ? [{ path: 'id', is: '>' as const, value: `manifest:${digest}` }] : [];
  const page = await firstFilledPage(documents, {
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'starts-with', value: 'manifest:' }, ...behind],
    orderBy: { path: 'id', direction: 'asc' },
    limit: manifestsOfPage,
  });
  const digests = page.documents.flatMap(({ document }) => parseDigest(document.id.slice('manifest:'.length)) ?? []);
  const last = digests.at(-1);
  return {
    key,
    digests,
    behind: page.isLast || last === undefined ? { repository: name } : { repository: name, digest: last },
  };
}

async function repositoryBehind(
  documents: Documents,
  registry: RegistryName,
  last: string | undefined,
): Promise<RepositoryName | undefined> {
  const idOf = (repository: string) => repositoryRef({ registry, repository: repository as RepositoryName }).id;
  const behind = last === undefined ? [] : [{ path: 'id', is: '>' as const, value: idOf(last) }];
  const { documents: found } = await firstFilledPage(documents, {
    container: 'registries',
    partition: [registry],
    where: [{ path: 'id', is: 'starts-with', value: idOf('') }, ...behind],
    orderBy: { path: 'id', direction: 'asc' },
    limit: 1,
  });
  const name = found[0]?.document['repository'];
  return typeof name === 'string' && isRepositoryName(name) ? name : undefined;
}

async function unlessBroken(
  { log }: WalkPorts,
  { repository }: RepositoryKey,
  digest: Digest,
  judge: () => Promise<unknown>,
): Promise<void> {
  try {
    await judge();
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    log.error({ err: error, repository, digest }, 'a manifest cannot be judged, and its verdict stays as it is');
  }
}
