import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blockBytes } from '../../shared/features/registry/stage-body.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import {
  breakOff,
  digestOfAll,
  digestPulled,
  gibibyte,
  growthWhile,
  layerBytes,
  mebibyte,
  requireDisk,
  sendPart,
} from './large-bodies.ts';

const allowedGrowth = 96 * mebibyte;
/**
 * The bytes that were under way when the connection broke: blocks in flight, the one being filled, and what the sockets
 * held.
 */
const allowedLoss = 64 * mebibyte;
const minutes = 60_000;
/** In GiB. What grows with a layer is seen at four; ten take three minutes. */
const largest = Number(process.env.LAYER_GIB ?? 4);

let state: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;

// A stack for each: what one leaves on the disk is gone before the next begins.
beforeEach(async () => {
  state = await stateFolder();
});

afterEach(async () => {
  expect(await stack.stop()).toBe(0);
  await state.remove();
});

/** Asks where the upload goes on, as a client does that comes back. */
async function askWhereToGoOn(url: string): Promise<{ next: number; location: string }> {
  const stands = await fetch(url);
  expect(stands.status).toBe(204);
  const location = stands.headers.get('location') ?? '';
  expect(location.length).toBeLessThan(1_000);
  return {
    next: Number(/^0-(\d+)$/.exec(stands.headers.get('range') ?? '')?.[1]) + 1,
    location: `${stack.url}${location}`,
  };
}

describe.each([
  ['PATCH', 2, 3],
  ['PUT', largest, 4],
] as const)('a layer whose %s breaks off at half of %i GiB', (method, gibibytes, seed) => {
  it(
    'goes on from its last whole block, in bounded memory, and comes back byte for byte',
    { timeout: 20 * minutes },
    async () => {
      const layer = { seed, from: 0, to: gibibytes * gibibyte };
      await requireDisk(state.path, layer.to + gibibyte);
      const digest = await digestOfAll(layerBytes(layer));
      // Not before: while a process idles the system may take back its pages, and it would seem to grow when it works
      // again.
      stack = await startRunningStack(state.path);
      const started = await fetch(`${stack.url}/v2/large/layer/blobs/uploads/`, { method: 'POST' });
      const url = `${stack.url}${started.headers.get('location') ?? ''}`;
      const began = performance.now();
      const { result: seconds, growth } = await growthWhile(stack.pid, async () => {
        await breakOff(method, method === 'PUT' ? `${url}&digest=${digest}` : url, layer, layer.to / 2);
        const asked = performance.now();
        const { next, location } = await askWhereToGoOn(url);
        const told = performance.now();
        expect(next % blockBytes).toBe(0);
        expect(next).toBeGreaterThan(layer.to / 2 - allowedLoss);
        const rest = { ...layer, from: next };
        const end =
          method === 'PUT'
            ? location
            : `${stack.url}${(await sendPart('PATCH', location, rest)).headers.location ?? ''}`;
        const sent = performance.now();
        // Its hash was lost with the request that broke off: it is read back before this is answered.
        const finished = await sendPart(
          'PUT',
          `${end}&digest=${digest}`,
          method === 'PUT' ? rest : { ...layer, from: layer.to },
        );
        expect(finished.statusCode).toBe(201);
        return { asked: (told - asked) / 1_000, ended: (performance.now() - sent) / 1_000 };
      });
      expect(await digestPulled(`${stack.url}/v2/large/layer/blobs/${digest}`)).toBe(digest);
      expect(growth).toBeLessThan(allowedGrowth);
      process.stdout.write(
        `${method}, ${gibibytes} GiB: ${Math.round((performance.now() - began) / 1_000)} s in all, ` +
          `${seconds.asked.toFixed(1)} s to ask where it stands, ${Math.round(seconds.ended)} s for the last PUT; ` +
          `the server grew by ${Math.round(growth / mebibyte)} MiB\n`,
      );
    },
  );
});
