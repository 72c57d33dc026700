import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { manifestRef } from '../../shared/core/documents/manifest.ts';
import type { RepositoryKey } from '../../shared/core/documents/names.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { OwnWrites } from '../../shared/core/regions/own-writes.ts';
import { steppedClock } from '../contracts/clock.ts';
import { composeRegion } from '../shared/core/regions/composed.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../shared/image.ts';

const lagMs = 10_000;
const repository = 'team/app';

/** An instance of the write region and two of another, all of whose reads of what lies near are ten seconds behind. */
function threeInstances() {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  const compose = (name: string) => composeRegion(world, name, { lagMs });
  return { clock, east: compose('east'), north: compose('north'), peer: compose('north') };
}

const manifests = (reference: string) => `/v2/${repository}/manifests/${reference}`;
const blobs = (digest: string) => `/v2/${repository}/blobs/${digest}`;

describe('a region that is behind', () => {
  it('does not show a manifest any more to whom it has just answered that it is deleted, by GET and HEAD, however often', async () => {
    const { clock, north } = threeInstances();
    const image = makeImage('deleted here');
    await pushImage(north.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    expect((await ask(north.app, 'GET', manifests(image.digest))).status).toBe(200);
    expect((await ask(north.app, 'DELETE', manifests(image.digest))).status).toBe(202);
    for (let second = 0; second <= lagMs / 1_000 + 1; second += 1) {
      for (const method of ['GET', 'HEAD'])
        expect((await ask(north.app, method, manifests(image.digest))).status).toBe(404);
      clock.advance(1_000);
    }
  });

  it('does not show a manifest that the same instance deleted by deleting its repository', async () => {
    const { clock, north } = threeInstances();
    const image = makeImage('deleted with all');
    await pushImage(north.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    expect((await ask(north.app, 'DELETE', `/acr/v1/${repository}`)).status).toBe(202);
    expect((await ask(north.app, 'GET', manifests(image.digest))).status).toBe(404);
  });

  it('does not show a blob any more that it has just deleted', async () => {
    const { clock, north } = threeInstances();
    const digest = await pushBlob(north.app, repository, Buffer.from('a blob'));
    clock.advance(lagMs + 1);
    expect((await ask(north.app, 'GET', blobs(digest))).status).toBe(307);
    expect((await ask(north.app, 'DELETE', blobs(digest))).status).toBe(202);
    for (const method of ['GET', 'HEAD']) expect((await ask(north.app, method, blobs(digest))).status).toBe(404);
  });

  it('shows what is pushed again after its deletion, and a blob that a push needed after all', async () => {
    const { clock, north } = threeInstances();
    const image = makeImage('again');
    await pushImage(north.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    await ask(north.app, 'DELETE', manifests(image.digest));
    expect((await putManifest(north.app, repository, 'v2', image)).status).toBe(201);
    expect((await ask(north.app, 'GET', manifests(image.digest))).status).toBe(200);
    expect((await ask(north.app, 'GET', blobs(digestOf(image.config)))).status).toBe(307);
  });

  it('obeys at once a lock that the same instance has just set', async () => {
    const { clock, north } = threeInstances();
    const image = makeImage('locked');
    await pushImage(north.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    const locked = await ask(north.app, 'PATCH', `/acr/v1/${repository}/_manifests/${image.digest}`, {
      body: JSON.stringify({ readEnabled: false }),
      headers: { 'content-type': 'application/json' },
    });
    expect(locked.status).toBe(200);
    expect((await ask(north.app, 'GET', manifests(image.digest))).status).toBe(405);
  });

  it('reads near what the instance has pushed and not deleted, so that a pull after a push stays in its region', async () => {
    const { clock, north } = threeInstances();
    const image = makeImage('near');
    await pushImage(north.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    north.near.resetCounts();
    north.memory.calls.resetCounts();
    await ask(north.app, 'GET', manifests(image.digest));
    await ask(north.app, 'GET', blobs(digestOf(image.config)));
    // The write region is asked for the repository's entry alone.
    expect([north.near.count('documents.read'), north.memory.calls.count('documents.read')]).toEqual([3, 1]);
  });
});

describe('an instance that an event tells of a deletion elsewhere', () => {
  it('does not show the manifest from then on, neither from memory nor from its region', async () => {
    const { clock, east, north, peer } = threeInstances();
    const image = makeImage('told');
    await pushImage(east.app, repository, 'v1', image);
    clock.advance(lagMs + 1);
    for (const { app } of [north, peer]) expect((await ask(app, 'GET', manifests(image.digest))).status).toBe(200);
    expect((await ask(north.app, 'DELETE', manifests(image.digest))).status).toBe(202);
    // Nobody has told it yet.
    expect((await ask(peer.app, 'GET', manifests(image.digest))).status).toBe(200);
    const deleted = peer.world
      .region('north')
      .events.log.filter(({ type }) => type === 'Microsoft.ContainerRegistry.ImageDeleted');
    expect(deleted).toHaveLength(1);
    await peer.events['usage-record'](deleted[0]);
    for (let second = 0; second <= lagMs / 1_000; second += 1) {
      expect((await ask(peer.app, 'GET', manifests(image.digest))).status).toBe(404);
      clock.advance(1_000);
    }
  });
});

describe('an instance that deletes more than it remembers', () => {
  it('reads everything in the write region rather than believe what it has forgotten', () => {
    const own = new OwnWrites(2);
    const key = { registry: 'default', repository } as unknown as RepositoryKey;
    const refs = ['1', '2', '3'].map((seed) => manifestRef(key, digestOf(Buffer.from(seed))));
    const other = manifestRef(key, digestOf(Buffer.from('another')));
    own.remember(refs.slice(0, 2));
    expect([...refs.slice(0, 2), other].map((ref) => own.overtakes(ref))).toEqual([true, true, false]);
    own.remember(refs.slice(2));
    expect([...refs, other].map((ref) => own.overtakes(ref))).toEqual([true, true, true, true]);
  });
});
