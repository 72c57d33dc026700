import pLimit from 'p-limit';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { parseDigest } from '../../../core/oci/digest.ts';
import type { StoredImage } from '../../../core/ports/images.ts';
import type { BuildPorts } from '../ports.ts';
import { longestBegun } from './chains.ts';
import type { BaseFound, Evidence, Rooted } from './documents.ts';
import { chainsOf, readConfig } from './image-config.ts';
import type { BaseReference } from './names.ts';
import { baseReference, ownBase, shownReference } from './names.ts';
import { materialsIn } from './provenance.ts';
import { tagsAt } from './tags-at.ts';

const baseName = 'org.opencontainers.image.base.name';
const baseDigest = 'org.opencontainers.image.base.digest';

/** The pieces of evidence that are kept for one reference: an index of many platforms has a digest for each. */
const evidenceKept = 50;

/** So many images of an index are read; there are not that many platforms. */
const childrenExamined = 30;
const childrenAtOnce = 8;
const childrenNamed = 100;

type Said = BaseReference & { readonly said?: string | undefined };
type Finding = readonly [Said, Evidence];

/**
 * Finds the bases of an image as far as the image itself shows them: by the annotations, labels and attestations that
 * its builder wrote, and by the layers it begins with. Of an index it finds those of its images. Throws `StoreFailure`.
 */
export async function findBases(
  ports: BuildPorts,
  key: RepositoryKey,
  image: StoredImage,
  ownHosts: readonly string[],
): Promise<BaseFound[]> {
  const { manifests, annotations } = image.manifest;
  const named = manifests.slice(0, childrenNamed).map((child) => child.annotations ?? {});
  const found = [annotations ?? {}, ...named].flatMap((each) => annotated(ports, each, ownHosts));
  const limit = pLimit(childrenAtOnce);
  const findings = await Promise.all([
    ...manifests.slice(0, childrenExamined).map(({ digest }) =>
      limit(async () => {
        const child = await ports.images.readImage(key, digest);
        return child === undefined ? [] : findingsIn(ports, key, child, ownHosts);
      }),
    ),
    findingsIn(ports, key, image, ownHosts),
  ]);
  return merged([...found, ...findings.flat()]);
}

async function findingsIn(
  ports: BuildPorts,
  key: RepositoryKey,
  { manifest }: StoredImage,
  ownHosts: readonly string[],
): Promise<Finding[]> {
  const [config, materials] = await Promise.all([readConfig(ports, key, manifest), materialsIn(ports, key, manifest)]);
  const said = [manifest.annotations ?? {}, config?.config?.Labels ?? {}].flatMap((each) =>
    annotated(ports, each, ownHosts),
  );
  const used = materials.flatMap(({ reference, digest }): Finding[] => {
    const base = baseReference(reference, ports.registry, ownHosts);
    return base === undefined
      ? []
      : [
          [
            { ...base, said: reference },
            { evidence: 'provenance', confidence: 1, ...defined({ baseDigest: digest }) },
          ],
        ];
  });
  const begun = config === undefined ? [] : await byLayers(ports, key, chainsOf(config), ownHosts.at(-1));
  // A label is inherited from the base, and may name the base's own base; an annotation is this image's, and a
  // provenance lists all that was used.
  const isSure = used.length > 0 || annotated(ports, manifest.annotations ?? {}, ownHosts).length > 0;
  return [...said, ...used, ...(isSure ? sameAs([...said, ...used], begun) : begun)];
}

/** Reads the annotations of image-spec, annotations.md. */
function annotated(
  { registry }: BuildPorts,
  annotations: Readonly<Record<string, string>>,
  ownHosts: readonly string[],
): Finding[] {
  const base = baseReference(annotations[baseName] ?? '', registry, ownHosts);
  const digest = parseDigest(annotations[baseDigest] ?? '');
  return base === undefined
    ? []
    : [
        [
          { ...base, said: annotations[baseName] },
          { evidence: 'annotation', confidence: 1, ...defined({ baseDigest: digest }) },
        ],
      ];
}

const imagesNamed = 5;

/**
 * Finds bases by layers. If the same layers exist under several names they are likely those of the first, but that is
 * not certain.
 */
async function byLayers(
  ports: BuildPorts,
  key: RepositoryKey,
  chains: readonly string[],
  host: string | undefined,
): Promise<Finding[]> {
  const longest = await longestBegun(ports, key, chains);
  const confidence = 0.9 / Math.max(1, longest.length);
  const findings = await Promise.all(
    longest
      .slice(0, imagesNamed)
      .map(async (image) =>
        (await namesOf(ports, image)).map((base): Finding => [
          host === undefined ? base : { ...base, said: `${host}/${shownReference(base)}` },
          { evidence: 'layers', confidence, baseDigest: image.digest, layers: image.layers },
        ]),
      ),
  );
  return findings.flat();
}

async function namesOf(ports: BuildPorts, image: Rooted): Promise<BaseReference[]> {
  const base = ownBase(image.registry, image.repository);
  const tags = new Set([...image.tags, ...(await tagsAt(ports, image, image.digest))]);
  return tags.size === 0 ? [{ base, digest: image.digest }] : [...tags].map((tag) => ({ base, tag }));
}

/** Returns one entry for each reference, with all the evidence for it. */
export function mergedBases(bases: readonly BaseFound[]): BaseFound[] {
  return merged(bases.flatMap(({ found, ...reference }) => found.map((evidence): Finding => [reference, evidence])));
}

/** Returns the guesses that only repeat a certain finding. */
function sameAs(said: readonly Finding[], guesses: readonly Finding[]): readonly Finding[] {
  const references = new Set(said.map(([reference]) => keyOf(reference)));
  return guesses.filter(([reference]) => references.has(keyOf(reference)));
}

const keyOf = ({ base, tag, digest }: BaseReference) => JSON.stringify([base, tag, digest]);

/**
 * Drops guesses by layers where the builder names a base: an image that was pinned to a digest does not follow every
 * tag of that digest, and one whose Dockerfile is known, or that names an image with these very layers, follows no
 * other image that happens to have them too.
 */
function withoutGuesses(findings: readonly Finding[]): readonly Finding[] {
  const certain = findings.filter(([, { evidence }]) => evidence !== 'layers');
  const guesses = findings.filter(([, { evidence }]) => evidence === 'layers');
  const again = sameAs(certain, guesses);
  if (certain.some(([, { evidence }]) => evidence === 'dockerfile')) return [...certain, ...again];
  const bases = new Set(certain.map(([{ base }]) => base));
  const explained = new Set(again.map(([, { baseDigest }]) => baseDigest));
  return [
    ...certain,
    ...again,
    ...guesses.filter(([reference, { baseDigest }]) => !bases.has(reference.base) && !explained.has(baseDigest)),
  ];
}

function merged(findings: readonly Finding[]): BaseFound[] {
  const byReference = new Map<string, { readonly reference: Said; readonly found: Map<string, Evidence> }>();
  for (const [reference, evidence] of withoutGuesses(findings)) {
    const at = keyOf(reference);
    const there = byReference.get(at) ?? { reference, found: new Map<string, Evidence>() };
    byReference.set(at, there);
    if (there.found.size < evidenceKept) there.found.set(JSON.stringify(evidence), evidence);
  }
  return [...byReference.values()].map(({ reference: { said, ...reference }, found }) => ({
    ...reference,
    ...defined({ said }),
    found: [...found.values()],
  }));
}

/** Returns the digests of a base that an image is known to be built on. */
export function baseDigestsIn({ found, digest }: Pick<BaseFound, 'found' | 'digest'>): Digest[] {
  return [...new Set([...found.flatMap((each) => each.baseDigest ?? []), ...(digest === undefined ? [] : [digest])])];
}
