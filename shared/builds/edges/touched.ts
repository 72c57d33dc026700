import type { CatalogueEvent } from '../../events/envelope.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/name.ts';
import { manifestRef } from '../../state/manifest.ts';
import type { RepositoryKey } from '../../state/names.ts';
import type { BuildPorts } from '../ports.ts';
import { forgetChain, learnChain } from './chains.ts';
import { learnTag } from './learn.ts';

/** What an event touches, to be looked at as it is now. */
interface Touched {
  readonly key: RepositoryKey;
  readonly tags: readonly Tag[];
  readonly digests: readonly Digest[];
  /** Where a client has just found the registry. */
  readonly hosts: readonly string[];
}

function touchedBy({ registry }: BuildPorts, event: CatalogueEvent): Touched | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed': {
      const { repository, tag, digest } = event.data.target;
      return { key: { registry, repository }, tags: tag === undefined ? [] : [tag], digests: [digest], hosts: [event.data.request.host] };
    }
    case 'Microsoft.ContainerRegistry.ImageDeleted':
      return { key: { registry, repository: event.data.target.repository }, tags: [], digests: [event.data.target.digest], hosts: [] };
    case 'Longshore.TagMoved':
    case 'Longshore.TagDeleted':
      return { key: { registry, repository: event.data.target.repository }, tags: [event.data.target.tag], digests: [], hosts: [event.data.request.host] };
    case 'Longshore.Restored': {
      const { repository, tags, manifests } = event.data.target;
      return { key: { registry, repository }, tags: tags.map(({ tag }) => tag), digests: manifests.map(({ digest }) => digest), hosts: [] };
    }
    default:
      return undefined;
  }
}

/** Learns, or forgets, what an event tells of: never by adding up events, so in any order. Throws `StoreFailure`: then it must be delivered again. */
export async function learnTouched(ports: BuildPorts, event: CatalogueEvent): Promise<void> {
  const touched = touchedBy(ports, event);
  if (touched === undefined) return;
  const { key, tags, digests, hosts } = touched;
  for (const digest of digests) await (((await ports.documents.readDocument(manifestRef(key, digest))) === undefined ? forgetChain : learnChain)(ports, key, digest));
  for (const tag of tags) await learnTag(ports, key, tag, [...ports.ownHosts, ...hosts]);
}
