import type { Descriptor } from '../../../core/oci/descriptor.ts';
import type { Manifest } from '../../../core/oci/manifest.ts';
import { quoted } from './quoted.ts';

/** The bytes that one layer may have: bundles with an SBOM inside have some megabytes. */
export const maxLayerBytes = 8 * 1024 * 1024;

/** The layers that are read of one manifest: each signer adds one to cosign's older manifests. */
export const maxLayers = 20;

/** A layer that may hold a signature: cosign's simple signing, a DSSE envelope, or a sigstore bundle. */
export interface SigstoreLayer {
  readonly kind: 'simple-signing' | 'envelope' | 'bundle';
  /** The blob to fetch, with its size. */
  readonly descriptor: Descriptor;
}

/** The layers of a manifest that are worth fetching, and a sentence for each layer that is not. */
export interface SigstoreEvidence {
  readonly layers: readonly SigstoreLayer[];
  readonly reasons: readonly string[];
}

const unsignedStatement = 'application/vnd.in-toto+json';

/**
 * Says which layers of a manifest hold signatures. The layers alone decide: cosign's older signatures are under a tag
 * or refer to their image, with one artifact type, with another or with none, and hold the same.
 */
export function sigstoreEvidence(manifest: Pick<Manifest, 'layers'>): SigstoreEvidence {
  const layers: SigstoreLayer[] = [];
  const reasons: string[] = [];
  let unread = 0;
  for (const descriptor of manifest.layers) {
    const kind = kindOf(descriptor.mediaType);
    if (kind === undefined) {
      if (descriptor.mediaType === unsignedStatement && reasons.length < maxLayers)
        reasons.push(unsignedIn(descriptor));
    } else if (descriptor.size > maxLayerBytes) {
      if (reasons.length < maxLayers) reasons.push(tooLarge(descriptor));
    } else if (layers.length < maxLayers) layers.push({ kind, descriptor });
    else unread += 1;
  }
  if (unread > 0)
    reasons.push(`The manifest has ${unread} more layers with signatures; the first ${maxLayers} are read.`);
  return { layers, reasons };
}

const kinds: ReadonlyMap<string, SigstoreLayer['kind']> = new Map([
  ['application/vnd.dev.cosign.simplesigning.v1+json', 'simple-signing'],
  ['application/vnd.dsse.envelope.v1+json', 'envelope'],
]);

function kindOf(mediaType: string): SigstoreLayer['kind'] | undefined {
  return /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d{1,3}\.\d{1,3})?\+json(?:;|$)/.test(mediaType)
    ? 'bundle'
    : kinds.get(mediaType);
}

function unsignedIn({ digest, annotations }: Descriptor): string {
  const type = annotations?.['in-toto.io/predicate-type'];
  const named = type === undefined ? 'a statement' : `a statement of the type ${quoted(type)}`;
  return `The layer ${digest} is ${named} without a signature: anybody who may push can have written it.`;
}

function tooLarge({ digest, size }: Descriptor): string {
  return `The layer ${digest} has ${size} bytes, but a signature may have ${maxLayerBytes}.`;
}
