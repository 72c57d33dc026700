/** Parts of the examples in the catalogue of events. */

export const exampleDigest = `sha256:${'2'.repeat(64)}`;
export const exampleChart = {
  mediaType: 'application/vnd.acr.helm.chart',
  size: 25265,
  digest: exampleDigest,
  repository: 'charts/mychart',
  tag: 'mychart-1.0.0.tgz',
  name: 'mychart',
  version: '1.0.0',
};
export const exampleOccurrence = {
  id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
  timestamp: '2026-01-01T12:00:00.000Z',
  request: {
    id: '7c66f28b-de19-40a4-821c-6f5f6c0003a4',
    host: 'registry.example.com',
    method: 'PUT',
    useragent: 'docker/28.0.0',
  },
  actor: { name: 'anonymous' },
};
export const examplePushed = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 524,
  digest: exampleDigest,
  length: 524,
  repository: 'team/app',
  tag: 'v1',
};
/** The time at which an image was opened whose events have waited for that. */
export const exampleOpened = '2026-01-02T12:00:00.000Z';
export const exampleBin = {
  repository: 'team/app',
  group: '5f0c66ab-7a0e-4a2f-9a40-3a1c7f3d7a11',
  manifests: [{ digest: exampleDigest, mediaType: 'application/vnd.oci.image.manifest.v1+json' }],
};

export const exampleWebhook = {
  id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
  timestamp: '2026-01-01T12:00:00.000Z',
  target: { webhook: 'deployments', host: 'hooks.example.com' },
};

export const exampleBuild = {
  id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
  timestamp: '2026-01-01T12:00:00.000Z',
  target: {
    build: '0d9f7d0e-4c29-4b8e-93f0-2f8f3f5f7a55',
    repository: 'team/app',
    tag: 'v1',
    mode: 'rebase',
    bases: ['team/base:1'],
  },
} as const;

export const exampleVerdict = {
  id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
  timestamp: '2026-01-01T12:00:00.000Z',
  target: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 524,
    digest: exampleDigest,
    length: 524,
    repository: 'team/app',
  },
};

export const exampleHeld = {
  ...exampleVerdict,
  verdict: {
    trust: {
      state: 'pending',
      mode: 'enforce',
      policies: ['release'],
      reasons: ['no signature that a policy accepts has arrived yet'],
    },
  },
} as const;
