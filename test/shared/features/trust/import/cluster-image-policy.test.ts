import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches } from '../../../../../shared/core/rules/pattern.ts';
import { policiesOfCluster } from '../../../../../shared/features/trust/import/cluster-image-policy.ts';
import { repositoriesIn } from '../../../../../shared/features/trust/import/image-globs.ts';
import { subjectTest } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { ecKeyPair, pemOf } from '../sigstore/instance.ts';

const [one, two] = [pemOf(ecKeyPair()), pemOf(ecKeyPair())];
const options = { hosts: ['registry.example', 'localhost:5000'], otherRegistries: 'refuse', mode: undefined } as const;
const issuer = 'https://token.actions.githubusercontent.com';
const identity = { issuer, subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main' };

const policy = (spec: object) => ({
  apiVersion: 'policy.sigstore.dev/v1beta1',
  kind: 'ClusterImagePolicy',
  metadata: { name: 'release', uid: 'x', annotations: {} },
  spec: { images: [{ glob: 'registry.example/team/**' }], ...spec },
});

function carried(spec: object, more: Partial<Parameters<typeof policiesOfCluster>[1]> = {}) {
  const reading = policiesOfCluster(policy(spec), { ...options, ...more });
  if (reading.is === 'faulty') throw new Error(reading.faults.join(' '));
  return reading;
}

function faultsOf(spec: object): string {
  const reading = policiesOfCluster(policy(spec), options);
  return reading.is === 'faulty' ? reading.faults.join(' ') : 'it was carried over';
}

describe('a ClusterImagePolicy', () => {
  it('becomes a policy whose authorities are alternatives', () => {
    const { policies } = carried({
      authorities: [
        { name: 'keys', key: { data: `${one}\n${two}` } },
        { key: { data: one, hashAlgorithm: 'sha256' }, ctlog: { url: 'https://rekor.sigstore.dev' } },
        {
          keyless: {
            url: 'https://fulcio.sigstore.dev',
            identities: [identity, { issuer, subjectRegExp: '^.*@acme[.]com$' }],
          },
        },
        { static: { action: 'fail' } },
      ],
    });
    expect(policies).toMatchObject([
      {
        name: 'release',
        settings: {
          mode: 'enforce',
          repositories: { include: ['team/**'], exclude: [] },
          sigstoreKeys: [
            {
              name: 'keys',
              keys: [one, two].map((pem) => expect.stringContaining(pem.trim()) as string),
              requireLog: false,
            },
            { name: 'authority-1', requireLog: true, trustedRoot: 'public-good' },
          ],
          sigstoreIdentities: [
            { name: 'authority-2', ...identity, insecureIgnoreLog: false, insecureIgnoreSct: false },
            { name: 'authority-2-1', issuer, subjectRegExp: '^.*@acme[.]com$' },
          ],
        },
      },
    ]);
  });

  it('is met by nothing where it has no authority that may pass', () => {
    for (const authorities of [[], [{ static: { action: 'fail', message: 'no' } }]])
      expect(carried({ authorities }).policies[0]?.settings).toMatchObject({
        sigstoreKeys: [],
        sigstoreIdentities: [],
        notation: [],
      });
  });

  it('warns where it warns, unless another mode is asked for', () => {
    const authorities = [{ key: { data: one } }];
    expect(carried({ authorities, mode: 'warn' }).policies[0]?.settings.mode).toBe('audit');
    expect(carried({ authorities }, { mode: 'audit' }).policies[0]?.settings.mode).toBe('audit');
  });

  it('becomes a policy for each attestation that one authority asks for', () => {
    const attestations = [
      { name: 'built', predicateType: 'slsaprovenance1' },
      { name: 'bom', predicateType: 'https://cyclonedx.org/bom' },
    ];
    const { policies } = carried({ authorities: [{ key: { data: one }, attestations }] });
    expect(policies.map(({ name, settings }) => [name, settings.attestation])).toEqual([
      ['release-1', 'https://cyclonedx.org/bom'],
      ['release-2', 'https://slsa.dev/provenance/v1'],
    ]);
  });

  it('takes a star in a subject for a star', () => {
    const subject = 'https://github.com/acme/*';
    const { policies } = carried({ authorities: [{ keyless: { identities: [{ issuer, subject }] } }] });
    const [authority] = policies[0]?.settings.sigstoreIdentities ?? [];
    if (authority === undefined) throw new Error('nothing was carried over');
    const test = subjectTest(authority);
    expect([test.matches(subject), test.matches('https://github.com/acme/app')]).toEqual([true, false]);
  });

  it.each<[string, object, RegExp]>([
    ['a static pass', { static: { action: 'pass' } }, /static passes every image/],
    ['a secret', { key: { secretRef: { name: 'k' } } }, /key\.secretRef names a secret of a cluster/],
    ['a KMS', { key: { kms: 'azurekms://v/k' } }, /key\.kms names a key management service/],
    ['another hash', { key: { data: one, hashAlgorithm: 'sha512' } }, /hashAlgorithm must be sha256/],
    ['a key that is none', { key: { data: 'x' } }, /public key/i],
    ['no key', { key: {} }, /key\.data must be a public key/],
    ['a source', { key: { data: one }, source: [{ oci: 'x' }] }, /source takes signatures from elsewhere/],
    ['a time-stamp', { key: { data: one }, rfc3161timestamp: { trustRootRef: 'x' } }, /demands a time-stamp/],
    [
      'two kinds',
      { key: { data: one }, keyless: { identities: [identity] } },
      /exactly one of key, keyless and static/,
    ],
    ['nobody', { keyless: { identities: [] } }, /without any everybody is trusted/],
    ['any issuer', { keyless: { identities: [{ subject: 'a@b.c' }] } }, /every issuer is trusted/],
    ['an issuer by expression', { keyless: { identities: [{ issuerRegExp: '.*', subject: 'a' }] } }, /issuerRegExp/],
    ['any subject', { keyless: { identities: [{ issuer }] } }, /everybody whom the issuer knows/],
    [
      'two subjects',
      { keyless: { identities: [{ ...identity, subjectRegExp: 'a' }] } },
      /one of subject and subjectRegExp/,
    ],
    [
      'an expression that backtracks',
      { keyless: { identities: [{ issuer, subjectRegExp: '(a)\\1' }] } },
      /subjectRegExp/,
    ],
    ['another Fulcio', { keyless: { url: 'https://fulcio.acme.example', identities: [identity] } }, /keyless\.url/],
    ['its own authority', { keyless: { identities: [identity], 'ca-cert': { data: 'x' } } }, /ca-cert/],
    [
      'two roots',
      { keyless: { identities: [identity], trustRootRef: 'a' }, ctlog: { trustRootRef: 'b' } },
      /same trusted root/,
    ],
    [
      'the public log with another root',
      { keyless: { identities: [identity], trustRootRef: 'a' }, ctlog: { url: 'https://rekor.sigstore.dev' } },
      /same trusted root/,
    ],
    [
      'a program',
      { key: { data: one }, attestations: [{ name: 'a', predicateType: 'spdx', policy: { type: 'cue', data: '' } }] },
      /CUE or Rego/,
    ],
    ['an unknown type', { key: { data: one }, attestations: [{ name: 'a', predicateType: 'x' }] }, /predicateType "x"/],
    ['what is not known', { key: { data: one }, futureRestriction: true }, /cannot be carried over: futureRestriction/],
  ])('with %s is refused by its name', (_, authority, fault) => {
    const said = faultsOf({ authorities: [authority] });
    expect(said).toMatch(fault);
  });

  it('with a program over all authorities, or authorities that ask for different things, is refused', () => {
    const key = { data: one };
    expect(faultsOf({ authorities: [{ key }], policy: { type: 'cue', data: 'x' } })).toMatch(
      /spec\.policy is a program/,
    );
    const attesting = { key, attestations: [{ name: 'a', predicateType: 'spdx' }] };
    expect(faultsOf({ authorities: [{ key }, attesting] })).toMatch(/different attestations/);
    const twice = { key, attestations: [{ predicateType: 'spdx' }, { predicateType: 'vuln' }] };
    expect(faultsOf({ authorities: [twice, twice] })).toMatch(/different attestations/);
    expect(faultsOf({ authorities: [{ key }], futureRestriction: 1 })).toMatch(/futureRestriction/);
  });

  it('of another registry is refused, or left out', () => {
    const images = [{ glob: 'ghcr.io/acme/**' }, { glob: 'registry.example/**' }];
    expect(faultsOf({ images })).toMatch(/"ghcr\.io\/acme\/\*\*" is of another registry/);
    const { policies, notes } = carried({ images }, { otherRegistries: 'leave-out' });
    expect(policies[0]?.settings.repositories.include).toEqual(['**']);
    expect(notes.join(' ')).toContain('ghcr.io');
    expect(carried({ images: images.slice(0, 1) }, { otherRegistries: 'leave-out' }).policies).toEqual([]);
  });

  it('never throws, and takes no time, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (document, authority) => {
        expect(policiesOfCluster(document, options).is).toBe('faulty');
        policiesOfCluster(policy({ authorities: [authority] }), options);
        policiesOfCluster(policy({ authorities: [{ key: authority }, { keyless: authority }] }), options);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a glob of images', () => {
  /** A glob as policy-controller matches it, by an expression that is made here of its own rules. */
  const matchesThere = (glob: string, reference: string) =>
    new RegExp(
      `^${glob.replaceAll('.', '\\.').replaceAll('**', '#').replaceAll('*', '[^/]*').replaceAll('#', '.*')}$`,
    ).test(reference);
  const part = fc.constantFrom('team', 'app', 'a', '*', '**', 'te*', '*p', '**p', 't**');
  const tags = fc.constantFrom('', ':1', ':*', ':**', ':v*', '@sha256:*');

  it('covers here whatever it matches there', () => {
    const hosts = fc.constantFrom(
      'registry.example',
      'localhost:5000',
      '*',
      '**',
      'reg*',
      'other.example',
      '*.example',
    );
    const names = fc.array(fc.constantFrom('team', 'app', 'a', 'tea', 'top', 'xp'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(hosts, fc.array(part, { minLength: 1, maxLength: 4 }), tags, names, (host, parts, tag, name) => {
        const glob = `${host}/${parts.join('/')}${tag}`;
        const repository = name.join('/');
        const isMatched = options.hosts.some((own) =>
          [':1', ':v2', '@sha256:0123'].some((end) => matchesThere(glob, `${own}/${repository}${end}`)),
        );
        const reading = repositoriesIn(glob, options);
        // policy-controller takes this one for images of Docker Hub.
        if (glob === '*/*') return;
        if (isMatched) expect(reading.is === 'here' && globMatches(reading.pattern, repository)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['*', 'elsewhere'],
    ['*/*', 'elsewhere'],
    ['busybox', 'elsewhere'],
    ['registry.example:5000/a', 'elsewhere'],
    ['REGISTRY.example/a', 'here'],
    ['registry.example/A', 'faulty'],
    ['registry.example/', 'faulty'],
    ['registry.example/a|b', 'faulty'],
  ])('%s is %s', (glob, is) => {
    expect(repositoriesIn(glob, options).is).toBe(is);
  });
});
