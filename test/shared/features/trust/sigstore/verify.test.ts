import { generateKeyPairSync, sign } from 'node:crypto';
import { dsse } from '@sigstore/core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../../shared/features/trust/outcome.ts';
import type { SigstoreAuthority } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { sigstoreIdentitySchema, sigstoreKeySchema } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { readSigstoreLayer } from '../../../../../shared/features/trust/sigstore/candidate.ts';
import { attestation, plainSignature, verifySigstore } from '../../../../../shared/features/trust/sigstore/verify.ts';
import type { Identity, Instance, KeyPair } from './instance.ts';
import {
  base64,
  ecKeyPair,
  envelopeBy,
  githubIssuer,
  issue,
  pemOf,
  sha256,
  startInstance,
  statementType,
  trustOf,
  workflow,
  workflowExtensions,
} from './instance.ts';
import type { Candidate } from './signatures.ts';
import {
  bundleCandidate,
  identityAnnotations,
  identityBundle,
  keyAnnotations,
  keyBundle,
  layerOf,
  legacyAttestation,
  legacyCandidate,
  manifest,
  manifestBytes,
  otherDigest,
  simpleSigningOf,
  spdxType,
  statementOf,
} from './signatures.ts';

let instance: Instance;
let identity: Identity;

beforeAll(async () => {
  instance = await startInstance();
  identity = await issue(instance.ca);
});

const byKeys = (keys: readonly KeyPair[], more: object = {}): SigstoreAuthority => ({
  is: 'key',
  ...sigstoreKeySchema.parse({ name: 'release-key', keys: keys.map(pemOf), ...more }),
});

const byIdentity = (more: object = {}): SigstoreAuthority => ({
  is: 'identity',
  ...sigstoreIdentitySchema.parse({
    name: 'release-workflow',
    issuer: githubIssuer,
    ...('subjectRegExp' in more ? {} : { subject: workflow }),
    ...more,
  }),
});

const soon = () => new Date(Date.now() + 60_000);

const verify = (candidate: Candidate, authority: SigstoreAuthority, trust = instance.trust, now = soon()) =>
  verifySigstore(candidate, authority, trust, manifest, now);

function reasonOf(outcome: Outcome): string {
  return outcome.is === 'refused' ? outcome.reason : `verified by ${outcome.signer.name}`;
}

describe('a signature by a key', () => {
  const keys = ecKeyPair();

  it("is verified as cosign's bundle, and names the key of the policy", async () => {
    expect(await verify(bundleCandidate(keyBundle(keys)), byKeys([ecKeyPair(), keys]))).toEqual({
      is: 'verified',
      signer: { kind: 'key', name: 'release-key' },
      notes: [],
    });
  });

  it("is verified as cosign's older layer, whose log nobody asks for", async () => {
    const payload = simpleSigningOf();
    const other = await startInstance();
    for (const log of [undefined, other.log])
      expect(await verify(legacyCandidate(payload, keyAnnotations(keys, payload, log)), byKeys([keys]))).toMatchObject({
        is: 'verified',
      });
  });

  it.each([
    ['P-384 with its own hash', () => ecKeyPair('P-384'), 'sha384'],
    ["P-384 with cosign's hash", () => ecKeyPair('P-384'), 'sha256'],
    ['P-521', () => ecKeyPair('P-521'), 'sha512'],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
    ['Ed25519', () => generateKeyPairSync('ed25519'), null],
  ])('is verified for %s', async (_, make, hash) => {
    const pair = make();
    const payload = simpleSigningOf();
    const sig = sign(hash, payload, pair.privateKey);
    const legacy = legacyCandidate(payload, { 'dev.cosignproject.cosign/signature': base64(sig) });
    expect(await verify(legacy, byKeys([pair]))).toMatchObject({ is: 'verified' });
    const statement = statementOf();
    const signed = sign(hash, dsse.preAuthEncoding(statementType, statement), pair.privateKey);
    const bundle = {
      ...keyBundle(keys),
      dsseEnvelope: { ...envelopeBy(keys, statement), signatures: [{ sig: base64(signed) }] },
    };
    expect(await verify(bundleCandidate(bundle), byKeys([pair]))).toMatchObject({ is: 'verified' });
  });

  it('is refused when another key made it', async () => {
    expect(reasonOf(await verify(bundleCandidate(keyBundle(ecKeyPair())), byKeys([keys])))).toBe(
      'The signature was not made by the key of release-key, or not over this content.',
    );
    expect(reasonOf(await verify(bundleCandidate(keyBundle(ecKeyPair())), byKeys([keys, ecKeyPair()])))).toContain(
      'none of the 2 keys of release-key',
    );
  });

  it('is refused when it is about another digest, in every form', async () => {
    const payload = simpleSigningOf(otherDigest);
    const expected = `is about "${otherDigest}", but this manifest is ${manifest.digest}.`;
    const legacy = legacyCandidate(payload, keyAnnotations(keys, payload));
    expect(reasonOf(await verify(legacy, byKeys([keys])))).toContain(expected);
    expect(
      reasonOf(await verify(bundleCandidate(keyBundle(keys, statementOf(otherDigest))), byKeys([keys]))),
    ).toContain(expected);
  });

  it("is refused when its payload is another system's", async () => {
    const payload = simpleSigningOf(manifest.digest, 'atomic container signature');
    expect(reasonOf(await verify(legacyCandidate(payload, keyAnnotations(keys, payload)), byKeys([keys])))).toBe(
      'The payload is of the type "atomic container signature", but a signature\'s is "cosign container image signature".',
    );
  });

  it('needs an entry for its key where the log is required, and tells the time of it', async () => {
    const authority = byKeys([keys], { requireLog: true, trustedRoot: 'own' });
    const payload = simpleSigningOf();
    const logged = await verify(legacyCandidate(payload, keyAnnotations(keys, payload, instance.log)), authority);
    expect(logged).toMatchObject({ is: 'verified', signedAt: expect.any(Date) as Date });
    expect(reasonOf(await verify(legacyCandidate(payload, keyAnnotations(keys, payload)), authority))).toContain(
      'no entry of a transparency log, which release-key asks for',
    );
    const other = await startInstance();
    const foreign = legacyCandidate(payload, keyAnnotations(keys, payload, other.log));
    expect(reasonOf(await verify(foreign, authority))).toContain('not proven by a log of the trusted root');
    expect(reasonOf(await verifySigstore(foreign, authority, undefined, manifest, soon()))).toBe(
      'The trusted root own of release-key is not there.',
    );
  });

  it("is verified over the manifest's own bytes, where they are at hand", async () => {
    const signature = base64(sign('sha256', manifestBytes, keys.privateKey));
    const messageSignature = {
      messageDigest: { algorithm: 'SHA2_256', digest: base64(sha256(manifestBytes)) },
      signature,
    };
    const { mediaType, verificationMaterial } = keyBundle(keys);
    const bytes = Buffer.from(JSON.stringify({ mediaType, verificationMaterial, messageSignature }));
    const layer = layerOf('bundle', bytes);
    expect(await verify(readSigstoreLayer(layer, bytes, manifestBytes), byKeys([keys]))).toMatchObject({
      is: 'verified',
    });
    expect(reasonOf(await verify(readSigstoreLayer(layer, bytes), byKeys([keys])))).toContain('not at hand');
    expect(reasonOf(await verify(readSigstoreLayer(layer, bytes, Buffer.from('x')), byKeys([keys])))).toContain(
      'other bytes',
    );
  });
});

describe('an attestation', () => {
  const keys = ecKeyPair();

  it('is never a plain signature, even by the right key', async () => {
    const sbom = await verify(
      bundleCandidate(keyBundle(keys, statementOf(manifest.digest, spdxType, { spdx: 1 }))),
      byKeys([keys]),
    );
    expect(sbom).toMatchObject({ statement: { predicateType: spdxType, predicate: { spdx: 1 } } });
    expect(plainSignature(sbom)).toEqual({
      is: 'refused',
      reason: `It is an attestation of the type "${spdxType}", and not a signature.`,
    });
    expect(attestation(sbom, spdxType)).toBe(sbom);
  });

  it('is not what a plain signature is', async () => {
    const plain = await verify(bundleCandidate(keyBundle(keys)), byKeys([keys]));
    expect(plainSignature(plain)).toBe(plain);
    expect(reasonOf(attestation(plain, spdxType))).toContain('It is a plain signature, and not an attestation');
  });

  it("is verified in cosign's older form, with a timestamp of the envelope", async () => {
    for (const isStamped of [false, true]) {
      const candidate = await legacyAttestation(instance, identity, statementOf(manifest.digest, spdxType), isStamped);
      expect(await verify(candidate, byIdentity())).toMatchObject({
        is: 'verified',
        statement: { predicateType: spdxType },
      });
    }
  });

  it('is refused when its envelope holds something else, or it has no subject of this digest', async () => {
    const html = { ...keyBundle(keys), dsseEnvelope: envelopeBy(keys, statementOf(), 'text/html') };
    expect(reasonOf(await verify(bundleCandidate(html), byKeys([keys])))).toContain('The envelope holds "text/html"');
    const hidden = Buffer.from(statementOf().toString().replace('"subject"', '"__proto__"'));
    expect(reasonOf(await verify(bundleCandidate(keyBundle(keys, hidden)), byKeys([keys])))).toContain(
      'not an in-toto statement',
    );
    const old = Buffer.from(statementOf().toString().replace('Statement/v1', 'Statement/v9'));
    expect(reasonOf(await verify(bundleCandidate(keyBundle(keys, old)), byKeys([keys])))).toContain('allowed are');
  });
});

describe('a signature by an identity', () => {
  it.each(['dsse-1', 'intoto-1', 'dsse-2', 'hashedrekord-2'] as const)('is verified with a %s entry', async (entry) => {
    const outcome = await verify(bundleCandidate(await identityBundle(instance, identity, { entry })), byIdentity());
    expect(outcome).toEqual({
      is: 'verified',
      signer: {
        kind: 'identity',
        name: workflow,
        issuer: githubIssuer,
        thumbprint: sha256(identity.certificate).toString('hex'),
      },
      signedAt: expect.any(Date) as Date,
      notes: [],
    });
  });

  it("is verified as cosign's older layer", async () => {
    const payload = simpleSigningOf();
    const candidate = legacyCandidate(payload, identityAnnotations(instance, identity, payload));
    expect(await verify(candidate, byIdentity())).toMatchObject({ is: 'verified', signer: { name: workflow } });
  });

  it('is refused for another subject, issuer or claim', async () => {
    const candidate = bundleCandidate(await identityBundle(instance, identity));
    const refusal = async (more: object) => reasonOf(await verify(candidate, byIdentity(more)));
    expect(await refusal({ subject: 'https://github.com/acme/app/**@refs/heads/main' })).toBe(
      `The certificate has the subject "${workflow}", but release-workflow trusts "https://github.com/acme/app/**@refs/heads/main".`,
    );
    expect(await refusal({ issuer: 'https://accounts.example' })).toContain(`has the issuer "${githubIssuer}"`);
    expect(await refusal({ claims: { environment: 'staging' } })).toContain('has the claim environment "production"');
    expect(await refusal({ claims: { runner: 'github-hosted' } })).toContain('has no claim runner');
  });

  it('is verified for claims that fit, exactly or as patterns', async () => {
    const candidate = bundleCandidate(await identityBundle(instance, identity));
    const claims = {
      repository: 'acme/*',
      repositoryUri: 'https://github.com/acme/app',
      ref: 'refs/tags/v*',
      sha: 'a'.repeat(40),
      name: 'Release',
      trigger: 'push',
      environment: 'production',
    };
    expect(await verify(candidate, byIdentity({ claims }))).toMatchObject({ is: 'verified' });
  });

  it.each([
    ['a pattern', { subject: 'https://github.com/acme/**' }],
    ['an expression', { subjectRegExp: 'https://github\\.com/acme/.*' }],
    ['an expression with its own anchors', { subjectRegExp: '^https://github\\.com/acme/.*$' }],
  ])('is compared as a whole with %s', async (_, more) => {
    const trick = await issue(instance.ca, 'https://evil.example/?https://github.com/acme/app');
    const tricked = bundleCandidate(await identityBundle(instance, trick));
    expect(reasonOf(await verify(tricked, byIdentity(more)))).toContain('has the subject "https://evil.example/?');
    const right = bundleCandidate(await identityBundle(instance, identity));
    expect(await verify(right, byIdentity(more))).toMatchObject({ is: 'verified' });
    expect(await verify(tricked, byIdentity({ subject: 'github.com/acme' }))).toMatchObject({ is: 'refused' });
  });

  it('is refused when its certificate has expired or is not yet valid at the time that is proven', async () => {
    for (const minutes of [-60, 60]) {
      const at = new Date(Date.now() + minutes * 60_000);
      const late = bundleCandidate(await identityBundle(instance, identity, { at }));
      expect(reasonOf(await verify(late, byIdentity()))).toMatch(
        /^The certificate was valid from .* but the time of the signature is /,
      );
    }
  });

  it('is refused when its proven time is still to come', async () => {
    const candidate = bundleCandidate(await identityBundle(instance, identity));
    const outcome = await verify(candidate, byIdentity(), instance.trust, new Date(Date.now() - 3_600_000));
    expect(reasonOf(outcome)).toContain('is still to come');
  });

  it('is refused when an authority, a log or a timestamp is not of the trusted root', async () => {
    const other = await startInstance();
    const parts = {
      certificateAuthorities: 'certificate',
      ctlogs: 'certificate',
      tlogs: 'log',
      timestampAuthorities: 'time',
    };
    const candidate = bundleCandidate(await identityBundle(instance, identity, { isStamped: true }));
    for (const [part, named] of Object.entries(parts)) {
      const trust = trustOf({ ...instance.root, [part]: other.root[part] });
      const reason = reasonOf(await verify(candidate, byIdentity(), trust));
      expect(reason).toContain(named);
      expect(reason).toContain('of the trusted root');
    }
  });

  it('is refused when the log has it under another certificate of the same key', async () => {
    const twin = await issue(instance.ca, 'https://innocent.example', workflowExtensions(), identity.keyPair);
    for (const entry of ['dsse-1', 'dsse-2', 'hashedrekord-2', 'intoto-1'] as const) {
      const hidden = await identityBundle(instance, identity, { entry, logged: twin.certificate });
      expect(reasonOf(await verify(bundleCandidate(hidden), byIdentity()))).toBe(
        'The entry of the transparency log was made for another certificate than the one that came with it.',
      );
    }
  });

  it('is refused when nothing proves its time, or it is in no log', async () => {
    const untimed = await identityBundle(instance, identity, { entry: 'dsse-2', isStamped: false });
    expect(reasonOf(await verify(bundleCandidate(untimed), byIdentity()))).toContain('Nothing proves the time');
    const unlogged = await identityBundle(instance, identity, { entry: 'none', isStamped: true });
    expect(reasonOf(await verify(bundleCandidate(unlogged), byIdentity()))).toContain('no entry of a transparency log');
  });

  it('is refused when a bare key made it', async () => {
    expect(reasonOf(await verify(bundleCandidate(keyBundle(ecKeyPair())), byIdentity()))).toContain('by a bare key');
  });
});

describe('a policy that asks for less', () => {
  it('takes a timestamp where it does not ask for the log', async () => {
    const unlogged = await identityBundle(instance, identity, { entry: 'none', isStamped: true });
    expect(await verify(bundleCandidate(unlogged), byIdentity({ insecureIgnoreLog: true }))).toMatchObject({
      is: 'verified',
      signedAt: expect.any(Date) as Date,
      notes: ['The transparency log was not looked at, because release-workflow says so.'],
    });
  });

  it('takes the time of the check where nothing proves another, until the certificate expires', async () => {
    const candidate = bundleCandidate(await identityBundle(instance, identity, { entry: 'none' }));
    const authority = byIdentity({ insecureIgnoreLog: true });
    const outcome = await verify(candidate, authority);
    expect(outcome).toMatchObject({ is: 'verified', expiresAt: expect.any(Date) as Date });
    expect(outcome).not.toHaveProperty('signedAt');
    const later = new Date(Date.now() + 3_600_000);
    expect(reasonOf(await verify(candidate, authority, instance.trust, later))).toContain(
      'The certificate was valid from',
    );
  });

  it('takes a certificate of an unknown log where it does not ask for that log', async () => {
    const other = await startInstance();
    const trust = trustOf({ ...instance.root, ctlogs: other.root['ctlogs'] });
    const candidate = bundleCandidate(await identityBundle(instance, identity));
    expect(await verify(candidate, byIdentity(), trust)).toMatchObject({ is: 'refused' });
    expect(await verify(candidate, byIdentity({ insecureIgnoreSct: true }), trust)).toMatchObject({ is: 'verified' });
  });
});
