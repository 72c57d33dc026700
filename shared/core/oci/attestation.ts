import type { Descriptor } from './descriptor.ts';

interface Named {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
}

/** Says whether a platform is none: BuildKit lists attestations for such a one. */
export function isNoPlatform(platform: Named | undefined): boolean {
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

/**
 * Says whether an entry of an index is an attestation. BuildKit marks them by an annotation, and gives them the platform
 * unknown/unknown, because clients would otherwise take one for an image. Other tools copy the one or the other.
 */
export function isAttestationEntry({ annotations, platform }: Pick<Descriptor, 'annotations' | 'platform'>): boolean {
  return annotations?.['vnd.docker.reference.type'] !== undefined || isNoPlatform(platform);
}
