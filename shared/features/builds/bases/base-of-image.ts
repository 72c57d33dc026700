import { defined } from '../../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import type { BaseOfImage } from '../../../core/ports/image-views.ts';
import type { BuildPorts } from '../ports.ts';
import type { BaseFound, Evidence } from './documents.ts';
import { learnedRef, learnedSchema } from './documents.ts';
import { ownRepository, shownReference } from './names.ts';

/**
 * Returns the base of a tagged image that has the best evidence; `undefined` if none was learned of this digest. Throws
 * `StoreFailure`.
 */
export async function baseOfImage(
  ports: Pick<BuildPorts, 'documents'>,
  key: RepositoryKey,
  tag: Tag,
  digest: Digest,
): Promise<BaseOfImage | undefined> {
  const learned = (await readStored(ports.documents, learnedSchema, learnedRef(key, tag)))?.document;
  if (learned?.digest !== digest) return undefined;
  const [best] = learned.bases.map((base) => ({ base, evidence: strongest(base) })).toSorted(byConfidence);
  if (best === undefined) return undefined;
  const { base, evidence } = best;
  const known = base.digest ?? evidence.baseDigest;
  return {
    image: shownReference(base),
    evidence: evidence.evidence,
    confidence: evidence.confidence,
    ...defined({ digest: known, isCurrent: await isCurrent(ports, key, base, known) }),
  };
}

interface Weighed {
  readonly base: BaseFound;
  readonly evidence: Evidence;
}

function byConfidence(one: Weighed, other: Weighed): number {
  return other.evidence.confidence - one.evidence.confidence;
}

function strongest({ found: [first, ...rest] }: BaseFound): Evidence {
  return rest.reduce((best, each) => (each.confidence > best.confidence ? each : best), first as Evidence);
}

/** Says whether the tag of an own base points where it did; `undefined` for bases of other registries. */
async function isCurrent(
  { documents }: Pick<BuildPorts, 'documents'>,
  { registry }: RepositoryKey,
  { base, tag }: BaseFound,
  known: Digest | undefined,
): Promise<boolean | undefined> {
  const repository = ownRepository(registry, base);
  if (repository === undefined || tag === undefined || known === undefined) return undefined;
  const now = await readStored(documents, tagDocumentSchema, tagRef({ registry, repository }, tag));
  return now?.document.digest === known;
}
