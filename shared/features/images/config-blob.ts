import { isUtf8 } from 'node:buffer';
import { firstWhere } from '../../core/documents/listers.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imageUnknown, RegistryError } from '../../core/oci/faults.ts';
import { jsonIn } from '../../core/oci/json.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import { maxConfigBytes } from './config.ts';
import type { ImageViewPorts } from './ports.ts';
import { findManifest, storedSize } from './read-image.ts';

/**
 * Reads the config of an image as it was pushed; `digest` is the image's, or that of the config. Throws `RegistryError`
 * (`thing-unknown`; `conflict` for one that is too large or no JSON; the refusal of a gate), `StoreFailure`.
 */
export async function readConfigBlob(
  ports: ImageViewPorts,
  key: RepositoryKey,
  digest: Digest,
  asker: Asker,
): Promise<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
  const document = (await findManifest(ports, key, digest)) ?? (await withConfig(ports, key, digest));
  const config = document?.references.find(({ role }) => role === 'config')?.digest;
  if (document === undefined) throw imageUnknown(key.repository, digest);
  if (config === undefined)
    throw noConfig(`config of ${key.repository}@${digest}`, 'an index has none: ask for that of a platform');
  // The config is a part of the image's content, and who may not pull that may not read this.
  const repository = (await ports.entries.find(key))?.document;
  ports.admission.require({ operation: 'pull', key, manifest: document, repository, asker });
  if (storedSize(document, config) > maxConfigBytes) throw tooLarge(config);
  const bytes = await ports.images.readSmallBlob(key, config, maxConfigBytes);
  if (bytes === undefined) throw noConfig(`config ${config}`, 'push the image again');
  if (!isUtf8(bytes) || jsonIn(bytes) === undefined)
    throw new RegistryError({
      is: 'conflict',
      code: 'configUnreadable',
      why: `the config ${config} is no JSON, or nested too deep: pull the blob to look at it`,
    });
  return { digest: config, bytes };
}

function noConfig(what: string, hint: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: 'configNotFound', what, hint });
}

function tooLarge(config: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'configTooLarge',
    why: `the config ${config} has more than 1 MiB: pull the blob to read it`,
  });
}

/** Finds a manifest whose config has this digest: any other blob of the repository is not served here. */
async function withConfig(
  ports: ImageViewPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<ManifestDocument | undefined> {
  const found = await firstWhere(ports, key, [
    { path: 'type', is: '=', value: 'manifest' },
    { path: 'references', is: 'contains', value: { digest, role: 'config' } },
  ]);
  if (found === undefined) return undefined;
  return parseStored(manifestDocumentSchema, found, { container: 'repositories', partition: partitionOf(key) })
    .document;
}
