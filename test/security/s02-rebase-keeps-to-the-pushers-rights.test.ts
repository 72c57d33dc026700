import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { loseNoAnswers } from '../chance.ts';
import type { Built } from '../shared/features/builds/bases/building.ts';
import { build } from '../shared/features/builds/bases/building.ts';
import type { MadeToken } from '../shared/features/identity/required.ts';
import { asAdmin, basic, makeToken, manage } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';
import type { Attacked } from './forged-bases.ts';
import { attacked, days, forged, host, next, old, secretLayer } from './forged-bases.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

describe('the layers of a base that its pusher may not pull', () => {
  it('are not handed to an image whose annotation names it and whose config claims its layers', async () => {
    const of = await attacked();
    await of.push(forged('team/loot', `${host}/secret/base:1`), '1', of.mallory);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/loot')).not.toContain(secretLayer);
    expect(await of.explained('team/loot:1')).toMatchObject({
      reason: 'base-not-permitted',
      why: expect.stringContaining('the token "mallory", who may not pull secret/base now') as string,
    });
    expect((await ask(of.one.app, 'GET', `/v2/team/loot/blobs/${secretLayer}`, { headers: of.mallory })).status).toBe(
      404,
    );
    expect(await manage(of.one, 'GET', '/builds/dry-run?base=secret/base:1')).toMatchObject({ items: [] });
  });

  it.each([
    ['its labels', { config: { Labels: { 'org.opencontainers.image.base.name': `${host}/secret/base:1` } } }],
    ['its layers alone', {}],
  ])('are not handed to an image that names it by %s', async (_, more) => {
    const of = await attacked();
    const image = build('team/loot', 'own', {
      base: { ...old, layers: forged('team/loot', undefined).layers, blobs: forged('team/loot', undefined).blobs },
      ...more,
    });
    await of.push(image, '1', of.mallory);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/loot')).not.toContain(secretLayer);
    expect((await of.explained('team/loot:1')).reason).toBe('base-not-permitted');
  });

  it('are not handed to an index whose images claim it', async () => {
    const of = await attacked();
    const image = forged('team/loot', `${host}/secret/base:1`);
    await of.push(image, 'part', of.mallory);
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: image.digest,
          size: image.bytes.length,
          platform: { os: 'linux', architecture: 'amd64' },
        },
      ],
      annotations: { 'org.opencontainers.image.base.name': `${host}/secret/base:1` },
    });
    expect(
      (
        await ask(of.one.app, 'PUT', '/v2/team/loot/manifests/1', {
          body: index,
          headers: { ...of.mallory, 'content-type': mediaTypes.ociIndex },
        })
      ).status,
    ).toBe(201);
    await of.settle();
    await of.update();
    expect(await (await ask(of.one.app, 'GET', '/v2/team/loot/manifests/1', { headers: of.mallory })).text()).toBe(
      index,
    );
    expect((await ask(of.one.app, 'GET', `/v2/team/loot/blobs/${secretLayer}`, { headers: of.mallory })).status).toBe(
      404,
    );
  });

  it('are handed to who may pull it, and to whoever pushes where everyone may', async () => {
    const of = await attacked();
    const reader = basic(
      'reader',
      await makeToken(of.one, 'reader', [
        'repositories/secret/*/content/read',
        'repositories/team/*/content/read',
        'repositories/team/*/content/write',
      ]),
    );
    await of.push(build('team/right', 'right', { base: old, says: `${host}/secret/base:1` }), '1', reader);
    await of.push(build('team/root', 'root', { base: old, says: `${host}/secret/base:1` }), '1', asAdmin);
    await of.settle();
    await of.update();
    for (const repository of ['team/right', 'team/root']) expect(await of.layersOf(repository)).toContain(secretLayer);
    expect((await of.explained('team/right:1')).reason).toBe('made');
    // And again, on the word of whom pushed it first.
    const third = build('secret/base', 'secret base 3');
    await of.push(third, '1', asAdmin);
    await of.settle();
    expect(await of.layersOf('team/right')).toContain(third.layers[0]?.digest);
  });

  it("are handed to anybody's image where everyone may pull it", async () => {
    const of = await attacked();
    await manage(of.one, 'PUT', '/anonymous', { repositories: ['secret/*'] });
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', of.mallory);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/app')).toContain(secretLayer);
    // And no more when that is taken back, within the half minute for which it is known.
    await manage(of.one, 'PUT', '/anonymous', { repositories: [] });
    const third = build('secret/base', 'secret base 3');
    await of.push(third, '1', asAdmin);
    await of.settle();
    expect(await of.layersOf('team/app')).not.toContain(third.layers[0]?.digest);
  });

  it('are not handed to who tags an image that somebody else has pushed', async () => {
    const of = await attacked();
    const image = build('team/app', 'app', { base: old, says: `${host}/secret/base:1` });
    await of.push(image, '1', asAdmin);
    await of.settle();
    expect((await putManifestAs(of, of.mallory, 'team/app', 'stolen', image)).status).toBe(201);
    expect((await putManifestAs(of, of.mallory, 'team/app', '1', image)).status).toBe(201);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/app')).not.toContain(secretLayer);
    expect((await of.explained('team/app:stolen')).reason).toBe('base-not-permitted');
  });
});

const putManifestAs = (
  { one }: Attacked,
  headers: Record<string, string>,
  repository: string,
  tag: string,
  { bytes }: Built,
) =>
  ask(one.app, 'PUT', `/v2/${repository}/manifests/${tag}`, {
    body: bytes,
    headers: { ...headers, 'content-type': mediaTypes.ociManifest },
  });

describe('the right of a pusher', () => {
  const rights = [
    'repositories/secret/*/content/read',
    'repositories/team/*/content/read',
    'repositories/team/*/content/write',
  ];
  const lost: Record<string, (of: Attacked) => Promise<unknown>> = {
    'its scope map says less': ({ one }) =>
      manage(one, 'PUT', '/scope-maps/reader', { actions: ['repositories/team/*/content/write'] }),
    'it is disabled': ({ one }) => manage(one, 'PATCH', '/tokens/reader', { status: 'disabled' }),
    'it is gone': ({ one }) => manage(one, 'DELETE', '/tokens/reader'),
    'another has its name since': async ({ one }) => {
      await manage(one, 'DELETE', '/tokens/reader');
      one.clock.pass(days(1));
      await manage<MadeToken>(one, 'POST', '/tokens', { name: 'reader', scopeMap: 'reader' });
    },
  };

  it.each(Object.entries(lost))('is asked again when its base changes: %s', async (_, lose) => {
    const of = await attacked();
    const reader = basic('reader', await makeToken(of.one, 'reader', rights));
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', reader);
    await of.settle();
    await lose(of);
    await of.update();
    expect(await of.layersOf('team/app')).not.toContain(secretLayer);
    expect((await of.explained('team/app:1')).reason).toBe('base-not-permitted');
  });

  it('is asked once more when the image is made, for it may end between', async () => {
    const of = await attacked();
    const reader = basic('reader', await makeToken(of.one, 'reader', rights));
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', reader);
    await of.settle();
    await of.push(next, '1', asAdmin);
    const { log } = of.one.world.region('home').events;
    await of.one.events['builds-learn'](log.findLast(({ type }) => type === 'Longshore.TagMoved'));
    await of.one.events['builds-plan'](log.findLast(({ type }) => type === 'Longshore.BaseImageUpdated'));
    await manage(of.one, 'DELETE', '/tokens/reader');
    await of.settle();
    expect(await of.layersOf('team/app')).not.toContain(secretLayer);
    const { items: builds } = await manage<{ items: { id: string }[] }>(of.one, 'GET', '/builds');
    expect(await manage(of.one, 'GET', `/builds/${builds[0]?.id ?? ''}`)).toMatchObject({
      items: [{ state: 'failed', because: expect.stringContaining('may not pull secret/base now') as string }],
    });
  });

  it('stays with it when its password changes', async () => {
    const of = await attacked();
    const reader = basic('reader', await makeToken(of.one, 'reader', rights));
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', reader);
    await of.settle();
    await manage(of.one, 'POST', '/tokens/reader/passwords/password1', {});
    await of.update();
    expect(await of.layersOf('team/app')).toContain(secretLayer);
  });

  it('comes back with its tag out of the bin', async () => {
    const of = await attacked();
    const image = build('team/app', 'app', { base: old, says: `${host}/secret/base:1` });
    await of.push(image, '1', asAdmin);
    await of.settle();
    expect(
      (await ask(of.one.app, 'DELETE', `/v2/team/app/manifests/${image.digest}`, { headers: asAdmin })).status,
    ).toBe(202);
    await of.settle();
    await manage(of.one, 'POST', '/bin/restore', { repository: 'team/app', digest: image.digest });
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/app')).toContain(secretLayer);
  });

  it('is in no event, and nobody is shown it', async () => {
    const of = await attacked();
    await of.push(forged('team/loot', `${host}/secret/base:1`), '1', of.mallory);
    expect(JSON.stringify(of.one.world.region('home').events.log)).not.toContain('pushedBy');
    expect(
      await (await ask(of.one.app, 'GET', '/acr/v1/team/loot/_tags/1', { headers: asAdmin })).text(),
    ).not.toContain('pushedBy');
  });
});

describe('a policy that names its bases', () => {
  it("has images put on them whoever pushed these, where they begin with a base's own layers", async () => {
    const of = await attacked({ bases: { include: ['secret/**'] } });
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', of.mallory);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/app')).toContain(secretLayer);
  });

  it("hands nothing to an image whose config claims the base's contents for layers of its own", async () => {
    const of = await attacked({ bases: { include: ['secret/**'] } });
    await of.push(forged('team/loot', `${host}/secret/base:1`), '1', of.mallory);
    await of.push(forged('team/empty', `${host}/secret/base:1`, []), '1', of.mallory);
    await of.settle();
    await of.update();
    for (const repository of ['team/loot', 'team/empty'])
      expect(await of.layersOf(repository)).not.toContain(secretLayer);
    expect((await of.explained('team/loot:1')).why).toContain('its first layers have other digests');
  });

  it('has them put on no other, not even for who may pull that', async () => {
    const of = await attacked({ bases: { include: ['**'], exclude: ['secret/**'] } });
    await of.push(build('team/app', 'app', { base: old, says: `${host}/secret/base:1` }), '1', asAdmin);
    await of.settle();
    await of.update();
    expect(await of.layersOf('team/app')).not.toContain(secretLayer);
    expect(await of.explained('team/app:1')).toMatchObject({
      reason: 'base-not-permitted',
      why: expect.stringContaining('do not name secret/base') as string,
    });
  });
});

describe('somebody who makes an image that others begin with', () => {
  it('does not become their base by that', async () => {
    const of = await attacked();
    const victim = build('prod/app', 'the last layer', { base: build('prod/app', 'the first layer') });
    await of.push(victim, '1', asAdmin);
    await of.settle();
    // The bait has the victim's first layer under another name: its pusher may pull that layer, or only claims it.
    const bait = build('team/bait', 'the first layer');
    await of.push(bait, '1', of.mallory);
    await of.settle();
    const evil = build('team/bait', 'evil');
    await of.push(evil, '1', of.mallory);
    await of.settle();
    expect(await of.layersOf('prod/app')).toEqual(victim.layers.map(({ digest }) => digest));
    expect(createHash('sha256').update(evil.bytes).digest('hex')).toBe(evil.digest.slice(7));
    expect(await of.explained('prod/app:1', 'team/bait:1')).toMatchObject({
      reason: 'base-not-permitted',
      why: expect.stringContaining('only its layers say') as string,
    });
  });
});
