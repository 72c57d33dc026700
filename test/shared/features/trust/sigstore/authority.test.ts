import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sigstoreIdentitySchema, sigstoreKeySchema } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { ecKeyPair, pemOf } from './instance.ts';

const faultsOf = (schema: z.ZodType, value: unknown): string =>
  schema
    .safeParse(value)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ') ?? 'none';

const keyFaults = (pem: string) => faultsOf(sigstoreKeySchema, { name: 'own', keys: [pem] });

const identity = { name: 'own', issuer: 'https://issuer.example', subject: 'a@acme.example' };
const identityFaults = (more: object) => faultsOf(sigstoreIdentitySchema, { ...identity, ...more });

const pem = (key: { export: (how: { format: 'pem'; type: 'spki' }) => string | Buffer }) =>
  key.export({ format: 'pem', type: 'spki' }).toString();

describe('an authority of keys', () => {
  it.each(['P-256', 'P-384', 'P-521'])('takes EC keys on %s', (curve) => {
    expect(keyFaults(pemOf(ecKeyPair(curve)))).toBe('none');
  });

  it('takes RSA and Ed25519 keys, and by default no log', () => {
    const keys = [
      pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
      pem(generateKeyPairSync('ed25519').publicKey).replaceAll('\n', '\r\n'),
    ];
    expect(sigstoreKeySchema.parse({ name: 'own', keys })).toMatchObject({ requireLog: false });
  });

  it.each([
    [
      'a weak RSA key',
      () => pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      'RSA key of 1024 bits',
    ],
    [
      'another curve',
      () => pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      'EC key on secp256k1',
    ],
    ['a key that agrees on secrets', () => pem(generateKeyPairSync('x25519').publicKey), 'type x25519'],
    [
      'an RSA key for PSS alone',
      () => pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
      'type rsa-pss',
    ],
  ])('refuses %s and says what is allowed', (_, make, named) => {
    expect(keyFaults(make())).toContain(named);
    expect(keyFaults(make())).toContain('allowed are EC keys on P-256');
  });

  it('refuses a private key, which Node would read', () => {
    const secret = ecKeyPair().privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(createPublicKey(secret).type).toBe('public');
    expect(keyFaults(secret)).toContain('is a private key');
  });

  it('refuses two keys in one text, no text, and what is no key', () => {
    const one = pemOf(ecKeyPair());
    for (const text of [one + one, '', 'secret', one.replace('PUBLIC', 'CERTIFICATE')])
      expect(keyFaults(text)).toContain('is not one public key in PEM');
    expect(keyFaults(one.replace(/\n.{8}/, '\nAAAAAAAA'))).toContain('is not a public key that can be read');
  });

  it('refuses no key, too many, unknown members, and a log without a trusted root', () => {
    const keys = [pemOf(ecKeyPair())];
    expect(faultsOf(sigstoreKeySchema, { name: 'own', keys: [] })).toContain('keys:');
    expect(faultsOf(sigstoreKeySchema, { name: 'own', keys: Array(11).fill(keys[0]) })).toContain('keys:');
    expect(faultsOf(sigstoreKeySchema, { name: 'own', keys, requirelog: true })).toContain('requirelog');
    expect(faultsOf(sigstoreKeySchema, { name: 'own', keys, requireLog: true })).toContain('trustedRoot: is needed');
  });
});

describe('an authority of identities', () => {
  it("asks for logs by default, and for sigstore's own root", () => {
    expect(sigstoreIdentitySchema.parse(identity)).toMatchObject({
      insecureIgnoreLog: false,
      insecureIgnoreSct: false,
      trustedRoot: 'public-good',
      claims: {},
    });
  });

  it('refuses a subject that everybody has', () => {
    for (const subject of ['*', '**', '****', '']) expect(identityFaults({ subject })).not.toBe('none');
  });

  it('needs exactly one of subject and expression', () => {
    expect(identityFaults({ subjectRegExp: '.*@acme\\.example' })).toContain('exactly one');
    expect(identityFaults({ subject: undefined })).toContain('exactly one');
    expect(identityFaults({ subject: undefined, subjectRegExp: '.*@acme\\.example' })).toBe('none');
  });

  it('refuses an expression that needs backtracking, and says why', () => {
    expect(identityFaults({ subject: undefined, subjectRegExp: '(?=a)b' })).toContain('looking ahead');
  });

  it('refuses claims that are unknown', () => {
    expect(identityFaults({ claims: { repo: 'acme/app' } })).toContain('repo');
  });
});

describe('the schemas', () => {
  it('describe every member', () => {
    for (const schema of [sigstoreKeySchema, sigstoreIdentitySchema]) {
      const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
      for (const [name, property] of Object.entries(properties)) {
        const { description = '', properties: inner = {} } = property as { description?: string; properties?: object };
        expect(description, name).toMatch(/ .* /);
        for (const each of Object.values(inner) as { description?: string }[]) expect(each.description).toMatch(/ .* /);
      }
    }
  });
});
