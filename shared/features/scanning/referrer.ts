import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { digestOf } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import type { Cause } from '../../core/ports/cause.ts';
import type { ReportFormat } from './formats/read-report.ts';
import type { ScanPorts } from './ports.ts';

/** The artifact types of kept reports, by their formats. */
export const reportTypes: Readonly<Record<ReportFormat, string>> = {
  'scanner-api': 'application/vnd.security.vulnerability.report+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
  sarif: 'application/sarif+json',
  trivy: 'application/vnd.aquasec.trivy.report.v2+json',
  grype: 'application/vnd.anchore.grype.report.v1+json',
};

const emptyConfig = Buffer.from('{}');

/** Makes the cause of what the registry itself does about scans. */
export function causeOfScan(scanner: string, host: string): Cause {
  return {
    request: { id: `longshore-scan-${scanner}`, host, method: 'PUT', useragent: 'longshore-scanning' },
    actor: { name: `longshore-scanner-${scanner}` },
  };
}

/**
 * Pushes a report as an artifact that refers to its image, and deletes the one before. Its config is empty, so that it
 * is evidence: it is never held, and never scanned itself. Returns its digest. Throws `RegistryError`, `StoreFailure`.
 */
export async function keepReferrer(
  { images, deleteImages }: Pick<ScanPorts, 'images' | 'deleteImages'>,
  key: RepositoryKey,
  image: Pick<ManifestDocument, 'digest' | 'mediaType' | 'size'>,
  { bytes, type }: { readonly bytes: Uint8Array; readonly type: string },
  { cause, old }: { readonly cause: Cause; readonly old: Digest | undefined },
): Promise<Digest> {
  const [config, layer] = await Promise.all([
    images.storeSmallBlob(key, emptyConfig),
    images.storeSmallBlob(key, bytes),
  ]);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: type,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config, size: emptyConfig.length },
      layers: [{ mediaType: type, digest: layer, size: bytes.length }],
      subject: { mediaType: image.mediaType, digest: image.digest, size: image.size },
    }),
  );
  const digest = digestOf(manifest);
  await images.pushImage(key, { reference: digest, bytes: manifest, mediaType: mediaTypes.ociManifest, cause });
  if (old !== undefined && old !== digest) await forget(deleteImages, key, old, cause);
  return digest;
}

/** One that somebody has deleted, or locked, is left as it is. */
async function forget(
  deleteImages: ScanPorts['deleteImages'],
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<void> {
  try {
    await deleteImages.deleteImage(key, digest, { cause });
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
}
