import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { ManifestDocument } from '../../../shared/core/documents/manifest.ts';
import type { ContainerName, JsonDocument } from '../../../shared/core/ports/documents.ts';
import type { PolicyKind, PolicySettings } from './cases.ts';
import { manifests, signatures } from './world.ts';

/** A second opinion: the truth about verdicts, made of the stored facts by no function of the product. */
interface Policy {
  readonly kind: PolicyKind;
  readonly name: string;
  readonly settings: PolicySettings;
  readonly updatedAt: string;
}

export interface Truth {
  /** The live manifests by `repository@digest`, signatures too. */
  readonly live: ReadonlyMap<string, ManifestDocument>;
  readonly policies: readonly Policy[];
}

function documentsIn(world: MemoryWorld, container: ContainerName, type: string): JsonDocument[] {
  const found: JsonDocument[] = [];
  for (const { records } of world.documents.partitions(container, []))
    for (const record of records.values()) {
      const version = world.documents.visible(record, 0);
      if (version?.document.type === type) found.push(version.document);
    }
  return found;
}

export const placeOf = (repository: string, digest: string) => `${repository}@${digest}`;

export function truthOf(world: MemoryWorld): Truth {
  const live = documentsIn(world, 'repositories', 'manifest') as unknown as ManifestDocument[];
  const policies = (['trust', 'quarantine'] as const).flatMap((kind) =>
    documentsIn(world, 'registries', `${kind}-policy`).map((document) => ({ ...document, kind }) as unknown as Policy),
  );
  return { live: new Map(live.map((each) => [placeOf(each.repository, each.digest), each])), policies };
}

/** Says whether a verdict that is stored holds its manifest at a time. */
export function holds({ verdict }: ManifestDocument, at: number): boolean {
  if (verdict === undefined) return false;
  if (verdict.release !== undefined && at < Date.parse(verdict.release.until)) return false;
  return [verdict.trust, verdict.scan, verdict.quarantine].some(
    (part) => part !== undefined && part.state !== 'passed' && part.mode === 'enforce',
  );
}

export const isSignature = ({ digest }: { readonly digest: string }) =>
  signatures.some((signature) => signature.digest === digest);

const indexDigest = manifests[2].digest;

/** The part that a fresh judgement gives; `either` where the product may leave the manifest without one. */
export interface Expected {
  readonly state: 'absent' | 'passed' | 'waits' | 'either';
  readonly mode: 'audit' | 'enforce' | undefined;
}

const absent: Expected = { state: 'absent', mode: undefined };

function inForce(policies: readonly Policy[], kind: PolicyKind, repository: string): Policy[] {
  return policies.filter(
    ({ kind: of, settings: { mode, repositories } }) =>
      of === kind && mode !== 'off' && repositories.include.some((each) => each === '**' || each === repository),
  );
}

function strictest(policies: readonly Policy[]): 'audit' | 'enforce' {
  return policies.some(({ settings }) => settings.mode === 'enforce') ? 'enforce' : 'audit';
}

export function expectedTrust({ live, policies }: Truth, { repository, digest }: ManifestDocument): Expected {
  const covering = inForce(policies, 'trust', repository);
  if (covering.length === 0 || isSignature({ digest })) return absent;
  const isSigned = (of: string) => {
    const at = manifests.findIndex((each) => each.digest === of);
    return live.has(placeOf(repository, signatures[at]?.digest ?? ''));
  };
  const byIndex = digest !== indexDigest && live.has(placeOf(repository, indexDigest)) && isSigned(indexDigest);
  const missing = covering.filter(({ settings }) => !isSigned(digest) && (settings.subject === 'itself' || !byIndex));
  return missing.length === 0 ? { state: 'passed', mode: undefined } : { state: 'waits', mode: strictest(missing) };
}

export function expectedQuarantine({ policies }: Truth, manifest: ManifestDocument): Expected {
  const covering = inForce(policies, 'quarantine', manifest.repository);
  if (covering.length === 0 || isSignature(manifest)) return absent;
  const mode = strictest(covering);
  const { state } = manifest.quarantine ?? {};
  if (state === 'Passed') return { state: 'passed', mode: undefined };
  if (state !== undefined) return { state: 'waits', mode };
  const mustWait = covering.some(
    ({ settings, updatedAt }) => settings.backlog === 'hold' || updatedAt < manifest.createdAt,
  );
  return { state: mustWait ? 'waits' : 'either', mode };
}

/** Says whether a fresh judgement of a manifest may hold it. */
export function mayHold(truth: Truth, manifest: ManifestDocument): boolean {
  return [expectedTrust(truth, manifest), expectedQuarantine(truth, manifest)].some(
    ({ state, mode }) => (state === 'waits' || state === 'either') && mode === 'enforce',
  );
}
