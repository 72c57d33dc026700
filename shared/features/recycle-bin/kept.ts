import pLimit from 'p-limit';
import { z } from 'zod';
import type { BinnedDocument } from '../../core/documents/bin.ts';
import { storedAmong } from '../../core/documents/in-repository.ts';
import { firstWhere, listing } from '../../core/documents/listers.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import type { Keeper } from '../../core/documents/recycling.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Predicate, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type { StorePorts } from './ports.ts';

interface Reader {
  readonly documents: ReadDocument & QueryDocuments;
}

/**
 * Returns what keeps a manifest: a live index that lists it, a live subject that it refers to, or, if nothing else
 * does, a tag. The subject of a recycled manifest that stays behind does not count.
 */
export async function keeperOf(
  ports: Reader,
  key: RepositoryKey,
  manifest: Pick<ManifestDocument, 'digest' | 'subject'> & Partial<Pick<BinnedDocument, 'recycled'>>,
): Promise<Keeper | undefined> {
  const { digest, subject } = manifest;
  const [tag, index, live] = await Promise.all([
    some(ports, key, [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: '=', value: digest },
    ]),
    some(ports, key, [{ path: 'type', is: '=', value: 'manifest' }, listing(digest)]),
    subject === undefined ? undefined : readStored(ports.documents, subjectSchema, manifestRef(key, subject)),
  ]);
  if (index) return 'index';
  if (live !== undefined && !staysBehind(manifest, live.document)) return 'subject';
  return tag ? 'tag' : undefined;
}

const queriesAtOnce = 16;

/**
 * Returns those manifests that something keeps, each with its keeper, by the rules of `keeperOf`. The tags of all are
 * one query, and a subject that they share is read once.
 */
export async function keptAmong(
  ports: Reader,
  key: RepositoryKey,
  manifests: readonly Parameters<typeof keeperOf>[2][],
): Promise<Map<Digest, Keeper>> {
  const limit = pLimit(queriesAtOnce);
  const subjects = [...new Set(manifests.flatMap(({ subject }) => subject ?? []))];
  const digests = manifests.map(({ digest }) => digest);
  const [tagged, listed, live] = await Promise.all([
    taggedAmong(ports, key, digests),
    Promise.all(
      digests.map((digest) =>
        limit(() => some(ports, key, [{ path: 'type', is: '=', value: 'manifest' }, listing(digest)])),
      ),
    ),
    Promise.all(
      subjects.map((subject) =>
        limit(
          async () => [subject, await readStored(ports.documents, subjectSchema, manifestRef(key, subject))] as const,
        ),
      ),
    ),
  ]);
  const liveSubjects = new Map(live);
  const isReferred = (manifest: (typeof manifests)[number]) => {
    const subject = manifest.subject === undefined ? undefined : liveSubjects.get(manifest.subject);
    return subject !== undefined && !staysBehind(manifest, subject.document);
  };
  const keeper = (manifest: (typeof manifests)[number], isListed: boolean): Keeper | undefined => {
    if (isListed) return 'index';
    if (isReferred(manifest)) return 'subject';
    return tagged.has(manifest.digest) ? 'tag' : undefined;
  };
  return new Map(
    manifests.flatMap((manifest, at) => {
      const by = keeper(manifest, listed[at] === true);
      return by === undefined ? [] : [[manifest.digest, by] as const];
    }),
  );
}

/** The reason why a manifest stays while another one goes that it belongs to. */
export type StaysBy = Keeper | 'locked';

/**
 * Decides which of these manifests are recycled along with one that they belong to: those that no lock and no keeper
 * holds. This is the rule, for deletions and for who asks what one would take.
 */
export async function goingAlong(
  ports: Reader & Pick<StorePorts, 'admission'>,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<{ readonly going: Stored<ManifestDocument>[]; readonly stays: ReadonlyMap<Digest, StaysBy> }> {
  const found = await storedAmong(ports, key, 'manifest', digests, manifestDocumentSchema);
  const isFree = ({ document }: (typeof found)[number]) =>
    ports.admission.allows({ operation: 'delete', key, manifest: document });
  const free = found.filter(isFree);
  const kept = await keptAmong(
    ports,
    key,
    free.map(({ document }) => document),
  );
  const locked = found
    .filter((each) => !free.includes(each))
    .map(({ document }) => [document.digest, 'locked'] as const);
  return {
    going: free.filter(({ document }) => !kept.has(document.digest)),
    stays: new Map<Digest, StaysBy>([...locked, ...kept]),
  };
}

async function taggedAmong(
  { documents }: Reader,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<Set<string>> {
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'tag' },
    { path: 'digest', is: 'in', values: digests },
  ];
  const tagged = new Set<string>();
  for await (const { document } of documentsOf(documents, {
    container: 'repositories',
    partition: partitionOf(key),
    where,
    limit: 100,
  }))
    tagged.add(String(document.digest));
  return tagged;
}

const subjectSchema = z.object({ cameAloneAt: z.iso.datetime().optional() });

/**
 * Returns true if a user deleted a referrer along with its subject, and the subject was pushed again by somebody who
 * may not restore.
 */
export function staysBehind(
  { recycled }: Partial<Pick<BinnedDocument, 'recycled'>>,
  { cameAloneAt }: Pick<ManifestDocument, 'cameAloneAt'>,
): boolean {
  return (
    recycled !== undefined &&
    recycled.by.rule === undefined &&
    cameAloneAt !== undefined &&
    recycled.recycledAt <= cameAloneAt
  );
}

async function some(ports: Reader, key: RepositoryKey, where: readonly Predicate[]): Promise<boolean> {
  return (await firstWhere(ports, key, where)) !== undefined;
}

/**
 * Returns true if a user deleted the manifest by its name: only a push, a restore, or a restored index that lists it
 * restores it then.
 */
export function wasOrdered({ recycled }: BinnedDocument): boolean {
  return recycled.asked && recycled.by.rule === undefined;
}
