import pLimit from 'p-limit';
import { listersAmong } from '../../../core/documents/listers.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { isNoPlatform } from '../../../core/oci/attestation.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { isImageConfigMediaType, isIndexMediaType } from '../../../core/oci/media-types.ts';
import type { Decision } from '../decide.ts';
import { decide } from '../decide.ts';
import type { Scan, StoredResult } from '../documents.ts';
import { results, scans } from '../documents.ts';
import type { ScanException, ScanPolicy } from '../policy.ts';
import type { JudgingPorts } from '../ports.ts';
import type { VexAuthor } from '../suppress.ts';
import { vexAuthors } from './vex.ts';

/** The indexes of one manifest whose digests statements may be about. */
const mostListers = 20;
/** The children of one index that are judged: no platform list is longer. */
const mostChildren = 100;
const deepest = 3;
const readsAtOnce = 8;

/** The decision of one policy. */
export interface Decided {
  readonly policy: ScanPolicy;
  readonly vex: readonly VexAuthor[];
  readonly decision: Decision;
}

/** The facts about one manifest that is no index, with the decisions on it. */
export interface Evaluated {
  readonly manifest: ManifestDocument;
  /** The digests by which statements may name it. */
  readonly digests: readonly Digest[];
  readonly result: StoredResult | undefined;
  /** Read only where there is no result. */
  readonly scan: Scan | undefined;
  /** Empty while nothing is known of it. */
  readonly decided: readonly Decided[];
}

/** Says whether something in a manifest can be scanned: it is an image. */
export function isScannable({ references }: Pick<ManifestDocument, 'references'>): boolean {
  const config = references.find(({ role }) => role === 'config');
  return config !== undefined && isImageConfigMediaType(config.mediaType);
}

/**
 * Evaluates a manifest by each policy alone: the statements that one believes count for it and no other. Of an index
 * the manifests that it lists are evaluated, attestations excepted. Throws `StoreFailure`.
 */
export async function evaluate(
  ports: JudgingPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  rules: { readonly policies: readonly ScanPolicy[]; readonly exceptions: readonly ScanException[] },
): Promise<Evaluated[]> {
  const limit = pLimit(readsAtOnce);
  const images = await imagesIn(ports, key, manifest, deepest);
  return Promise.all(images.map((each) => limit(() => evaluateOne(ports, key, each, rules))));
}

/** Returns the manifest itself, or all that an index lists. One that is gone, or lies too deep, is left out. */
export async function imagesIn(
  ports: Pick<JudgingPorts, 'documents'>,
  key: RepositoryKey,
  manifest: ManifestDocument,
  depth = deepest,
): Promise<ManifestDocument[]> {
  if (!isIndexMediaType(manifest.mediaType)) return [manifest];
  if (depth === 0) return [];
  const children = new Set(
    manifest.references
      .filter(({ role, platform, isAttestation }) => role === 'manifest' && !isAttestation && !isNoPlatform(platform))
      .map(({ digest }) => digest),
  );
  const limit = pLimit(readsAtOnce);
  const found = await Promise.all(
    [...children]
      .slice(0, mostChildren)
      .map((digest) => limit(() => readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)))),
  );
  const inside = await Promise.all(
    found.flatMap((child) => (child === undefined ? [] : imagesIn(ports, key, child.document, depth - 1))),
  );
  return inside.flat();
}

async function evaluateOne(
  ports: JudgingPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  { policies, exceptions }: Parameters<typeof evaluate>[3],
): Promise<Evaluated> {
  const { digest } = manifest;
  const result = (await results.find(ports.documents, { ...key, digest }))?.document;
  const scan = result === undefined ? (await scans.find(ports.documents, { ...key, digest }))?.document : undefined;
  const base = { manifest, result, scan };
  const isUnscannable = result === undefined && (!isScannable(manifest) || scan?.outcome === 'unscannable');
  if (result === undefined && !isUnscannable) return { ...base, digests: [digest], decided: [] };
  const wantsVex = result !== undefined && policies.some(({ vexFrom }) => vexFrom.length > 0);
  const listers = wantsVex ? await listersAmong(ports, key, digest, mostListers) : [];
  const about = [manifest, ...listers];
  const digests = about.map((each) => each.digest);
  const { passedAt, failingSince } = manifest.verdict?.scan ?? {};
  const times = {
    now: ports.clock.now(),
    ...(result && { scannedAt: new Date(result.scannedAt) }),
    ...(passedAt !== undefined && { passedOnceAt: new Date(passedAt) }),
    ...(failingSince !== undefined && { failingSince: new Date(failingSince) }),
  };
  const decided: Decided[] = [];
  for (const policy of policies) {
    const vex = wantsVex ? await vexAuthors(ports, key, about, policy.vexFrom) : [];
    const image = { repository: key.repository, digests };
    const decision = decide(result?.result ?? 'unscannable', { policies: [policy], exceptions, vex }, image, times);
    decided.push({ policy, vex, decision });
  }
  return { ...base, digests, decided };
}
