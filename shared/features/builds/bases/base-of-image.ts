import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import type { BaseOfImage } from '../../../core/ports/image-views.ts';
import type { BuildPorts } from '../ports.ts';
import { areCurrent } from './current.ts';
import type { BaseFound, Evidence } from './documents.ts';
import { learnedRef, learnedSchema } from './documents.ts';
import { shownReference } from './names.ts';

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
  const [isCurrent] = await areCurrent(ports, key.registry, base, [base]);
  return {
    image: shownReference(base),
    evidence: evidence.evidence,
    confidence: evidence.confidence,
    ...defined({ digest: base.digest ?? evidence.baseDigest, isCurrent }),
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
