import { beforeAll, describe, expect, it } from 'vitest';
import { demandsNothing, notationAuthoritySchema } from '../../../../../shared/features/trust/notation/authority.ts';
import type { PolicyReading } from '../../../../../shared/features/trust/notation/trust-policy.ts';
import { readTrustPolicy, statementFor } from '../../../../../shared/features/trust/notation/trust-policy.ts';
import { jose, jwsOf } from './envelopes.ts';
import type { Issued } from './issued.ts';
import { chainOfTwo, issued, nameOf } from './issued.ts';
import { reasonOf, verdictOf } from './judged.ts';

let chain: readonly [Issued, Issued];
let pem = '';

beforeAll(async () => {
  chain = await chainOfTwo();
  pem = chain[1].pem;
});

type Changes = Readonly<Record<string, unknown>>;
const statement = (more: Changes = {}) => ({
  name: 'acme',
  registryScopes: ['registry.example/team/app'],
  signatureVerification: { level: 'strict' },
  trustStores: ['ca:acme'],
  trustedIdentities: ['x509.subject: C=US, ST=WA, O=acme'],
  ...more,
});
const read = (...statements: Changes[]) =>
  readTrustPolicy(
    { version: '1.0', trustPolicies: statements },
    { ca: { acme: [pem], none: [] }, tsa: { times: [pem], leaf: [chain[0].pem] } },
  );
const faultsOf = (reading: PolicyReading) => (reading.is === 'faulty' ? reading.faults : []);
const skipped = { signatureVerification: { level: 'skip' }, trustStores: undefined, trustedIdentities: undefined };

describe('a trust policy of Notary Project', () => {
  it('is read into authorities that verify', async () => {
    const reading = read(
      statement({
        trustStores: ['ca:acme', 'tsa:times'],
        signatureVerification: { level: 'strict', verifyTimestamp: 'afterCertExpiry' },
      }),
      statement({ name: 'rest', registryScopes: ['*'], trustedIdentities: ['*'] }),
      statement({ name: 'free', registryScopes: ['registry.example/free'], ...skipped }),
    );
    if (reading.is === 'faulty') throw new Error(reading.faults.join('\n'));
    const [first, , free] = reading.statements.map(({ authority }) => authority);
    expect(first?.trustStores).toEqual({ ca: { acme: [pem] }, tsa: { times: [pem] } });
    for (const { authority } of reading.statements) expect(notationAuthoritySchema.parse(authority)).toEqual(authority);
    expect(free === undefined ? undefined : demandsNothing(free)).toBe(true);
    if (first === undefined) throw new Error('there is none');
    expect(await verdictOf(jose(jwsOf({ chain })), { authority: first })).toMatchObject({ is: 'verified' });
    const other = await chainOfTwo();
    expect(reasonOf(await verdictOf(jose(jwsOf({ chain: other })), { authority: first }))).toMatch(/trusted store/);
  });

  it.each<[string, Changes, string]>([
    [
      'another level',
      { signatureVerification: { level: 'lax' } },
      'trustPolicies[0].signatureVerification.level cannot be read',
    ],
    ['no level', { signatureVerification: {} }, 'trustPolicies[0].signatureVerification.level cannot be read'],
    [
      'an override of integrity',
      { signatureVerification: { level: 'strict', override: { integrity: 'log' } } },
      'trustPolicies[0].signatureVerification.override has a property that is not known: integrity.',
    ],
    [
      'an override that skips expiry',
      { signatureVerification: { level: 'strict', override: { expiry: 'skip' } } },
      'trustPolicies[0].signatureVerification.override.expiry cannot be read',
    ],
    [
      'an override of skip',
      { ...skipped, signatureVerification: { level: 'skip', override: { expiry: 'log' } } },
      'trustPolicies[0].signatureVerification.override must be absent where the level is skip.',
    ],
    [
      'a misspelt property',
      { signatureVerfication: {} },
      'trustPolicies[0] has a property that is not known: signatureVerfication.',
    ],
    ['no scopes', { registryScopes: [] }, 'trustPolicies[0].registryScopes cannot be read'],
    [
      'a scope with a wildcard',
      { registryScopes: ['registry.example/*'] },
      'trustPolicies[0].registryScopes[0] must be a host and',
    ],
    [
      'a scope with a tag',
      { registryScopes: ['registry.example/app:1'] },
      'trustPolicies[0].registryScopes[0] must be a host and',
    ],
    ['a scope without a host', { registryScopes: ['app'] }, 'trustPolicies[0].registryScopes[0] must be a host and'],
    [
      '"*" beside others',
      { registryScopes: ['registry.example/app', '*'] },
      'trustPolicies[0].registryScopes[1] is "*", which must',
    ],
    [
      '"*" that is skipped',
      { ...skipped, registryScopes: ['*'] },
      'trustPolicies[0].registryScopes[0] is "*", which must not',
    ],
    ['stores at skip', { signatureVerification: { level: 'skip' } }, 'trustPolicies[0] skips verification'],
    ['no stores', { trustStores: undefined }, 'trustPolicies[0].trustStores must name a store'],
    ['time-stamps alone', { trustStores: ['tsa:times'] }, 'trustPolicies[0].trustStores must name a store of type ca'],
    [
      'a store that is not there',
      { trustStores: ['ca:other'] },
      'trustPolicies[0].trustStores[0] names the store ca:other',
    ],
    [
      'a store of a name that everything has',
      { trustStores: ['ca:constructor'] },
      'trustPolicies[0].trustStores[0] names the',
    ],
    [
      'an empty store',
      { trustStores: ['ca:none'] },
      'trustPolicies[0].trustStores[0] names the store ca:none, which has no',
    ],
    [
      'a store of another type',
      { trustStores: ['ca:acme', 'pgp:acme'] },
      'trustPolicies[0].trustStores[1] must be a type and the name',
    ],
    [
      'a store with a path',
      { trustStores: ['ca:acme', 'ca:../acme'] },
      'trustPolicies[0].trustStores[1] must be a type and the name',
    ],
    [
      'a leaf as a root of time',
      { trustStores: ['ca:acme', 'tsa:leaf'] },
      'trustPolicies[0].trustStores[1] names the store tsa:leaf, whose',
    ],
    ['no identities', { trustedIdentities: [] }, 'trustPolicies[0].trustedIdentities must have an identity.'],
    [
      '"*" beside identities',
      { trustedIdentities: ['x509.subject: C=US, ST=WA, O=a', '*'] },
      'trustPolicies[0].trustedIdentities[1] must be the',
    ],
    [
      'an identity of another kind',
      { trustedIdentities: ['mail: a@b'] },
      'trustPolicies[0].trustedIdentities[0] must be "*" or',
    ],
    [
      'an identity that is too wide',
      { trustedIdentities: ['x509.subject: O=acme'] },
      'trustPolicies[0].trustedIdentities[0] must be "*" or',
    ],
    [
      'identities that overlap',
      { trustedIdentities: ['x509.subject: C=US, ST=WA, O=a, OU=b', 'x509.subject: O=a, S=WA, C=US'] },
      'trustPolicies[0].trustedIdentities[1] must not overlap with the identity at place 0.',
    ],
  ])('is faulty with %s', (_, changes, fault) => {
    const faults = faultsOf(read(statement(changes)));
    expect(faults).toEqual([expect.stringContaining(fault)]);
    expect(faults[0]).toMatch(/\.$/);
  });

  it('is faulty with one name or one scope for two statements, and says both places', () => {
    expect(faultsOf(read(statement(), statement()))).toEqual([
      'trustPolicies[1].name is "acme", as is that of trustPolicies[0].',
      expect.stringMatching(
        /^trustPolicies\[1\]\.registryScopes\[0\] is ".+", as is trustPolicies\[0\]\.registryScopes\[0\]/,
      ),
    ]);
    const everywhere = { registryScopes: ['*'] };
    expect(faultsOf(read(statement(everywhere), statement({ ...everywhere, name: 'b' })))).toHaveLength(1);
  });

  it.each([null, [], 'x', {}, { version: '2.0', trustPolicies: [] }, { version: '1.0', trustPolicies: {} }])(
    'is faulty as %j',
    (document) => {
      expect(faultsOf(readTrustPolicy(document, {}))).not.toEqual([]);
    },
  );
});

describe('the statement for a repository', () => {
  const statements = () => {
    const reading = read(
      statement({ registryScopes: ['registry.example/team/app', 'Other.example:5000/team/lib'] }),
      statement({ name: 'twin', registryScopes: ['alias.example/team/app'] }),
      statement({ name: 'rest', registryScopes: ['*'] }),
    );
    return reading.is === 'read' ? reading.statements : [];
  };
  const found = (repository: string, ...hosts: string[]) => {
    const match = statementFor(statements(), repository, hosts);
    return match.is === 'found' ? match.statement.authority.name : match.is;
  };

  it('is the one that names it by any of the names of this registry', () => {
    expect(found('team/app', 'registry.example')).toBe('acme');
    expect(found('team/app', 'REGISTRY.example', 'new.example')).toBe('acme');
    expect(found('team/lib', 'other.example:5000')).toBe('acme');
    expect(found('team/app', 'alias.example')).toBe('twin');
  });

  it('is the one for everything where none names it, and never that of another registry', () => {
    expect(found('team/app', 'new.example')).toBe('rest');
    expect(found('team/app/more', 'registry.example')).toBe('rest');
    expect(found('team/lib', 'other.example')).toBe('rest');
    expect(statementFor(statements().slice(0, 2), 'team/app', ['new.example'])).toEqual({ is: 'none' });
  });

  it('is none of two that name it by two names of the registry', () => {
    expect(statementFor(statements(), 'team/app', ['registry.example', 'alias.example'])).toEqual({
      is: 'ambiguous',
      names: ['acme', 'twin'],
    });
  });
});

describe('an authority', () => {
  const issues = (changes: Changes) => {
    const authority = {
      name: 'acme',
      verification: { level: 'strict' },
      trustStores: { ca: { acme: [pem] } },
      trustedIdentities: ['*'],
      ...changes,
    };
    const { error } = notationAuthoritySchema.safeParse(authority);
    return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
  };

  it('is read with its stores', () => {
    expect(issues({})).toEqual([]);
    expect(issues({ trustStores: { ca: { acme: [pem.replaceAll('\n', '\r\n')] } } })).toEqual([]);
  });

  it('says why it is refused', async () => {
    const leaf = await issued({ name: nameOf('leaf'), issuer: chain[1] });
    expect(issues({ trustStores: {} })).toEqual(['trustStores must have a store of type ca or signingAuthority']);
    expect(issues({ trustStores: { ca: { acme: [leaf.pem] } } })).toEqual([
      'trustStores.ca.acme.0 must be the certificate of an authority, or self-signed',
    ]);
    for (const text of ['x', `${pem}${pem}`, pem.replace('CERTIFICATE', 'KEY'), pem.slice(0, 200)])
      expect(issues({ trustStores: { ca: { acme: [text] } } })[0]).toMatch(/^trustStores\.ca\.acme\.0 must be one/);
    expect(issues({ trustedIdentities: ['x509.subject: O=a'] })[0]).toMatch(/^trustedIdentities\.0 must be "\*" or/);
    expect(issues({ verification: { level: 'skip' } })).toEqual([
      'trustStores must be empty where the level is skip',
      'trustedIdentities must be empty where the level is skip',
    ]);
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`s${at}`, [pem]]));
    expect(issues({ trustStores: { ca: many } })).toEqual(['trustStores.ca must have at most 20 stores']);
  });
});
