import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { globMatches } from '../../../../../shared/core/rules/pattern.ts';
import { policiesOfNotary } from '../../../../../shared/features/trust/import/notary.ts';
import { readTrustPolicy, statementFor } from '../../../../../shared/features/trust/notation/trust-policy.ts';
import { issued } from '../notation/issued.ts';

const hosts = ['registry.example', 'mirror.example'];
const options = { hosts, otherRegistries: 'leave-out', mode: undefined } as const;
let stores = {};

beforeAll(async () => {
  stores = { ca: { acme: [(await issued()).pem] } };
});

const statement = (name: string, registryScopes: readonly string[], level = 'strict') => ({
  name,
  registryScopes,
  signatureVerification: { level },
  ...(level === 'skip' ? {} : { trustStores: ['ca:acme'], trustedIdentities: ['*'] }),
});
const documentOf = (...trustPolicies: object[]) => ({ version: '1.0', trustPolicies });

function policiesIn(document: object, more: object = {}) {
  const reading = policiesOfNotary(document, stores, { ...options, ...more });
  if (reading.is === 'faulty') throw new Error(reading.faults.join(' '));
  return reading.policies;
}

/** The names of the authorities of each policy that covers a repository. */
const coveringOf = (policies: ReturnType<typeof policiesIn>, repository: string) =>
  policies
    .filter(({ settings: { repositories } }) => {
      const matches = (pattern: string) => globMatches(pattern, repository);
      return repositories.include.some(matches) && !repositories.exclude.some(matches);
    })
    .map(({ settings }) => settings.notation.map(({ name }) => name));

describe("Notary Project's trust policy", () => {
  it('covers each repository by the one statement that is for it', () => {
    const repository = fc.constantFrom('team/app', 'team/other', 'prod/app', 'x');
    const host = fc.constantFrom('registry.example', 'MIRROR.example', 'other.example');
    const scopes = fc.uniqueArray(
      fc.tuple(host, repository).map(([name, path]) => `${name}/${path}`),
      { minLength: 1, maxLength: 3, selector: (each) => each.toLowerCase() },
    );
    fc.assert(
      fc.property(fc.array(scopes, { minLength: 1, maxLength: 3 }), fc.boolean(), repository, (all, hasRest, asked) => {
        const statements = all.map((each, at) => statement(`s${at}`, each));
        const document = documentOf(...statements, ...(hasRest ? [statement('rest', ['*'])] : []));
        const read = readTrustPolicy(document, stores);
        if (read.is === 'faulty') return;
        const reading = policiesOfNotary(document, stores, options);
        const match = statementFor(read.statements, asked, hosts);
        if (reading.is === 'faulty') return;
        expect(match.is).not.toBe('ambiguous');
        const wanted = match.is === 'found' ? [[match.statement.authority.name]] : [[]];
        expect(coveringOf(reading.policies, asked)).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('enforces as its source does, unless another mode is asked for', () => {
    const document = documentOf(statement('all', ['*'], 'permissive'));
    expect(policiesIn(document)[0]?.settings.mode).toBe('enforce');
    expect(policiesIn(document, { mode: 'audit' })[0]?.settings.mode).toBe('audit');
  });

  it('carries over that a repository is not verified', () => {
    const policies = policiesIn(
      documentOf(statement('skipped', ['registry.example/a'], 'skip'), statement('all', ['*'])),
    );
    expect(coveringOf(policies, 'a')).toEqual([['skipped']]);
  });

  it('with a scope of another registry is refused where it is not left out', () => {
    const reading = policiesOfNotary(documentOf(statement('a', ['other.example/a'])), stores, {
      ...options,
      otherRegistries: 'refuse',
    });
    expect(reading).toMatchObject({ is: 'faulty', faults: [expect.stringContaining('other.example/a')] });
  });

  it('is refused whole by each fault that its own tool would find', () => {
    const misspelt = { ...statement('a', ['*']), registryScope: ['x'] };
    expect(policiesOfNotary(documentOf(misspelt), stores, options)).toMatchObject({
      is: 'faulty',
      faults: [expect.stringContaining('registryScope')],
    });
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (document) => {
        expect(policiesOfNotary(document, stores, options).is).toBe('faulty');
      }),
    );
  });
});
