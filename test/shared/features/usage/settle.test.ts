import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

const repository = 'team/app';

async function usageOf(app: ReturnType<typeof composeForTest>['app']) {
  return (await (await ask(app, 'GET', `/api/v1/usage?repository=${repository}`)).json()) as {
    pushes: number;
    images: number;
    bytes: number;
  };
}

function bytesOf(images: readonly TestImage[]): number {
  const blobs = new Map(
    images.flatMap((image) => [image.config, ...image.layers]).map((blob) => [blob.toString(), blob.length]),
  );
  return (
    [...blobs.values()].reduce((sum, size) => sum + size, 0) +
    images.reduce((sum, image) => sum + image.bytes.length, 0)
  );
}

describe('the usage of a repository', () => {
  it('is exact after any pushes and deletes, in whatever order and however often their events come', async () => {
    const images = [makeImage('a', 2), makeImage('b', 3, {}, 'a'), makeImage('c', 1)];
    const step = fc.record({ image: fc.nat({ max: 2 }), push: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        async (steps, random) => {
          const longshore = composeForTest();
          const held = new Map<number, TestImage>();
          let pushes = 0;
          for (const { image, push } of steps) {
            const subject = images[image];
            if (subject === undefined) throw new Error('no such image');
            if (push) {
              await pushImage(longshore.app, repository, `t${image}`, subject);
              held.set(image, subject);
              pushes++;
            } else if (held.delete(image)) {
              await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/${subject.digest}`);
            }
          }
          const events = longshore.world.region().events.log;
          const deliveries = [...events, ...events]
            .map((event) => ({ event, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at);
          await Promise.all(deliveries.map(({ event }) => longshore.events['usage-record'](event)));
          if (pushes === 0) return;
          expect(await usageOf(longshore.app)).toMatchObject({
            repository,
            pushes,
            images: held.size,
            bytes: bytesOf([...held.values()]),
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('counts an image with more blobs than one batch holds', async () => {
    const longshore = composeForTest();
    const image = makeImage('many', 130);
    await pushImage(longshore.app, repository, 'v1', image);
    const deliver = async () => {
      for (const event of longshore.world.region().events.log) await longshore.events['usage-record'](event);
    };
    await deliver();
    expect(await usageOf(longshore.app)).toMatchObject({ images: 1, bytes: bytesOf([image]) });
    await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    await deliver();
    expect(await usageOf(longshore.app)).toMatchObject({ pushes: 1, images: 0, bytes: 0 });
  });

  it('drops an event that is not of the catalogue instead of failing for ever', async () => {
    const longshore = composeForTest();
    await expect(
      longshore.events['usage-record']({ specversion: '1.0', type: 'Somebody.Else' }),
    ).resolves.toBeUndefined();
  });

  it('answers 404 for a repository to which nothing was pushed, and 400 for what is no name', async () => {
    const { app } = composeForTest();
    expect((await ask(app, 'GET', '/api/v1/usage?repository=nobody')).status).toBe(404);
    expect((await ask(app, 'GET', '/api/v1/usage?repository=UPPER')).status).toBe(400);
  });
});
