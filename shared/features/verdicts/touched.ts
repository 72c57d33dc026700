import pLimit from 'p-limit';
import { subjectNamed } from '../../core/documents/about.ts';
import { binnedDocumentSchema, binnedRef } from '../../core/documents/bin.ts';
import { listersAmong } from '../../core/documents/listers.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { childrenOf, manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { judgeManifest } from './judge-manifest.ts';
import type { VerdictPorts } from './ports.ts';

const judgedAtOnce = 8;
/** The indexes that list one manifest, of which so many are judged with it; a walk finds the others. */
const mostListers = 50;

/**
 * Judges what an event touches: the manifest, the one that it is about, and the neighbours whose verdict follows from
 * theirs. A registry without policies reads nothing for it. It is judged as it is now, so events may come twice and in
 * any order.
 */
export async function judgeTouched(ports: VerdictPorts, event: CatalogueEvent): Promise<void> {
  const touched = touchedBy(event);
  if (touched === undefined) return;
  const key = { registry: ports.registry, repository: touched.repository };
  if ((await ports.coverage.of(key)).length === 0) return;
  for (const digest of touched.digests) await judgeWithNeighbours(ports, key, digest);
}

interface Touched {
  readonly repository: RepositoryKey['repository'];
  readonly digests: readonly Digest[];
}

function touchedBy(event: CatalogueEvent): Touched | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartPushed':
    case 'Longshore.ImageQuarantined': {
      if (event.type === 'Longshore.ImageQuarantined' && event.data.pushEvent === 'sent') return undefined;
      const { repository, digest } = event.data.target;
      return { repository, digests: [digest] };
    }
    case 'Longshore.Restored': {
      const { repository, manifests, tags } = event.data.target;
      // A tag that comes back alone says what was true of its manifest when it was deleted.
      return { repository, digests: [...new Set([...manifests, ...tags].map(({ digest }) => digest))] };
    }
    default:
      return undefined;
  }
}

async function judgeWithNeighbours(ports: VerdictPorts, key: RepositoryKey, digest: Digest): Promise<void> {
  const manifest = await readEither(ports, key, digest);
  if (manifest === undefined) return;
  const subject = await subjectOf(ports, key, manifest);
  const judged = subject ?? digest;
  await judgeManifest(ports, key, judged);
  const about = subject === undefined ? manifest : await readEither(ports, key, subject);
  if (about === undefined) return;
  const listers = await listersAmong(ports, key, judged, mostListers);
  const neighbours = new Set([...childrenOf(about), ...listers.map((each) => each.digest)]);
  const limit = pLimit(judgedAtOnce);
  await Promise.all([...neighbours].map((each) => limit(() => judgeManifest(ports, key, each))));
}

/** Reads a manifest that is live, or was: what it was about must be judged without it. */
async function readEither(
  { documents }: VerdictPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<Pick<ManifestDocument, 'subject' | 'about' | 'references'> | undefined> {
  const live = await readStored(documents, manifestDocumentSchema, manifestRef(key, digest));
  return (live ?? (await readStored(documents, binnedDocumentSchema, binnedRef(key, digest))))?.document;
}

async function subjectOf(
  { documents }: VerdictPorts,
  key: RepositoryKey,
  { subject, about }: Pick<ManifestDocument, 'subject' | 'about'>,
): Promise<Digest | undefined> {
  return subject ?? (about === undefined ? undefined : subjectNamed(documents, key, about));
}
