import { createPublicKey, verify as verifyBytes } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import { ask, makeImage } from '../../image.ts';
import { byAdmin, composeRequired } from '../identity/required.ts';
import { bundled } from '../trust/signing.ts';
import { ecKeyPair, pemOf } from '../trust/sigstore/instance.ts';
import { heldWorld, manage } from './held.ts';

const key = ecKeyPair();
const image = makeImage('to be stated');

interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}
interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: Record<string, string> }[];
  readonly predicateType: string;
  readonly predicate: {
    readonly properties: readonly string[];
    readonly verifier: { readonly policies: readonly object[] };
  };
}

async function stating() {
  const world = await heldWorld();
  await manage(world, 'PUT', '/trust/policies/signed', {
    mode: 'enforce',
    sigstoreKeys: [{ name: 'release', keys: [pemOf(key)] }],
  });
  await world.push('team/app', 'v1', image);
  const envelope = () => manage<Envelope>(world, 'GET', '/images/verdict/statement?repository=team%2Fapp&reference=v1');
  const publicKey = async () =>
    (await manage<{ id: string; publicKey: string }>(world, 'GET', '/verdicts/statement-key')).publicKey;
  return { world, envelope, publicKey };
}

const statementIn = ({ payload }: Envelope) => JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement;

describe('the statement of a verdict', () => {
  it('says what is proven of the image, and nothing else', async () => {
    const { world, envelope } = await stating();
    expect(statementIn(await envelope()).predicate.properties).toEqual([]);
    const signature = bundled(key, image);
    await world.push('team/app', signature.digest, signature);
    const statement = statementIn(await envelope());
    expect(statement).toMatchObject({
      subject: [{ name: expect.stringMatching(/team\/app$/) as string, digest: { sha256: image.digest.slice(7) } }],
      predicateType: 'https://in-toto.io/attestation/svr/v0.1',
      predicate: { properties: ['LONGSHORE_TRUST_PASSED', 'LONGSHORE_SIGNED', 'LONGSHORE_NOT_HELD'] },
    });
    expect(statement.predicate.verifier.policies).toHaveLength(1);
  });

  it('names the registry by its settings, and never by the host that somebody asks for', async () => {
    const { world } = await stating();
    const path = '/api/v1/images/verdict/statement?repository=team%2Fapp&reference=v1';
    const answer = await ask(byAdmin(world.app), 'GET', path, { headers: { host: 'evil.example' } });
    const { payload } = (await answer.json()) as Envelope;
    expect(Buffer.from(payload, 'base64').toString()).not.toContain('evil');
    const named = composeRequired({
      world: world.world,
      clock: world.clock,
      settings: { publicUrl: new URL('https://registry.example') },
    });
    expect(statementIn(await manage(named, 'GET', path.slice('/api/v1'.length)))).toMatchObject({
      subject: [{ name: 'registry.example/team/app' }],
      predicate: { verifier: { id: 'https://registry.example/' } },
    });
  });

  it('takes a judgement by policies that have changed for none', async () => {
    const { world, envelope } = await stating();
    const signature = bundled(key, image);
    await world.push('team/app', signature.digest, signature);
    await manage(world, 'PATCH', '/trust/policies/signed', { sigstoreKeys: [] });
    expect(statementIn(await envelope()).predicate.properties).toEqual(['LONGSHORE_NOT_HELD']);
  });

  it('is verified by the public key of the registry, over the encoding of DSSE', async () => {
    const { envelope, publicKey } = await stating();
    const { payloadType, payload, signatures } = await envelope();
    const bytes = Buffer.from(payload, 'base64');
    const encoded = (type: string) =>
      Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes]);
    const isSigned = (over: Buffer, by: string) =>
      verifyBytes('sha256', over, createPublicKey(by), Buffer.from(signatures[0]?.sig ?? '', 'base64'));
    const own = await publicKey();
    expect(isSigned(encoded(payloadType), own)).toBe(true);
    expect([isSigned(encoded('application/json'), own), isSigned(bytes, own)]).toEqual([false, false]);
    expect(isSigned(encoded(payloadType), pemOf(key))).toBe(false);
  });

  it("is verified by sigstore's own verifier", async () => {
    const { envelope, publicKey } = await stating();
    const bundle = bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'registry' }, tlogEntries: [] },
      dsseEnvelope: await envelope(),
    });
    const pem = await publicKey();
    const root = TrustedRoot.fromJSON({ tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] });
    const material = toTrustMaterial(root, () => ({ publicKey: createPublicKey(pem), validFor: () => true }));
    const options = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
    const verifying = (entity: ReturnType<typeof toSignedEntity>) => new Verifier(material, options).verify(entity);
    expect(() => verifying(toSignedEntity(bundle))).not.toThrow();
    const changed = bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'registry' }, tlogEntries: [] },
      dsseEnvelope: { ...(await envelope()), payload: Buffer.from('{}').toString('base64') },
    });
    expect(() => verifying(toSignedEntity(changed))).toThrow();
  });

  it('is signed by one key for ever, also by another instance, and by none that signs tokens', async () => {
    const { world, publicKey } = await stating();
    const keys = await Promise.all([publicKey(), publicKey(), publicKey()]);
    expect(new Set(keys).size).toBe(1);
    const other = composeRequired({ world: world.world, clock: world.clock });
    expect((await manage<{ publicKey: string }>(other, 'GET', '/verdicts/statement-key')).publicKey).toBe(keys[0]);
    const { items } = await manage<{ items: { kid: string }[] }>(world, 'GET', '/signing-keys');
    const { id } = await manage<{ id: string }>(world, 'GET', '/verdicts/statement-key');
    expect(items.map(({ kid }) => kid)).not.toContain(id);
    expect(createPublicKey(keys[0]).asymmetricKeyType).toBe('ec');
  });
});
