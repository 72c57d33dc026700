import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayCover } from '../../portal/src/kit/release-right.ts';
import { stateOf } from '../../portal/src/pages/image/verdict-state.ts';
import { faultAt, faultsIn } from '../../portal/src/pages/policies/faults.ts';
import { saysAll, settingsIn } from '../../portal/src/pages/policies/json-text.ts';
import { publicKeysIn } from '../../portal/src/pages/policies/pem.ts';
import { asksFor, newTrust, trustSettings, typedTrust } from '../../portal/src/pages/policies/trust-typed.ts';
import { explainIssues } from '../../shared/core/http/explain-issues.ts';
import { matchesPattern, patternSchema } from '../../shared/features/identity/pattern.ts';
import { trustSettingsSchema } from '../../shared/features/trust/policy.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const whole = {
  mode: 'enforce',
  repositories: { include: ['prod/**', 'base'], exclude: ['prod/try'] },
  sigstoreKeys: [{ name: 'release', keys: [publicKey, publicKey], requireLog: true, trustedRoot: 'ours' }],
  sigstoreIdentities: [
    {
      name: 'ci',
      issuer: 'https://token.actions.githubusercontent.com',
      subject: 'https://github.com/acme/**',
      claims: { ref: 'refs/tags/**', repository: 'acme/app' },
      insecureIgnoreLog: true,
    },
    { name: 'people', issuer: 'https://accounts.example', subjectRegExp: '.*@example\\.com' },
  ],
  attestation: 'https://slsa.dev/provenance/v1',
  subject: 'itself',
};

describe('a trust policy in a form', () => {
  it('is sent as it was read, with every field of every signer', () => {
    const settings = trustSettingsSchema.parse(whole);
    const sent = trustSettings(typedTrust(settings));
    expect(trustSettingsSchema.parse(sent)).toEqual(settings);
    expect(saysAll(sent, whole)).toBe(true);
  });

  it('is, new, what the registry takes once it has a key', () => {
    const typed = { ...newTrust, keys: newTrust.keys.map((each) => ({ ...each, pem: publicKey })) };
    expect(trustSettingsSchema.parse(trustSettings(typed))).toMatchObject({
      mode: 'audit',
      repositories: { include: ['**'], exclude: [] },
      sigstoreKeys: [{ name: 'release', keys: [publicKey] }],
    });
  });

  it('is named by its signers', () => {
    const settings = trustSettingsSchema.parse(whole);
    expect(asksFor(settings)).toBe(
      'an attestation of https://slsa.dev/provenance/v1 by release (2 keys) or ci (keyless) or people (keyless)',
    );
    expect(asksFor(trustSettingsSchema.parse({}))).toBe('a signature, and names nobody whose counts');
  });

  it('does not take a claim that is none', () => {
    const { identities } = typedTrust(trustSettingsSchema.parse(whole));
    const wrong = identities.map((each) => ({ ...each, claims: 'refs/heads/main' }));
    const typed = { ...newTrust, keys: [], identities: wrong };
    expect(() => trustSettings(typed)).toThrow('"refs/heads/main" is no claim: write NAME=VALUE');
  });
});

describe('the keys that somebody pastes', () => {
  it('are read one by one, whatever stands between them', () => {
    const windows = publicKey.replaceAll('\n', '\r\n');
    expect(publicKeysIn(`\n${publicKey}\n\n${windows}`)).toHaveLength(2);
  });

  it.each([
    ['a private key alone', privateKey, 'This is a private key: it has not been sent.'],
    ['a private key behind a public one', `${publicKey}${privateKey}`, 'This is a private key'],
    ['one that cosign has made', '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA==\n', 'This is a private key'],
    ['one without its end', '-----BEGIN EC PRIVATE KEY-----\nAAAA', 'This is a private key'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----', 'Only public keys count here'],
    ['nothing', ' ', 'Give public keys in PEM'],
    ['a key and something else', `${publicKey}and more`, 'Give public keys in PEM'],
  ])('are refused before they are sent when there is %s', (_, text, why) => {
    expect(() => publicKeysIn(text)).toThrow(why);
  });

  it('are read in a time that grows with their length alone', () => {
    const text = '-----BEGIN A-----'.repeat(50_000);
    const began = performance.now();
    expect(() => publicKeysIn(text)).toThrow('Give public keys');
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('what the registry refuses of a policy', () => {
  const roots = Object.keys(trustSettingsSchema.shape);
  const refused = (settings: object) => {
    const { error } = trustSettingsSchema.safeParse(settings);
    return explainIssues(error?.issues ?? [], { value: settings, schema: undefined, part: 'body' });
  };

  it('is said at its fields, and the rest below them', () => {
    const settings = {
      repositories: { include: ['fine', 'No Repository'] },
      sigstoreKeys: [{ name: '-', keys: ['none'] }],
      sigstoreIdentities: [{ name: 'x', issuer: 'https://a.example', subject: '**' }],
      nothing: 1,
    };
    const faults = faultsIn(refused(settings), roots, (path) => path.includes('.'));
    expect(faultAt(faults, 'repositories.include')).toMatch(/^Number 2 is not a repository name/);
    expect(faultAt(faults, 'sigstoreKeys.0.name')).toMatch(/^It must be 1 to 50 letters/);
    expect(faultAt(faults, 'sigstoreKeys.0.keys')).toMatch(/^Number 1 /);
    expect(faultAt(faults, 'sigstoreIdentities.0.subject')).toMatch(/^It matches every identity: say a part/);
    expect(faultAt(faults, 'sigstoreKeys.1.name')).toBeUndefined();
    expect(faults.others).toEqual([expect.stringContaining('nothing')]);
  });

  it('loses no word, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('mode is x', 'sigstoreKeys.0 y'))), (parts) => {
        const message = parts.join('; ');
        const { fields, others } = faultsIn(message, roots, (path) => path.startsWith('mode'));
        const shown = [...fields.map(([path, why]) => `${path} ${why}`), ...others].join('');
        expect(shown.replaceAll('; ', '')).toHaveLength(message.replaceAll('; ', '').length);
      }),
    );
  });
});

describe('settings as JSON', () => {
  it.each(['', '[]', 'null', '1', '{"mode":', '"x"'])('are refused as %j', (text) => {
    expect(() => settingsIn(text)).toThrow(/^(This is no JSON|Give an object)/);
  });

  it('are shown by fields only where these say all of it', () => {
    expect(saysAll({ a: [1, { b: 'x' }], c: 2 }, { a: [1, { b: ' x\n' }] })).toBe(true);
    expect(saysAll({ a: [1] }, { a: [1, 2] })).toBe(false);
    expect(saysAll({ a: {} }, { a: { b: undefined } })).toBe(false);
    expect(saysAll({}, JSON.parse('{"__proto__": {"a": 1}}'))).toBe(false);
    expect(saysAll({ a: [] }, { a: {} })).toBe(false);
  });
});

describe('the badge of a verdict', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  const [later, before] = ['2026-01-01T13:00:00Z', '2026-01-01T11:00:00Z'];
  const judged = (state: string, more = {}) => ({ state, mode: 'audit', isCurrent: true, ...more });
  const covering = [{}];

  it.each([
    ['nothing without a policy', { held: false, judgements: [], covering: [] }, undefined],
    ['not judged before the walk came', { held: false, judgements: [], covering }, 'unjudged'],
    ['held', { held: true, judgements: [judged('pending')], covering }, 'held'],
    ['in audit', { held: false, judgements: [judged('passed'), judged('failed')], covering }, 'audit'],
    ['passed', { held: false, judgements: [judged('passed')], covering }, 'passed'],
    ['in grace', { held: false, judgements: [judged('failed', { graceUntil: later })], covering }, 'grace'],
    [
      'in audit after a grace',
      { held: false, judgements: [judged('failed', { graceUntil: before })], covering },
      'audit',
    ],
    ['released', { held: false, judgements: [judged('failed')], covering, release: { until: later } }, 'released'],
    [
      'held after a release',
      { held: true, judgements: [judged('failed')], covering, release: { until: before } },
      'held',
    ],
  ])('says %s', (_, verdict, is) => {
    expect(stateOf(verdict, now)?.is).toBe(is);
  });
});

describe('the right to release', () => {
  it('is never denied by the portal where the registry grants it', () => {
    const letter = fc.constantFrom('a', 'b', '/', '*');
    const text = fc.string({ unit: letter, minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const parsed = patternSchema.safeParse(pattern);
        if (parsed.success && matchesPattern(parsed.data, name)) expect(mayCover(pattern, name)).toBe(true);
      }),
    );
  });
});
