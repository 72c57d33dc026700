import pLimit from 'p-limit';
import type { Operation } from '../../core/admission/gate.ts';
import { tagsAbout } from '../../core/documents/about.ts';
import {
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  tagDocumentSchema,
  tagRef,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { allStored, storedOf } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { parseStoredManifest } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { CopiedBy, CopiedInto } from '../../core/ports/images.ts';
import type { Source, TaggedImage, Target } from '../../core/ports/transfer.ts';
import { mountBlob } from './mount.ts';
import type { RegistryPorts } from './ports.ts';
import { pushManifests } from './push-manifest.ts';
import { manifestBytes } from './read-manifest.ts';

const queriesAtOnce = 8;
const pageSize = 100;

/** Makes a source of copies of a repository of this registry. An image that nobody may pull is not copied from it. */
export function repositorySource(ports: RegistryPorts, key: RepositoryKey, { into, asker }: CopiedInto): Source {
  const about = { operation: 'copy' as const satisfies Operation, key, asker, into };
  const { documents, admission } = ports;
  return {
    async resolve(reference) {
      await ports.entries.requireAllowed(about);
      if (isDigest(reference)) return reference;
      const tag = (await readStored(documents, tagDocumentSchema, tagRef(key, reference)))?.document;
      if (tag !== undefined) admission.require({ ...about, tag });
      return tag?.digest;
    },
    async manifest(digest) {
      const document = (await readStored(documents, manifestDocumentSchema, manifestRef(key, digest)))?.document;
      if (document === undefined) return undefined;
      admission.require({ ...about, manifest: document });
      const { mediaType } = document;
      const bytes = await manifestBytes(ports, document);
      return { digest, mediaType, bytes, manifest: parseStoredManifest(bytes, mediaType) };
    },
    async *referrers(subjects) {
      const where = [
        { path: 'type', is: '=' as const, value: 'referrer' },
        { path: 'subject', is: 'in' as const, values: subjects },
      ];
      const query = { container: 'repositories' as const, partition: partitionOf(key), where, limit: pageSize };
      for await (const { document } of storedOf(documents, query, referrerDocumentSchema)) yield document.digest;
    },
    async *tagsAbout(digests) {
      const limit = pLimit(queriesAtOnce);
      const found = await Promise.all(digests.map((digest) => limit(() => tagsAbout(documents, key, digest))));
      for (const { name: tag, digest } of found.flat()) yield { tag, digest };
    },
    blob: () => ({ is: 'here', key }),
  };
}

/**
 * Makes a target of copies of a repository of this registry. Each image that arrives is a push, with its checks and its
 * events.
 */
export function repositoryTarget(ports: RegistryPorts, key: RepositoryKey, by: CopiedBy): Target {
  const { cause, asker, pushedBy } = by;
  return {
    async begin(tags, digest) {
      await ports.entries.requireAllowed({ operation: 'push', key, asker });
      const there = await storedTags(ports, key, tags);
      for (const tag of tags)
        ports.admission.require({ operation: 'tag', key, asker, tag: there.get(tag), sets: { tag, digest } });
      return pointing(there);
    },
    async present(digests) {
      const found = await allStored(
        ports.documents,
        {
          container: 'repositories',
          partition: partitionOf(key),
          where: [
            { path: 'type', is: '=', value: 'manifest' },
            { path: 'digest', is: 'in', values: digests },
          ],
          limit: pageSize,
        },
        manifestDocumentSchema,
      );
      return new Set(found.map(({ document }) => document.digest));
    },
    tagsAt: async (tags) => pointing(await storedTags(ports, key, tags)),
    link: (digest, { key: from }) => mountBlob(ports, from, key, digest, asker),
    async push(images) {
      const pushes = images.map(({ image, tags }: TaggedImage) => ({
        key,
        reference: image.digest,
        tags,
        bytes: image.bytes,
        contentType: image.mediaType,
        cause,
        asker,
        pushedBy,
        mayRestore: by.mayRestore,
      }));
      return (await pushManifests(ports, pushes)).length === 0 ? 'too large' : 'pushed';
    },
  };
}

async function storedTags({ documents }: RegistryPorts, key: RepositoryKey, tags: readonly Tag[]) {
  const limit = pLimit(queriesAtOnce);
  const found = await Promise.all(
    tags.map((tag) => limit(() => readStored(documents, tagDocumentSchema, tagRef(key, tag)))),
  );
  return new Map(found.flatMap((each) => (each === undefined ? [] : [[each.document.name, each.document] as const])));
}

function pointing(tags: Awaited<ReturnType<typeof storedTags>>): Map<Tag, Digest> {
  return new Map([...tags.values()].map(({ name, digest }) => [name, digest]));
}
