import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../../shared/features/trust/outcome.ts';
import type { SigstoreAuthority } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { sigstoreIdentitySchema, sigstoreKeySchema } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { readSigstoreLayer } from '../../../../../shared/features/trust/sigstore/candidate.ts';
import type { SigstoreLayer } from '../../../../../shared/features/trust/sigstore/evidence.ts';
import { maxLayerBytes } from '../../../../../shared/features/trust/sigstore/evidence.ts';
import { verifySigstore } from '../../../../../shared/features/trust/sigstore/verify.ts';
import type { Identity, Instance } from './instance.ts';
import {
  base64,
  certificatePem,
  ecKeyPair,
  envelopeBy,
  githubIssuer,
  issue,
  pemOf,
  startInstance,
  workflow,
} from './instance.ts';
import {
  identityAnnotations,
  identityBundle,
  keyBundle,
  layerOf,
  manifest,
  simpleSigningOf,
  statementOf,
} from './signatures.ts';

let instance: Instance;
let identity: Identity;
let good: Awaited<ReturnType<typeof identityBundle>>;

const keys = ecKeyPair();
const byKey: SigstoreAuthority = { is: 'key', ...sigstoreKeySchema.parse({ name: 'own', keys: [pemOf(keys)] }) };
const byIdentity: SigstoreAuthority = {
  is: 'identity',
  ...sigstoreIdentitySchema.parse({ name: 'own', issuer: githubIssuer, subject: workflow }),
};

beforeAll(async () => {
  instance = await startInstance();
  identity = await issue(instance.ca);
  good = await identityBundle(instance, identity, { isStamped: true });
});

const judged = (layer: SigstoreLayer, bytes: Uint8Array, authority: SigstoreAuthority): Promise<Outcome> =>
  verifySigstore(readSigstoreLayer(layer, bytes), authority, instance.trust, manifest, new Date(Date.now() + 60_000));

const judgedBundle = (bundle: unknown, authority: SigstoreAuthority = byIdentity) => {
  const bytes = Buffer.from(typeof bundle === 'string' ? bundle : JSON.stringify(bundle));
  return judged(layerOf('bundle', bytes), bytes, authority);
};

/** Asserts a refusal whose reason is one short line of printable text, within a second of processor time. */
async function refusal(outcome: Promise<Outcome>): Promise<string> {
  const begun = process.threadCpuUsage();
  const { is, reason = '' } = (await outcome) as { is: string; reason?: string };
  const { user, system } = process.threadCpuUsage(begun);
  expect([is, user + system < 1_500_000]).toEqual(['refused', true]);
  expect(reason).toMatch(/^[A-Z][ -~…]{10,900}\.$/);
  return reason;
}

type Material = (typeof good)['verificationMaterial'];
const withMaterial = (more: object) => ({ ...good, verificationMaterial: { ...good.verificationMaterial, ...more } });
const entryWith = (more: (entry: Material['tlogEntries'][number]) => object) =>
  withMaterial({ tlogEntries: good.verificationMaterial.tlogEntries.map((entry) => ({ ...entry, ...more(entry) })) });

describe('a hostile signature', () => {
  it('is good before it is spoilt', async () => {
    expect(await judgedBundle(good)).toMatchObject({ is: 'verified' });
  });

  it('is refused by its size before it is parsed', async () => {
    const bytes = Buffer.alloc(100 * 1024 * 1024);
    const reading = Promise.resolve().then(() => judged(layerOf('bundle', Buffer.alloc(0)), bytes, byIdentity));
    expect(await refusal(reading)).toContain(`104857600 bytes, but a signature may have ${maxLayerBytes}`);
  });

  it.each(['simple-signing', 'envelope', 'bundle'] as const)(
    'is refused as %s when it is nested too deep or too long',
    async (kind) => {
      const annotations = { 'dev.cosignproject.cosign/signature': base64('a signature') };
      for (const text of [
        '['.repeat(maxLayerBytes),
        '{"a":'.repeat(200_000),
        `[${'0,'.repeat(1_000_000)}0]`,
        '',
        '\0',
        'null',
        '[]',
        '"',
      ]) {
        const bytes = Buffer.from(text);
        await refusal(judged(layerOf(kind, bytes, annotations), bytes, byKey));
      }
    },
  );

  it('is refused wherever it is truncated', async () => {
    const text = JSON.stringify(good);
    for (let at = 0; at < text.length; at += 211) await refusal(judgedBundle(text.slice(0, at)));
  });

  it('is refused with more parts than anybody needs, before they are read', async () => {
    const { certificate, tlogEntries, timestampVerificationData } = good.verificationMaterial;
    const chain = { certificate: undefined, x509CertificateChain: { certificates: Array(100).fill(certificate) } };
    expect(
      await refusal(
        judgedBundle({ ...withMaterial(chain), mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }),
      ),
    ).toContain('certificates');
    expect(await refusal(judgedBundle(withMaterial({ tlogEntries: Array(1_000).fill(tlogEntries[0]) })))).toContain(
      'tlogEntries',
    );
    const stamps = Array(1_000).fill(timestampVerificationData.rfc3161Timestamps[0]);
    expect(
      await refusal(judgedBundle(withMaterial({ timestampVerificationData: { rfc3161Timestamps: stamps } }))),
    ).toContain('rfc3161Timestamps');
    const hashes = Array(50_000).fill(base64('a hash'));
    expect(
      await refusal(
        judgedBundle(entryWith(({ inclusionProof }) => ({ inclusionProof: { ...inclusionProof, hashes } }))),
      ),
    ).toContain('hashes');
    const many = Array(100_000).fill(7);
    expect(await refusal(judgedBundle(withMaterial({ tlogEntries: many })))).toContain('tlogEntries');
  });

  it('is refused for an entry that is there twice, or whose numbers are none', async () => {
    const { tlogEntries } = good.verificationMaterial;
    expect(await refusal(judgedBundle(withMaterial({ tlogEntries: [...tlogEntries, ...tlogEntries] })))).toContain(
      'duplicate',
    );
    for (const integratedTime of ['-1', '1e400', '9'.repeat(19), 1.5, null, {}])
      await refusal(judgedBundle(entryWith(() => ({ integratedTime }))));
    for (const canonicalizedBody of ['', base64('null'), base64('{"kind":"dsse","apiVersion":"0.0.1"}'), base64('7')])
      await refusal(judgedBundle(entryWith(() => ({ canonicalizedBody }))));
  });

  it('is refused for a log entry without its proof', async () => {
    expect(await refusal(judgedBundle(entryWith(() => ({ inclusionProof: undefined }))))).toContain('not valid');
    const bare = entryWith(({ inclusionProof }) => ({ inclusionProof: { ...inclusionProof, checkpoint: undefined } }));
    await refusal(judgedBundle(bare));
  });

  it('is refused with keys of prototypes, which change nothing', async () => {
    const { mediaType, ...rest } = good;
    const hidden = JSON.stringify({ mediaType, x: rest }).replace('"x"', '"__proto__"');
    await refusal(judgedBundle(hidden));
    await refusal(judgedBundle(JSON.stringify({ ...good, constructor: { prototype: 7 }, dsseEnvelope: '__proto__' })));
    expect(({} as Record<string, unknown>)['dsseEnvelope']).toBeUndefined();
    const payload = Buffer.from(
      statementOf().toString().replace('"predicate":{}', '"predicate":{"__proto__":{"polluted":true}}'),
    );
    const outcome = await judgedBundle(keyBundle(keys, payload), byKey);
    expect(outcome).toMatchObject({ is: 'verified' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is refused without a signature, or with several', async () => {
    const envelope = envelopeBy(keys, statementOf());
    for (const signatures of [[], [{ sig: '' }], [...envelope.signatures, ...envelope.signatures]])
      await refusal(judgedBundle({ ...keyBundle(keys), dsseEnvelope: { ...envelope, signatures } }, byKey));
    const bytes = Buffer.from(JSON.stringify({ ...envelope, signatures: [] }));
    await refusal(judged(layerOf('envelope', bytes), bytes, byKey));
    await refusal(judged(layerOf('simple-signing', simpleSigningOf()), simpleSigningOf(), byKey));
  });

  it('is refused for annotations that are no proof', async () => {
    const payload = simpleSigningOf();
    const annotations: Record<string, string> = identityAnnotations(instance, identity, payload);
    expect(await judged(layerOf('simple-signing', payload, annotations), payload, byIdentity)).toMatchObject({
      is: 'verified',
    });
    const spoilt: Record<string, string[]> = {
      'dev.cosignproject.cosign/signature': ['', '%', base64('x')],
      'dev.sigstore.cosign/certificate': ['', 'x', certificatePem(Buffer.from('x')), 'A'.repeat(200_000)],
      'dev.sigstore.cosign/bundle': [
        '',
        '{',
        '{}',
        '['.repeat(100_000),
        '{"SignedEntryTimestamp":null,"Payload":null}',
      ],
      'dev.sigstore.cosign/rfc3161timestamp': [
        '{',
        '{"SignedRFC3161Timestamp":null}',
        '{"SignedRFC3161Timestamp":"MAA="}',
      ],
    };
    for (const [name, values] of Object.entries(spoilt))
      for (const value of values)
        await refusal(
          judged(layerOf('simple-signing', payload, { ...annotations, [name]: value }), payload, byIdentity),
        );
  });

  it('puts nothing into a reason that would break out of it', async () => {
    const type = 'a"\r\n\u202eSet-Cookie: x\u0000'.repeat(200);
    const reason = await refusal(
      judgedBundle({ ...keyBundle(keys), dsseEnvelope: envelopeBy(keys, statementOf(), type.slice(0, 190)) }, byKey),
    );
    expect(reason).toContain('\\"\\u{d}\\u{a}\\u{202e}Set-Cookie');
    expect(reason.length).toBeLessThan(350);
  });
});

/** Changes one byte. */
function flipped(bytes: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = at % copy.length;
  copy[place] = (copy[place] ?? 0) ^ by;
  return copy;
}

const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));

describe('a signature in which one byte is changed', () => {
  const decoded = (text: string) => Buffer.from(text, 'base64');

  it('is refused, be it in the payload, the signature or the certificate, by an identity', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('payload', 'signature', 'certificate'), flip, async (part, [at, by]) => {
        const changed = structuredClone(good);
        const { dsseEnvelope, verificationMaterial } = changed;
        const [signature] = dsseEnvelope.signatures;
        if (part === 'payload') dsseEnvelope.payload = base64(flipped(decoded(dsseEnvelope.payload), at, by));
        else if (part === 'signature' && signature) signature.sig = base64(flipped(decoded(signature.sig), at, by));
        else verificationMaterial.certificate.rawBytes = base64(flipped(identity.certificate, at, by));
        await refusal(judgedBundle(changed));
      }),
      { numRuns: 100 },
    );
  });

  it('is refused also where no log would show it', async () => {
    const stamped = await identityBundle(instance, identity, { entry: 'none', isStamped: true });
    const unlogged: SigstoreAuthority = { ...byIdentity, insecureIgnoreLog: true, insecureIgnoreSct: true };
    expect(await judgedBundle(stamped, unlogged)).toMatchObject({ is: 'verified' });
    const { certificate } = identity;
    // The authority has signed what lies between the first header and the second mention of the algorithm.
    const behind = certificate.readUInt16BE(6) + 8;
    const unsigned = [0, 1, 2, 3, ...Array.from({ length: 24 }, (_, at) => behind + at)];
    const signed = Array.from({ length: 25 }, (_, at) => Math.floor((at * certificate.length) / 25));
    for (const at of [...unsigned, ...signed]) {
      const changed = structuredClone(stamped);
      changed.verificationMaterial.certificate.rawBytes = base64(flipped(certificate, at, 1));
      await refusal(judgedBundle(changed, unlogged));
    }
  });

  it('is refused by a key, in the text of the layer too', async () => {
    const text = Buffer.from(JSON.stringify(keyBundle(keys).dsseEnvelope));
    const payload = { from: text.indexOf('"payload":"') + 11, to: text.indexOf('","signatures"') };
    const sig = { from: text.indexOf('"sig":"') + 7, to: text.indexOf('","keyid"') };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(payload, sig), flip, async ({ from, to }, [at, by]) => {
        const bytes = flipped(text, from + (at % (to - from)), by);
        await refusal(judged(layerOf('envelope', bytes), bytes, byKey));
      }),
      { numRuns: 200 },
    );
  });
});
