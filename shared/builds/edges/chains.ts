import type { Digest } from '../../oci/digest.ts';
import type { RepositoryKey } from '../../state/names.ts';
import { readStored } from '../../state/stored.ts';
import type { BuildPorts } from '../ports.ts';
import { chainedRef, chainedSchema, chainRef } from './documents.ts';
import type { Chain } from './documents.ts';
import { chainsOf, readConfig } from './image-config.ts';

/** Makes an image known by its layers, once. An index has none; its images are pushed by themselves. */
export async function learnChain(ports: BuildPorts, key: RepositoryKey, digest: Digest): Promise<void> {
  const there = chainedRef(key, digest);
  if ((await ports.documents.readDocument(there)) !== undefined) return;
  const image = await ports.images.readImage(key, digest);
  const config = image === undefined ? undefined : await readConfig(ports, key, image.manifest);
  const chain = config === undefined ? undefined : chainsOf(config).at(-1);
  if (config === undefined || chain === undefined) return;
  const at = chainRef(key, digest, chain);
  const document: Chain = { id: at.id, base: at.partition[0] ?? '', type: 'chain', schemaVersion: 1, ...key, digest, layers: config.rootfs.diff_ids.length };
  await ports.documents.commitDocuments(at.container, at.partition, [{ do: 'upsert', document: { ...document } }]);
  // Written last: it says that there is nothing left to do.
  await ports.documents.commitDocuments(there.container, there.partition, [{ do: 'upsert', document: { id: there.id, base: there.partition[0], type: 'chained', schemaVersion: 1, digest, chain } }]);
}

/** An image whose chain a crash has left is not there: whoever meets it looks. */
export async function forgetChain(ports: BuildPorts, key: RepositoryKey, digest: Digest): Promise<void> {
  const there = chainedRef(key, digest);
  const found = await readStored(ports.documents, chainedSchema, there);
  if (found === undefined) return;
  const at = chainRef(key, digest, found.document.chain);
  await ports.documents.commitDocuments(at.container, at.partition, [{ do: 'delete', id: at.id }]);
  await ports.documents.commitDocuments(there.container, there.partition, [{ do: 'delete', id: there.id }]);
}
