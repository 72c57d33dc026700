import { aboutName, tagsAbout } from '../../core/documents/about.ts';
import { binnedDocumentSchema, binnedRef } from '../../core/documents/bin.ts';
import { everyOne } from '../../core/documents/in-repository.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { childrenOf, referrerDocumentSchema, tagDocumentSchema, tagId } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isIndexMediaType, isManifestMediaType } from '../../core/oci/media-types.ts';
import type { PolicyPorts } from './ports.ts';

export interface TouchedManifest {
  readonly digest: Digest;
  /** True if the event says that it is no index, so it has no children. */
  readonly isLeaf: boolean;
}

export interface Touched {
  readonly repository: RepositoryKey['repository'];
  readonly manifests: readonly TouchedManifest[];
  /** True if the event changes the order of tags. */
  readonly moved: boolean;
}

/** Returns the manifests that an event is about; `undefined` if it changes nothing that is judged. */
export function touchedBy(event: CatalogueEvent): Touched | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed': {
      const { repository, tag } = event.data.target;
      return { repository, manifests: [touchedManifest(event.data.target)], moved: tag !== undefined };
    }
    // The events of the push and of the tag's move may wait for long, and policies judge what is stored.
    case 'Longshore.ImageQuarantined': {
      const { repository, tag, previousDigest } = event.data.target;
      const previous = previousDigest === undefined ? [] : [ofAnyType(previousDigest)];
      return { repository, manifests: [touchedManifest(event.data.target), ...previous], moved: tag !== undefined };
    }
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartDeleted': {
      const { repository } = event.data.target;
      return { repository, manifests: [touchedManifest(event.data.target)], moved: false };
    }
    case 'Longshore.TagMoved': {
      const { repository, previousDigest, digest } = event.data.target;
      return { repository, manifests: [previousDigest, digest].map(ofAnyType), moved: true };
    }
    case 'Longshore.TagDeleted': {
      const { repository, previousDigest } = event.data.target;
      return { repository, manifests: [ofAnyType(previousDigest)], moved: false };
    }
    case 'Longshore.Restored': {
      const { repository, manifests, tags } = event.data.target;
      const digests = new Set([...manifests, ...tags].map(({ digest }) => digest));
      return { repository, manifests: [...digests].map(ofAnyType), moved: tags.length > 0 };
    }
    default:
      return undefined;
  }
}

function ofAnyType(digest: Digest): TouchedManifest {
  return { digest, isLeaf: false };
}

/** Reads the target of an event. A chart's event has another media type than its manifest. */
function touchedManifest({ digest, mediaType }: { digest: Digest; mediaType: string }): TouchedManifest {
  return { digest, isLeaf: isManifestMediaType(mediaType) && !isIndexMediaType(mediaType) };
}

/**
 * Returns the neighbours that a manifest keeps while it is there: its children and referrers, live or recycled, and the
 * manifests whose tags say that they are about it. `live` is its document, `undefined` where it is gone.
 */
export async function neighboursOf(
  ports: PolicyPorts,
  key: RepositoryKey,
  { digest, isLeaf }: TouchedManifest,
  live: ManifestDocument | undefined,
): Promise<Digest[]> {
  const [children, referrers, about] = await Promise.all([
    live !== undefined ? childrenOf(live) : isLeaf ? [] : childrenInBin(ports, key, digest),
    everyOne(
      ports,
      key,
      [
        { path: 'type', is: '=', value: 'referrer' },
        { path: 'subject', is: '=', value: digest },
      ],
      referrerDocumentSchema,
    ),
    // Tags with a prefix are queried only if the manifest that they are about is gone: until then they are kept.
    live === undefined
      ? tagsAbout(ports.documents, key, digest)
      : everyOne(ports, key, [{ path: 'id', is: 'starts-with', value: tagId(aboutName(digest)) }], tagDocumentSchema),
  ]);
  return [...children, ...referrers.map((edge) => edge.digest), ...about.map((tag) => tag.digest)];
}

async function childrenInBin({ documents }: PolicyPorts, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const binned = await readStored(documents, binnedDocumentSchema, binnedRef(key, digest));
  return binned === undefined ? [] : childrenOf(binned.document);
}
