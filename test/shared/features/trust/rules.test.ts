import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../../shared/features/trust/rules.ts';
import { faultsByRules, ruleSchema } from '../../../../shared/features/trust/rules.ts';
import { makeImage } from '../../image.ts';
import { heldWorld, manage } from '../verdicts/held.ts';
import { bundled } from './signing.ts';
import { ecKeyPair, pemOf } from './sigstore/instance.ts';

const github = {
  buildDefinition: {
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    externalParameters: {
      workflow: { ref: 'refs/tags/v1', repository: 'https://github.com/acme/app', path: '.github/workflows/a.yml' },
    },
    resolvedDependencies: [{ uri: 'git+https://github.com/other/action@refs/heads/main' }],
  },
  runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } },
};
const buildkit = {
  buildDefinition: {
    buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
    externalParameters: {
      configSource: { uri: 'https://github.com/acme/app.git#refs/heads/main', path: 'Dockerfile' },
    },
  },
  runDetails: { builder: { id: 'https://ci.acme.example' } },
};
const older = {
  builder: { id: 'https://tekton.dev/chains/v2' },
  buildType: 'tekton.dev/v1beta1/TaskRun',
  invocation: { configSource: { uri: 'git+https://github.com/acme/app@refs/heads/main', entryPoint: 'x' } },
};
const summary = {
  verifier: { id: 'https://verifier.acme.example' },
  policy: { uri: 'https://acme.example/policy' },
  resourceUri: 'registry.example/prod/app',
  verificationResult: 'PASSED',
  verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'ACME_REVIEWED'],
};

const faults = (predicate: unknown, ...rules: Rule[]) =>
  faultsByRules(
    { predicateType: 'x', predicate },
    rules.map((rule) => ruleSchema.parse(rule)),
  );

describe('a rule on an attestation', () => {
  it.each<[string, unknown, string, string]>([
    ['SLSA v1 of GitHub', github, 'builder', 'https://github.com/actions/runner/*'],
    ['SLSA v1 of GitHub', github, 'buildType', 'https://actions.github.io/buildtypes/workflow/v1'],
    ['SLSA v1 of GitHub', github, 'sourceUri', 'https://github.com/acme/*'],
    ['SLSA v1 of GitHub', github, 'sourceRef', 'refs/tags/**'],
    ['SLSA v1 of BuildKit', buildkit, 'sourceUri', 'https://github.com/acme/app.git'],
    ['SLSA v1 of BuildKit', buildkit, 'sourceRef', 'refs/heads/main'],
    ['SLSA v0.2', older, 'builder', 'https://tekton.dev/chains/v2'],
    ['SLSA v0.2', older, 'buildType', 'tekton.dev/**'],
    ['SLSA v0.2', older, 'sourceUri', 'https://github.com/acme/app'],
    ['SLSA v0.2', older, 'sourceRef', 'refs/heads/main'],
    ['a verification summary', summary, 'verifier', 'https://verifier.acme.example'],
    ['a verification summary', summary, 'policy', 'https://acme.example/policy'],
    ['a verification summary', summary, 'resourceUri', 'registry.example/prod/**'],
    ['a verification summary', summary, 'result', 'PASSED'],
    ['a verification summary', summary, 'level', 'SLSA_BUILD_LEVEL_3'],
    ['a test result', { result: 'PASSED' }, 'result', 'PASSED'],
    ['anything', { a: { 'b/c': [{ d: 7 }] } }, '/a/b~1c/0/d', '7'],
  ])('finds its field in %s', (_, predicate, field, value) => {
    expect(faults(predicate, { field, values: [value] })).toEqual([]);
    expect(faults(predicate, { field, values: ['another', value] })).toEqual([]);
    expect(faults(predicate, { field, values: ['another'] })).toHaveLength(1);
    expect(faults({}, { field, values: ['**'] })).toEqual([`The attestation has no ${field} that can be compared.`]);
  });

  it('matches the whole value, by patterns and by expressions', () => {
    expect(faults(github, { field: 'sourceUri', values: ['https://github.com/acme'] })).toHaveLength(1);
    expect(faults(github, { field: 'sourceUri', expression: 'github[.]com/acme' })).toHaveLength(1);
    expect(faults(github, { field: 'sourceUri', expression: 'https://github[.]com/acme/.*' })).toEqual([]);
  });

  it('is a reason of its own for each that is not met', () => {
    expect(
      faults(github, { field: 'builder', values: ['x'] }, { field: 'sourceRef', values: ['refs/heads/main'] }),
    ).toEqual([
      'The builder of the attestation is "https://github.com/actions/runner/github-hosted", and "x" is asked for.',
      'The sourceRef of the attestation is "refs/tags/v1", and "refs/heads/main" is asked for.',
    ]);
  });

  it('is not met by a dependency, nor where one of two sources is another', () => {
    const uri = 'https://github.com/other/action';
    expect(faults(github, { field: 'sourceUri', values: [uri] })).toHaveLength(1);
    const { externalParameters } = github.buildDefinition;
    const two = { buildDefinition: { externalParameters: { ...externalParameters, source: uri } } };
    expect(faults(two, { field: 'sourceUri', values: ['https://github.com/acme/app'] })).toHaveLength(1);
    const both = { ...older, ...github };
    expect(faults(both, { field: 'builder', values: ['https://tekton.dev/**'] })).toHaveLength(1);
  });

  it('is not met by what a prototype has, nor by a list or an object', () => {
    for (const field of ['/constructor', '/__proto__', '/toString/name', '/a', '/b'])
      expect(faults({ a: ['x'], b: {} }, { field, values: ['**'] })).toHaveLength(1);
    expect(faults({ verificationResult: ['PASSED'] }, { field: 'result', values: ['PASSED'] })).toHaveLength(1);
    expect(faults({ verificationResult: 'x'.repeat(5_000) }, { field: 'result', values: ['**'] })).toHaveLength(1);
  });

  it('does not take what follows a user for the repository', () => {
    const uri = 'git+https://github.com/acme/app@evil.example/x@refs/heads/main';
    const predicate = { invocation: { configSource: { uri: 'https://github.com@evil.example/acme/app' } } };
    expect(faults(predicate, { field: 'sourceUri', values: ['https://github.com/**'] })).toHaveLength(1);
    expect(
      faults(
        { invocation: { configSource: { uri } } },
        { field: 'sourceUri', values: ['https://github.com/acme/app'] },
      ),
    ).toHaveLength(1);
  });

  it('finds a ref that holds an @ itself', () => {
    const predicate = { invocation: { configSource: { uri: 'git+https://a.example/b@refs/tags/@scope/c@1.0.0' } } };
    expect(faults(predicate, { field: 'sourceRef', values: ['refs/tags/@scope/c@1.0.0'] })).toEqual([]);
  });

  it('never throws, whatever the attestation holds', () => {
    const fields = fc.constantFrom('builder', 'sourceUri', 'sourceRef', 'level', 'result', '/a/0', '/a');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fields, (predicate, field) => {
        for (const each of [
          predicate,
          { buildDefinition: { externalParameters: predicate } },
          { verifiedLevels: predicate },
        ])
          expect(Array.isArray(faults(each, { field, values: ['x'] }))).toBe(true);
      }),
    );
  });

  it.each([
    [{ field: 'nobody', values: ['x'] }],
    [{ field: '/a~2', values: ['x'] }],
    [{ field: 'builder' }],
    [{ field: 'builder', values: ['x'], expression: 'x' }],
    [{ field: 'builder', expression: '(a)\\1' }],
    [{ field: 'builder', values: [] }],
  ])('is refused when it is %j', (rule) => {
    expect(ruleSchema.safeParse(rule).success).toBe(false);
  });
});

describe('an image that needs provenance by rules', () => {
  const key = ecKeyPair();
  const image = makeImage('to be built');
  const type = 'https://slsa.dev/provenance/v1';
  const policy = {
    mode: 'enforce',
    sigstoreKeys: [{ name: 'builder', keys: [pemOf(key)] }],
    attestation: type,
    rules: [{ field: 'builder', values: ['https://ci.acme.example'] }],
  };

  async function judged(settings: object, predicate: object) {
    const world = await heldWorld();
    await manage(world, 'PUT', '/trust/policies/built', settings);
    await world.push('team/app', 'v1', image);
    const provenance = bundled(key, image, type, image.digest, predicate);
    await world.push('team/app', provenance.digest, provenance);
    const { judgements } = await manage<{ judgements: { reasons: string[] }[] }>(
      world,
      'GET',
      '/images/verdict?repository=team%2Fapp&reference=v1',
    );
    return {
      status: (await world.pull(world.puller, 'team/app', 'v1')).status,
      reasons: judgements[0]?.reasons.join(' '),
    };
  }

  it('passes by what they ask for alone, and otherwise the reason names the field', async () => {
    expect((await judged(policy, buildkit)).status).toBe(200);
    const { status, reasons } = await judged(policy, github);
    expect([status, reasons]).toEqual([403, expect.stringContaining('The builder of the attestation is')]);
  });

  it('is held where the rules are about no attestation', async () => {
    const { attestation: _, ...without } = policy;
    const { status, reasons } = await judged(without, buildkit);
    expect([status, reasons]).toEqual([403, expect.stringContaining('has rules, and names no attestation')]);
  });
});
