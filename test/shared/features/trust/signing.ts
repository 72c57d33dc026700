import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { TestImage } from '../../image.ts';
import { naming } from '../recycle-bin/binned.ts';
import type { KeyPair } from './sigstore/instance.ts';
import { keyAnnotations, keyBundle, simpleSigningOf, statementOf } from './sigstore/signatures.ts';

const empty = Buffer.from('{}');

interface Layer {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest of an artifact whose config says nothing. */
function artifact(layers: readonly Layer[], extra: object, configType: string, config: Buffer = empty): TestImage {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: configType, digest: digestOf(config), size: config.length },
    layers: layers.map(({ mediaType, bytes, annotations }) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
      ...(annotations === undefined ? {} : { annotations }),
    })),
    ...extra,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const { mediaType } = manifest;
  return { bytes, digest: digestOf(bytes), mediaType, config, layers: layers.map((layer) => layer.bytes) };
}

type Subject = Pick<TestImage, 'bytes' | 'digest' | 'mediaType'>;

/** The tag under which older versions of cosign look for signatures. */
export const signatureTag = ({ digest }: Subject) => `${digest.replace(':', '-')}.sig`;

/** A signature as the versions 1 and 2 of cosign push it, under `signatureTag`. `of` is the digest that it says. */
export function legacySignature(key: KeyPair, subject: Subject, of = subject.digest): TestImage {
  const payload = simpleSigningOf(of);
  const layer = {
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    bytes: payload,
    annotations: keyAnnotations(key, payload),
  };
  return artifact([layer], {}, 'application/vnd.oci.image.config.v1+json', Buffer.from('{"rootfs":{}}'));
}

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A signature, or an attestation of a type, as version 3 of cosign pushes it: a referrer. */
export function bundled(
  key: KeyPair,
  subject: Subject,
  predicateType?: string,
  of = subject.digest,
  predicate?: unknown,
): TestImage {
  const bytes = Buffer.from(JSON.stringify(keyBundle(key, statementOf(of, predicateType, predicate))));
  const layers = [{ mediaType: bundleType, bytes }];
  return artifact(layers, { artifactType: bundleType, ...naming(subject) }, 'application/vnd.oci.empty.v1+json');
}

/** A signed statement of a type with its content. */
export function attested(
  key: KeyPair,
  subject: Subject,
  predicateType: string,
  predicate: unknown,
  of = subject.digest,
): TestImage {
  const bytes = Buffer.from(JSON.stringify(keyBundle(key, statementOf(of, predicateType, predicate))));
  const layers = [{ mediaType: bundleType, bytes }];
  return artifact(layers, { artifactType: bundleType, ...naming(subject) }, 'application/vnd.oci.empty.v1+json');
}

/** A referrer of Notation with its envelope. */
export function notarized(envelope: { mediaType: string; bytes: Buffer }, subject: Subject): TestImage {
  const artifactType = 'application/vnd.cncf.notary.signature';
  return artifact([envelope], { artifactType, ...naming(subject) }, 'application/vnd.oci.empty.v1+json');
}
