import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { sweepAge } from '../../../../shared/core/events/outbox.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

const repository = 'team/app';
const pushes = 64;
const tags = Array.from({ length: 8 }, (_, n) => `v${n}`);

/** The same numbers each time: a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Many images of few layers: they share some, and each tag is fought over. */
function pushOf(n: number): { readonly tag: string; readonly image: TestImage } {
  return { tag: tags[n % tags.length] ?? 'v0', image: makeImage(`parallel ${n}`, 2, {}, `shared ${n % 5}`) };
}

interface TagMoved {
  readonly target: { readonly tag: string; readonly digest: string; readonly previousDigest: string };
}

describe('64 pushes into one repository at once, their tags overlapping', () => {
  it.each([1, 2, 3])(
    'all succeed, leave every tag on a whole image, and tell of each exactly once (order %i)',
    async (seed) => {
      const random = randomFrom(seed);
      let now = Date.now();
      const passTime = (ms: number) => (now += ms);
      const longshore = composeForTest({
        world: createMemoryWorld({ clock: { now: () => new Date(now) } }),
        connection: { calls: new CallPlan().delay(() => Math.floor(random() * 4)) },
      });
      const { app, world } = longshore;
      const all = Array.from({ length: pushes }, (_, n) => pushOf(n));
      await Promise.all(all.map(({ tag, image }) => pushImage(app, repository, tag, image)));

      const byDigest = new Map(all.map(({ image }) => [image.digest, image]));
      for (const tag of tags) {
        const pulled = await ask(app, 'GET', `/v2/${repository}/manifests/${tag}`);
        const image = byDigest.get(pulled.headers.get('docker-content-digest') ?? '');
        expect(image === undefined ? undefined : Buffer.from(await pulled.arrayBuffer()).equals(image.bytes)).toBe(
          true,
        );
        const { config, layers } = JSON.parse(Buffer.from(image?.bytes ?? []).toString()) as {
          config: { digest: string };
          layers: { digest: string }[];
        };
        for (const { digest } of [config, ...layers])
          expect((await ask(app, 'HEAD', `/v2/${repository}/blobs/${digest}`)).status).toBe(200);
      }

      // A push whose answer was lost may have recorded more than its own event, and the sweep publishes the rest.
      passTime(sweepAge + 1);
      await longshore.timers['events-sweep']();
      const events = [...new Map(world.region().events.log.map((event) => [event.id, event])).values()];
      const pushed = events.filter(({ type }) => type === 'Microsoft.ContainerRegistry.ImagePushed');
      const moved = events.filter(({ type }) => type === 'Longshore.TagMoved');
      expect(new Set(pushed.map(({ id }) => id)).size).toBe(pushes);
      expect(pushed).toHaveLength(pushes);
      // Each tag is set once anew, and moved by every other push of it.
      expect(moved).toHaveLength(pushes - tags.length);
      // The moves of each tag form one chain from its first image: no push moves it from where another one has.
      for (const tag of tags) {
        const own = moved.map(({ data }) => data as TagMoved).filter(({ target }) => target.tag === tag);
        expect(new Set(own.map(({ target }) => target.previousDigest)).size).toBe(own.length);
        const made = new Set(own.map(({ target }) => target.digest));
        expect(own.filter(({ target }) => !made.has(target.previousDigest))).toHaveLength(1);
      }
    },
  );
});
