import { describe, expect, it } from 'vitest';
import { ask, makeImage, putManifest } from '../../image.ts';
import { byAdmin } from '../identity/required.ts';
import { makeIndex } from '../recycle-bin/binned.ts';
import { heldWorld, manage, verdictEvents } from '../verdicts/held.ts';
import { jose, jwsOf, payloadOf } from './notation/envelopes.ts';
import { chainOfTwo } from './notation/issued.ts';
import { bundled, legacySignature, notarized, signatureTag } from './signing.ts';
import { ecKeyPair, pemOf } from './sigstore/instance.ts';
import { spdxType } from './sigstore/signatures.ts';

const key = ecKeyPair();
const stranger = ecKeyPair();
const image = makeImage('to be signed');
const byKey = {
  mode: 'enforce',
  repositories: { include: ['team/*'] },
  sigstoreKeys: [{ name: 'release', keys: [pemOf(key)] }],
};

async function covered(policy: object = byKey) {
  const world = await heldWorld();
  await manage(world, 'PUT', '/trust/policies/signed', policy);
  const statusOf = async (reference = 'v1') => (await world.pull(world.puller, 'team/app', reference)).status;
  const verdict = (reference = 'v1') =>
    manage<{ held: boolean; explanation: string; judgements: { state: string; reasons: string[] }[] }>(
      world,
      'GET',
      `/images/verdict?repository=team%2Fapp&reference=${encodeURIComponent(reference)}`,
    );
  return { ...world, statusOf, verdict };
}

describe('an image that must be signed by a key', () => {
  it.each([
    ['as cosign 3 signs', bundled(key, image), undefined],
    ['as cosign 1 and 2 sign', legacySignature(key, image), signatureTag(image)],
  ])('is held until its signature arrives, %s, and is held again without it', async (_, signature, tag) => {
    const reference = tag ?? signature.digest;
    const world = await covered();
    await world.push('team/app', 'v1', image);
    expect(await world.statusOf()).toBe(403);
    await world.push('team/app', reference, signature);
    expect([await world.statusOf(), await world.statusOf(image.digest)]).toEqual([200, 200]);
    expect((await world.pull(world.puller, 'team/app', reference)).status).toBe(200);
    await ask(byAdmin(world.app), 'DELETE', `/v2/team/app/manifests/${signature.digest}`);
    await world.hear();
    expect(await world.statusOf()).toBe(403);
    expect(verdictEvents(world).filter((type) => type !== 'VerdictChanged')).toEqual([
      'ImageHeld',
      'ImageReleased',
      'ImageHeld',
    ]);
  });

  it.each([
    ['by a stranger', bundled(stranger, image), /^The signature .*key/],
    ['over another image', bundled(key, image, undefined, makeImage('another').digest), /^The statement is about/],
    ['that is an attestation, as an SBOM', bundled(key, image, spdxType), /^It is an attestation of the type/],
  ])('stays held with a signature %s, and says why', async (_, signature, reason) => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await world.push('team/app', signature.digest, signature);
    expect(await world.statusOf()).toBe(403);
    const { judgements } = await world.verdict();
    expect(judgements).toMatchObject([{ state: 'failed' }]);
    expect(judgements[0]?.reasons[0]).toBe(
      'the policy signed asks for a signature by one of its authorities, and none of 1 counts',
    );
    expect(judgements[0]?.reasons.slice(1).join(' ')).toMatch(reason);
  });

  it('keeps a signature that a later one of the same tag has replaced', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await world.push('team/app', signatureTag(image), legacySignature(key, image));
    await world.push('team/app', signatureTag(image), legacySignature(stranger, image));
    expect(await world.statusOf()).toBe(200);
  });

  it('is tried with the newest fifty signatures, and says that there are more', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    for (let n = 0; n < 51; n += 1) {
      world.clock.pass(1);
      const worthless = bundled(stranger, image, `https://example.com/${n}`);
      await world.push('team/app', worthless.digest, worthless);
    }
    expect((await world.verdict()).judgements[0]?.reasons.join(' ')).toContain(
      `Of 51 manifests about ${image.digest} the newest 50 were tried.`,
    );
    world.clock.pass(1);
    const good = bundled(key, image);
    await world.push('team/app', good.digest, good);
    expect(await world.statusOf()).toBe(200);
  });
});

describe('an index that must be signed', () => {
  const index = makeIndex([image]);
  const signature = bundled(key, index);

  it.each([
    ['index-or-child', 200],
    ['itself', 403],
  ])(
    'passes with what it lists by one signature where the subject is %s: its child answers %i',
    async (subject, status) => {
      const world = await covered({ ...byKey, subject });
      await world.push('team/app', image.digest, image);
      await putManifest(byAdmin(world.app), 'team/app', 'multi', index);
      await world.hear();
      expect([await world.statusOf('multi'), await world.statusOf(image.digest)]).toEqual([403, 403]);
      await world.push('team/app', signature.digest, signature);
      expect([await world.statusOf('multi'), await world.statusOf(image.digest)]).toEqual([200, status]);
    },
  );
});

describe('several policies', () => {
  it('must all be met, each by one of its authorities', async () => {
    const other = ecKeyPair();
    const authorities = [
      { name: 'nobody', keys: [pemOf(stranger)] },
      { name: 'other', keys: [pemOf(other)] },
    ];
    const world = await covered();
    await manage(world, 'PUT', '/trust/policies/also', { ...byKey, sigstoreKeys: authorities });
    await world.push('team/app', 'v1', image);
    const [first, second] = [bundled(key, image), bundled(other, image)];
    await world.push('team/app', first.digest, first);
    expect(await world.statusOf()).toBe(403);
    await world.push('team/app', second.digest, second);
    expect(await world.statusOf()).toBe(200);
  });

  it('hold by the strictest mode of those that are not met', async () => {
    const world = await covered();
    await manage(world, 'PUT', '/trust/policies/also', {
      ...byKey,
      mode: 'audit',
      sigstoreKeys: [{ name: 'nobody', keys: [pemOf(stranger)] }],
    });
    await world.push('team/app', 'v1', image);
    const signature = bundled(key, image);
    await world.push('team/app', signature.digest, signature);
    const served = await world.pull(world.puller, 'team/app', 'v1');
    expect([served.status, served.headers.get('warning')]).toEqual([200, expect.stringContaining('also')]);
  });
});

describe('an attestation that is asked for', () => {
  it('counts by its type, and a plain signature does not', async () => {
    const world = await covered({ ...byKey, attestation: 'https://slsa.dev/provenance/v1' });
    await world.push('team/app', 'v1', image);
    const signature = bundled(key, image);
    await world.push('team/app', signature.digest, signature);
    expect(await world.statusOf()).toBe(403);
    const provenance = bundled(key, image, 'https://slsa.dev/provenance/v1');
    await world.push('team/app', provenance.digest, provenance);
    expect(await world.statusOf()).toBe(200);
  });
});

describe('a signature of Notation', () => {
  it('opens the image that its payload names, with its size', async () => {
    const chain = await chainOfTwo();
    const authority = {
      name: 'acme',
      verification: { level: 'strict' },
      trustStores: { ca: { acme: [chain[1].pem] } },
      trustedIdentities: ['*'],
    };
    const world = await covered({ mode: 'enforce', notation: [authority] });
    await world.push('team/app', 'v1', image);
    const { digest, mediaType } = image;
    const payload = (size: number) => payloadOf({ digest, mediaType, size });
    const lies = notarized(jose(jwsOf({ chain, payload: payload(image.bytes.length + 1) })), image);
    await world.push('team/app', lies.digest, lies);
    expect(await world.statusOf()).toBe(403);
    const signature = notarized(jose(jwsOf({ chain, payload: payload(image.bytes.length) })), image);
    await world.push('team/app', signature.digest, signature);
    expect(await world.statusOf()).toBe(200);
  });
});

describe('a change of a policy', () => {
  it('judges what is there, and leaves it open until then', async () => {
    const world = await heldWorld();
    await world.push('team/app', 'v1', image);
    await manage(world, 'PUT', '/trust/policies/signed', byKey);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    await world.timers['verdicts-judge-due']();
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
    await manage(world, 'PATCH', '/trust/policies/signed', {
      sigstoreKeys: [{ name: 'two', keys: [pemOf(stranger)] }],
    });
    const signature = bundled(stranger, image);
    await world.push('team/app', signature.digest, signature);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
  });
});
