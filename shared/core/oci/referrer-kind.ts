/** The kinds of things that are about an image. */
export const referrerKinds = ['signature', 'sbom', 'attestation', 'soci', 'report', 'other'] as const;
export type ReferrerKind = (typeof referrerKinds)[number];

/** The artifact types whose kind is known; in lower case. */
const typesOfKind: Readonly<Partial<Record<ReferrerKind, readonly string[]>>> = {
  signature: [
    'application/vnd.cncf.notary.signature',
    'application/vnd.dev.cosign.artifact.sig.v1+json',
    'application/vnd.dev.cosign.simplesigning.v1+json',
  ],
  sbom: [
    'application/spdx+json',
    'application/vnd.cyclonedx',
    'application/vnd.cyclonedx+json',
    'application/vnd.cyclonedx+xml',
    'application/vnd.dev.cosign.artifact.sbom.v1+json',
    'application/vnd.goharbor.harbor.sbom.v1',
    'application/vnd.syft+json',
    'text/spdx',
    'text/spdx+json',
    'text/spdx+xml',
  ],
  attestation: [
    'application/vnd.dev.cosign.artifact.att.v1+json',
    'application/vnd.docker.attestation.manifest.v1+json',
    'application/vnd.dsse.envelope.v1+json',
    'application/vnd.in-toto+json',
    'application/vnd.in-toto.bundle',
  ],
  report: ['application/sarif+json'],
};
const kinds = new Map(
  Object.entries(typesOfKind).flatMap(([kind, types]) => types.map((type) => [type, kind as ReferrerKind])),
);

/** Types that have a version, or the name of a scanner, in them. */
const families: readonly (readonly [ReferrerKind, RegExp])[] = [
  ['soci', /^application\/vnd\.amazon\.soci\.index\.v\d+\+json$/],
  ['report', /^application\/vnd\.(?:aquasec\.trivy\.report|scanner\.adapter\.vuln\.report)\.[a-z0-9.]+\+json$/],
  ['report', /^application\/vnd\.security\.vulnerability\.report[a-z0-9.; =]*(?:\+json)?$/],
];

/** A Sigstore bundle holds a signature or an attestation, and its annotations say which. */
const sigstoreBundle = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v[\d.]+\+json|\+json;version=[\d.]+)$/;

/** Says whether statements of a predicate type are bills of materials. */
export function isSbomPredicate(predicateType: string): boolean {
  return /^https:\/\/(?:spdx\.dev\/Document|cyclonedx\.org\/bom)/i.test(predicateType);
}

/** Names the kind of a referrer by its artifact type, and where that may be several by its annotations. */
export function referrerKindOf(
  artifactType: string | undefined,
  annotations: Readonly<Record<string, string>> = {},
): ReferrerKind {
  const type = (artifactType ?? '').toLowerCase();
  if (sigstoreBundle.test(type)) {
    const predicateType = annotations['dev.sigstore.bundle.predicateType'];
    if (predicateType !== undefined) return isSbomPredicate(predicateType) ? 'sbom' : 'attestation';
    return annotations['dev.sigstore.bundle.content'] === 'dsse-envelope' ? 'attestation' : 'signature';
  }
  return kinds.get(type) ?? families.find(([, pattern]) => pattern.test(type))?.[0] ?? 'other';
}

const byEnding: Readonly<Partial<Record<string, ReferrerKind>>> = {
  sig: 'signature',
  att: 'attestation',
  sbom: 'sbom',
};

/**
 * Names the kind of what a tag as `sha256-….sig` points at: cosign's tags say it by their ending. Returns `undefined`
 * for other endings.
 */
export function kindOfTag(tag: string): ReferrerKind | undefined {
  const ending = /\.([a-z]+)$/.exec(tag)?.[1] ?? '';
  return Object.hasOwn(byEnding, ending) ? byEnding[ending] : undefined;
}
