import { describe, expect, it } from 'vitest';
import { ask, makeImage } from '../../image.ts';
import { byAdmin } from '../identity/required.ts';
import { heldWorld, manage } from '../verdicts/held.ts';
import { jose, jwsOf, payloadOf } from './notation/envelopes.ts';
import { chainOfTwo, issued, nameOf } from './notation/issued.ts';
import { bundled, notarized } from './signing.ts';
import { ecKeyPair, pemOf } from './sigstore/instance.ts';

const [key, stranger] = [ecKeyPair(), ecKeyPair()];
const image = makeImage('to be marked');
const signature = bundled(key, image);
const byKey = { mode: 'audit', sigstoreKeys: [{ name: 'release', keys: [pemOf(key)] }] };

async function marked(policy: object = byKey) {
  const world = await heldWorld();
  await manage(world, 'PUT', '/trust/policies/signed', policy);
  await world.push('team/app', 'v1', image);
  const signed = async () => {
    const answer = await ask(byAdmin(world.app), 'GET', '/acr/v1/team/app/_tags');
    const { tags } = (await answer.json()) as { tags: { name: string; signed: boolean }[] };
    return Object.fromEntries(tags.map(({ name, signed }) => [name, signed]));
  };
  return { ...world, signed, sign: (by = signature) => world.push('team/app', by.digest, by) };
}

describe('the attribute signed of a tag', () => {
  it('is true once a signature counts, for tags that were there and those that come, and no longer without it', async () => {
    const one = await marked();
    expect(await one.signed()).toEqual({ v1: false });
    await one.sign();
    expect(await one.signed()).toEqual({ v1: true });
    await one.push('team/app', 'v2', image);
    expect(await one.signed()).toEqual({ v1: true, v2: true });
    await ask(byAdmin(one.app), 'DELETE', `/v2/team/app/manifests/${signature.digest}`);
    await one.hear();
    expect(await one.signed()).toEqual({ v1: false, v2: false });
  });

  it('is of the manifest that the tag points at now', async () => {
    const one = await marked();
    await one.sign();
    await one.push('team/app', 'v1', makeImage('another'));
    expect(await one.signed()).toEqual({ v1: false });
    await one.push('team/app', 'v1', image);
    expect(await one.signed()).toEqual({ v1: true });
  });

  it('is false for a signature of a stranger, and for one that no policy asks for', async () => {
    const one = await marked();
    await one.sign(bundled(stranger, image));
    expect(await one.signed()).toEqual({ v1: false });
    const none = await marked({ mode: 'off' });
    await none.sign();
    expect(await none.signed()).toEqual({ v1: false });
  });

  it('is false again when the policy goes', async () => {
    const one = await marked();
    await one.sign();
    await manage(one, 'DELETE', '/trust/policies/signed');
    await one.timers['verdicts-judge-due']();
    expect(await one.signed()).toEqual({ v1: false });
  });

  it('is false where one of two policies is not met', async () => {
    const one = await marked();
    await manage(one, 'PUT', '/trust/policies/also', {
      mode: 'audit',
      sigstoreKeys: [{ name: 'other', keys: [pemOf(stranger)] }],
    });
    await one.sign();
    expect(await one.signed()).toEqual({ v1: false });
  });

  it('is false where a level of Notation lets anybody pass, or asks for nothing', async () => {
    const chain = await chainOfTwo();
    const { digest, mediaType, bytes } = image;
    const payload = payloadOf({ digest, mediaType, size: bytes.length });
    const by = notarized(jose(jwsOf({ chain, payload })), image);
    const other = await issued({ name: nameOf('other') });
    const authority = (root: string) => ({
      name: 'acme',
      verification: { level: 'audit' },
      trustStores: { ca: { acme: [root] } },
      trustedIdentities: ['*'],
    });
    const [trusted, untrusted] = [chain[1].pem, other.pem].map((pem) => ({
      mode: 'audit',
      notation: [authority(pem)],
    }));
    const skipping = { name: 'acme', verification: { level: 'skip' }, trustStores: {}, trustedIdentities: [] };
    for (const [policy, expected] of [
      [trusted, true],
      [untrusted, false],
      [{ mode: 'audit', notation: [skipping] }, false],
    ] as const) {
      const one = await marked(policy);
      await one.sign(by);
      expect(await one.signed()).toEqual({ v1: expected });
    }
  });

  it('is true for a tag that comes back from the recycle bin, and was deleted before its manifest was signed', async () => {
    const one = await marked();
    await one.push('team/app', 'v2', image);
    await ask(byAdmin(one.app), 'DELETE', '/v2/team/app/manifests/v2');
    await one.sign();
    await manage(one, 'POST', '/bin/restore', { repository: 'team/app', digest: image.digest, tag: 'v2' });
    await one.hear();
    expect(await one.signed()).toEqual({ v1: true, v2: true });
  });

  it('is not written again when the same is judged once more', async () => {
    const one = await marked();
    await one.sign();
    const pushed = one.world.region().events.log.find(({ type }) => type === 'Microsoft.ContainerRegistry.ImagePushed');
    if (pushed === undefined) throw new Error('nothing was pushed');
    one.clock.pass(60_000);
    one.memory.calls.resetCounts();
    await one.events['verdicts-judge'](pushed);
    expect(one.memory.calls.list.filter((call) => call.startsWith('documents.commit'))).toEqual([]);
  });
});
