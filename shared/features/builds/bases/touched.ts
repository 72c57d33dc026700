import pLimit from 'p-limit';
import { manifestRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { CatalogueEvent } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import { buildOf } from '../plan/cause.ts';
import type { BuildPorts } from '../ports.ts';
import { forgetChain, isPlaced, learnChain, refreshFollowers } from './chains.ts';
import type { TaggedImage } from './documents.ts';
import { learnTag } from './learn.ts';

const imagesAtOnce = 4;

/** The tags and manifests that an event is about, which are to be learned as they are now. */
interface Touched {
  readonly key: RepositoryKey;
  readonly tags: readonly Tag[];
  readonly digests: readonly Digest[];
  /** The names by which a client has just reached the registry. */
  readonly hosts: readonly string[];
}

/** Returns the client's name of the registry. A build pushes from within, and has no name that a client would use. */
function hostsOf({ id, host }: { readonly id: string; readonly host: string }): string[] {
  return buildOf(id) === undefined ? [host] : [];
}

function touchedBy({ registry }: BuildPorts, event: CatalogueEvent): Touched | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed': {
      const { repository, tag, digest } = event.data.target;
      return {
        key: { registry, repository },
        tags: tag === undefined ? [] : [tag],
        digests: [digest],
        hosts: hostsOf(event.data.request),
      };
    }
    case 'Longshore.TagMoved':
    case 'Longshore.TagDeleted':
      return {
        key: { registry, repository: event.data.target.repository },
        tags: [event.data.target.tag],
        digests: [],
        hosts: hostsOf(event.data.request),
      };
    case 'Longshore.Restored': {
      const { repository, tags, manifests } = event.data.target;
      return {
        key: { registry, repository },
        tags: tags.map(({ tag }) => tag),
        digests: manifests.map(({ digest }) => digest),
        hosts: [],
      };
    }
    default:
      return undefined;
  }
}

/**
 * Learns, or forgets, what an event is about. It reads the present state and never adds up events, so they may come in
 * any order. Throws `StoreFailure`: then the event must be delivered again.
 */
export async function learnTouched(ports: BuildPorts, event: CatalogueEvent): Promise<void> {
  if (event.type === 'Microsoft.ContainerRegistry.ImageDeleted') {
    const { repository, digest } = event.data.target;
    return forgetDeleted(ports, { registry: ports.registry, repository }, digest);
  }
  const touched = touchedBy(ports, event);
  if (touched === undefined) return;
  const { key, tags, digests, hosts } = touched;
  // A restore tells of many in one event, which is handled within 30 s.
  const limit = pLimit(imagesAtOnce);
  await Promise.all(
    digests.map((digest) =>
      limit(async () => ((await isLive(ports, key, digest)) ? learnChain : forgetChain)(ports, key, digest)),
    ),
  );
  await Promise.all(tags.map((tag) => limit(() => learnTag(ports, key, tag, { hosts }))));
  // Events come in any order: images that are built on this one may be known before it. The name by which this one was
  // pushed says nothing about the names that others use.
  const learnAgain = ({ registry, repository, tag }: TaggedImage) =>
    learnTag(ports, { registry, repository }, tag, { isAgain: true });
  await Promise.all(digests.map((digest) => limit(() => refreshFollowers(ports, key, digest, learnAgain))));
}

/**
 * Most of what goes was never known by its layers, signatures among it: that costs one read. What was pushed again since
 * is learned by the event of that push.
 */
async function forgetDeleted(ports: BuildPorts, key: RepositoryKey, digest: Digest): Promise<void> {
  if ((await isPlaced(ports, key, digest)) && !(await isLive(ports, key, digest)))
    await forgetChain(ports, key, digest);
}

async function isLive({ documents }: BuildPorts, key: RepositoryKey, digest: Digest): Promise<boolean> {
  return (await documents.readDocument(manifestRef(key, digest))) !== undefined;
}
