import { defined } from '../../core/documents/defined.ts';
import type { Parsed } from '../../core/feature/feature.ts';
import { wholeNumberFrom } from '../../core/feature/number-setting.ts';
import { keySchema, originSchema } from '../../core/feature/setting-formats.ts';

/** These settings are about what clients push to and pull from. */
export const registrySettings = {
  /**
   * Signs upload URLs: at least 32 bytes in base64, the same on every instance. Changing it ends the uploads that are
   * under way.
   */
  LONGSHORE_UPLOAD_KEY: keySchema,
  /**
   * Names the origin of the host that takes uploads, where the host that clients ask is not fit for large bodies. An
   * upload's `Location` leads there, and opens that one upload by itself for six hours. Set it to the same value on both
   * hosts; without it uploads go to the host that was asked.
   */
  LONGSHORE_UPLOADS_URL: originSchema.optional(),
  /** Bounds the manifests that an instance keeps in memory, in MiB. */
  LONGSHORE_MANIFEST_CACHE_MIB: wholeNumberFrom(1, 65_536).default(64),
};

export interface OwnRegistrySettings {
  /** The key that signs the state of an upload into its URL: at least 32 bytes, the same on every instance. */
  readonly uploadKey: Uint8Array;
  /**
   * The origin of the host that receives uploads; absent, they go to the host of the request. Both hosts have the same
   * settings.
   */
  readonly uploadsUrl?: URL;
  /** The bytes of manifests that this instance caches in memory. */
  readonly manifestCacheBytes: number;
}

export function readRegistrySettings({
  LONGSHORE_UPLOAD_KEY: uploadKey,
  LONGSHORE_UPLOADS_URL: uploadsUrl,
  LONGSHORE_MANIFEST_CACHE_MIB: mib,
}: Parsed<typeof registrySettings>): OwnRegistrySettings {
  return { uploadKey, ...defined({ uploadsUrl }), manifestCacheBytes: mib * 1024 * 1024 };
}
