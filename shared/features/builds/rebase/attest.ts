import type { Digest } from '../../../core/oci/digest.ts';
import { digestOf } from '../../../core/oci/digest.ts';
import { mediaTypes } from '../../../core/oci/media-types.ts';
import type { StoredImage } from '../../../core/ports/images.ts';
import type { BuildPorts } from '../ports.ts';
import type { RebaseOrder } from './order.ts';

const emptyConfig = Buffer.from('{}');
const statementType = 'application/vnd.in-toto+json';

/**
 * Pushes SLSA provenance for a rebased image, as an in-toto statement that refers to it
 * (slsa.dev/spec/v1.0/provenance). It is not signed, and repeated it is the same.
 */
export async function attest(
  { images }: Pick<BuildPorts, 'images'>,
  { key, app, baseKey, next, said, cause }: RebaseOrder,
  {
    image,
    conflicts,
  }: { readonly image: Pick<StoredImage, 'digest' | 'bytes' | 'mediaType'>; readonly conflicts: readonly string[] },
): Promise<void> {
  const used = (name: string, digest: Digest) => ({
    name,
    digest: { [digest.split(':', 1)[0] ?? '']: digest.slice(digest.indexOf(':') + 1) },
  });
  const statement = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [used(key.repository, image.digest)],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'urn:longshore:rebase:v1',
          externalParameters: { image: key.repository, base: said ?? baseKey.repository },
          resolvedDependencies: [used(key.repository, app.digest), used(baseKey.repository, next.digest)],
        },
        runDetails: {
          builder: { id: 'urn:longshore' },
          metadata: {},
          byproducts: conflicts.map((name) => ({ name: `kept of the image: ${name}` })),
        },
      },
    }),
  );
  await Promise.all([images.storeSmallBlob(key, emptyConfig), images.storeSmallBlob(key, statement)]);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: statementType,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: digestOf(emptyConfig),
        size: emptyConfig.length,
      },
      layers: [
        {
          mediaType: statementType,
          digest: digestOf(statement),
          size: statement.length,
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
        },
      ],
      subject: { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length },
    }),
  );
  await images.pushImage(key, {
    reference: digestOf(manifest),
    bytes: manifest,
    mediaType: mediaTypes.ociManifest,
    cause,
  });
}
