import { describe, expect, it } from 'vitest';
import type { Descriptor } from '../../../../../shared/core/oci/descriptor.ts';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import { parseManifest } from '../../../../../shared/core/oci/manifest.ts';
import { maxLayerBytes, maxLayers, sigstoreEvidence } from '../../../../../shared/features/trust/sigstore/evidence.ts';

const layer = (mediaType: string, size = 100, annotations?: Record<string, string>): Descriptor => ({
  mediaType,
  digest: digestOf(Buffer.from(mediaType)),
  size,
  ...(annotations && { annotations }),
});

const simple = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Parses a manifest with these layers, as the registry does at its push. */
function manifestOf(artifactType: string, ...layers: Descriptor[]) {
  const config = layer('application/vnd.oci.empty.v1+json', 2);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return parseManifest(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, artifactType, config, layers })),
    mediaType,
  );
}

describe('the evidence of a manifest', () => {
  it.each([
    ['a signature tag', '', simple, 'simple-signing'],
    ['a referrer of OCI 1.1', 'application/vnd.dev.cosign.artifact.sig.v1+json', simple, 'simple-signing'],
    ['an attestation tag', '', 'application/vnd.dsse.envelope.v1+json', 'envelope'],
    [
      'a bundle',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      'bundle',
    ],
    ['an older bundle', '', 'application/vnd.dev.sigstore.bundle+json;version=0.2', 'bundle'],
  ])('is found in %s', (_, artifactType, mediaType, kind) => {
    const evidence = sigstoreEvidence(manifestOf(artifactType, layer('text/plain'), layer(mediaType)));
    expect(evidence).toMatchObject({ layers: [{ kind, descriptor: { mediaType, size: 100 } }], reasons: [] });
  });

  it('is not in the layers of an image, nor in an index', () => {
    expect(sigstoreEvidence(manifestOf('', layer('application/vnd.oci.image.layer.v1.tar+gzip')))).toEqual({
      layers: [],
      reasons: [],
    });
  });

  it("is not in BuildKit's provenance, which nobody has signed", () => {
    const type = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' };
    const { layers, reasons } = sigstoreEvidence(manifestOf('', layer('application/vnd.in-toto+json', 9, type)));
    expect(layers).toEqual([]);
    expect(reasons).toEqual([expect.stringContaining('"https://slsa.dev/provenance/v1" without a signature')]);
  });

  it('leaves out what is too large, and says so', () => {
    const { layers, reasons } = sigstoreEvidence(
      manifestOf('', layer(simple, 100 * 1024 * 1024), layer(simple, maxLayerBytes)),
    );
    expect(layers).toHaveLength(1);
    expect(reasons).toEqual([expect.stringContaining('104857600 bytes')]);
  });

  it('leaves out layers beyond the bound, and says how many', () => {
    const many = Array.from({ length: maxLayers + 7 }, () => layer(simple));
    const { layers, reasons } = sigstoreEvidence(manifestOf('', ...many));
    expect(layers).toHaveLength(maxLayers);
    expect(reasons).toEqual([`The manifest has 7 more layers with signatures; the first ${maxLayers} are read.`]);
  });

  it('names no more faults than layers that it would read', () => {
    const many = Array.from({ length: 900 }, () => layer(simple, maxLayerBytes + 1));
    expect(sigstoreEvidence(manifestOf('', ...many)).reasons).toHaveLength(maxLayers);
  });
});
