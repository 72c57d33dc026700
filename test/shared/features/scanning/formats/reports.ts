/** A vulnerability with a fix and one without, as each format would tell of them. */
export const digest = `sha256:${'a'.repeat(64)}`;

export const trivyReport = {
  SchemaVersion: 2,
  CreatedAt: '2026-11-30T07:00:00.123456789+01:00',
  ArtifactName: 'registry.example/team/app:1.2',
  ArtifactType: 'container_image',
  Metadata: { RepoDigests: [`registry.example/team/app@${digest}`] },
  Results: [
    { Target: 'debian 12', Class: 'os-pkgs', Type: 'debian' },
    {
      Target: 'app',
      Vulnerabilities: [
        {
          VulnerabilityID: 'CVE-2026-1',
          PkgName: 'openssl',
          PkgIdentifier: { PURL: 'pkg:deb/debian/openssl@3.0.11-1?arch=amd64' },
          InstalledVersion: '3.0.11-1',
          FixedVersion: '3.0.15-1',
          Severity: 'HIGH',
          CVSS: { nvd: { V3Vector: 'CVSS:3.1/AV:N', V3Score: 7.5 }, ghsa: { V3Score: 7.1 } },
          PrimaryURL: 'https://avd.example/CVE-2026-1',
          References: ['javascript:alert(1)', 'https://user:pw@evil.example/', 'http://a.example/1'],
        },
        { VulnerabilityID: 'CVE-2026-2', PkgName: 'zlib1g', InstalledVersion: '1.2.13', Severity: 'UNKNOWN' },
      ],
    },
  ],
};

export const grypeReport = {
  matches: [
    {
      vulnerability: {
        id: 'GHSA-aaaa-bbbb-cccc',
        dataSource: 'https://github.example/GHSA-aaaa-bbbb-cccc',
        severity: 'High',
        urls: [],
        cvss: [{ metrics: { baseScore: 7.5 } }],
        fix: {
          versions: ['3.0.15-1', '3.1.2'],
          state: 'fixed',
          available: [
            { version: '3.1.2', date: '2026-11-20' },
            { version: '3.0.15-1', date: '2026-11-10' },
          ],
        },
      },
      relatedVulnerabilities: [{ id: 'CVE-2026-1', cvss: [] }],
      artifact: { name: 'openssl', version: '3.0.11-1', purl: 'pkg:deb/debian/openssl@3.0.11-1' },
    },
    {
      vulnerability: { id: 'CVE-2026-2', severity: 'Negligible', fix: { versions: [], state: 'wont-fix' } },
      artifact: { name: 'zlib1g', version: '1.2.13', purl: '' },
    },
  ],
  ignoredMatches: [{}, {}],
  source: { type: 'image', target: { manifestDigest: digest, repoDigests: [] } },
  descriptor: {
    name: 'grype',
    version: '0.100.0',
    timestamp: '2026-11-30T07:00:00Z',
    db: { status: { built: '2026-11-29T01:00:00Z' } },
  },
};

export const sarifReport = {
  $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
  version: '2.1.0',
  runs: [
    {
      tool: {
        driver: {
          name: 'Trivy',
          version: '0.60.0',
          rules: [
            { id: 'CVE-2026-1', helpUri: 'https://avd.example/1', properties: { 'security-severity': '9.8' } },
            { id: 'CVE-2026-2-zlib1g', properties: { 'security-severity': '5.0' } },
            { id: 'rule', defaultConfiguration: { level: 'error' } },
          ],
        },
      },
      results: [
        {
          ruleId: 'CVE-2026-1',
          level: 'error',
          message: {
            text:
              'Package: openssl\nInstalled Version: 3.0.11-1\nVulnerability CVE-2026-1\n' +
              'Severity: HIGH\nFixed Version: 3.0.15-1\nLink: [a](b)',
          },
        },
        {
          ruleId: 'CVE-2026-2-zlib1g',
          ruleIndex: 0,
          suppressions: [{ kind: 'external' }],
          message: { text: 'A medium vulnerability in deb package: zlib1g' },
        },
        {
          ruleId: 'rule',
          locations: [{ physicalLocation: { artifactLocation: { uri: 'usr/lib/x.so' } } }],
        },
        { ruleId: 'other', kind: 'pass' },
      ],
    },
  ],
};

export const cyclonedxReport = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: {
    timestamp: '2026-11-30T07:00:00Z',
    tools: { components: [{ type: 'application', group: 'aquasecurity', name: 'trivy', version: '0.60.0' }] },
    component: { 'bom-ref': 'image', name: 'app', purl: `pkg:oci/app@sha256%3A${'a'.repeat(64)}?arch=amd64` },
  },
  components: [
    {
      'bom-ref': 'layer',
      name: 'layer',
      components: [{ 'bom-ref': 'ssl', name: 'openssl', version: '3.0.11-1', purl: 'pkg:deb/debian/openssl@3.0.11-1' }],
    },
  ],
  vulnerabilities: [
    {
      id: 'CVE-2026-1',
      source: { name: 'debian', url: 'https://security.example/' },
      ratings: [
        { source: { name: 'debian' }, severity: 'high' },
        { source: { name: 'nvd' }, score: 7.5, severity: 'critical', method: 'CVSSv31' },
      ],
      recommendation: 'Upgrade openssl to version 3.0.15-1; Upgrade other to version 9',
      advisories: [{ url: 'https://advisory.example/' }],
      affects: [{ ref: 'ssl', versions: [{ version: '3.0.11-1', status: 'affected' }] }],
    },
    { id: 'CVE-2026-2', ratings: [{ severity: 'none' }], affects: [{ ref: 'pkg:deb/debian/zlib1g@1.2.13' }] },
    { id: 'CVE-2026-3', analysis: { state: 'not_affected' }, affects: [{ ref: 'ssl' }] },
  ],
};

export const scannerApiReport = {
  generated_at: '2026-11-30T07:00:00Z',
  artifact: { repository: 'team/app', digest },
  scanner: { name: 'Trivy', vendor: 'Aqua Security', version: '0.60.0' },
  severity: 'High',
  vulnerabilities: [
    {
      id: 'CVE-2026-1',
      package: 'openssl',
      version: '3.0.11-1',
      fix_version: '3.0.15-1',
      severity: 'High',
      description: 'x',
      links: ['https://avd.example/CVE-2026-1'],
      layer: null,
      vendor_attributes: { CVSS: { nvd: { V3Score: 7.5 } } },
    },
    { id: 'CVE-2026-2', package: 'zlib1g', version: '1.2.13', severity: '', links: null, layer: null },
  ],
};
