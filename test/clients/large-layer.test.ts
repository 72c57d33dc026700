import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import {
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

let state: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;

beforeAll(async () => {
  state = await stateFolder();
  await requireDisk(state.path, 3 * gibibyte);
  stack = await startRunningStack(state.path);
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await state.remove();
});

/** The Functions host ends every body at its limit (docs/local.md), and takes one just below. */
describe.each([
  ['url', 1, gibibyte],
  ['functionsUrl', 2, 340 * mebibyte],
] as const)("a large layer, on the stack's %s", (host, seed, to) => {
  const layer = { from: 0, to };

  it('goes up by one chunked PATCH in bounded memory, and comes back byte for byte', async () => {
    const digest = await digestOfAll(layerBytes({ ...layer, seed }));
    const started = await fetch(`${stack[host]}/v2/large/layer/blobs/uploads/`, { method: 'POST' });
    const { result: patched, growth } = await growthWhile(stack.pid, () =>
      sendPart('PATCH', `${stack[host]}${started.headers.get('location') ?? ''}`, { ...layer, seed }),
    );
    expect(patched.statusCode).toBe(202);
    const finished = await fetch(`${stack[host]}${patched.headers.location ?? ''}&digest=${digest}`, { method: 'PUT' });
    expect(finished.status).toBe(201);
    expect(await digestPulled(`${stack[host]}/v2/large/layer/blobs/${digest}`)).toBe(digest);
    expect(growth).toBeLessThan(allowedGrowth);
    process.stdout.write(
      `${host}: the server grew by ${Math.round(growth / mebibyte)} MiB over a layer of ${to / mebibyte} MiB\n`,
    );
  });
});

describe('a layer that the Functions host ends at its limit', () => {
  it("is refused by the host, and goes up by the stack's other host", async () => {
    const large = { from: 0, to: 350 * mebibyte, seed: 3 };
    const started = await fetch(`${stack.functionsUrl}/v2/large/layer/blobs/uploads/`, { method: 'POST' });
    const refused = await sendPart('PATCH', `${stack.functionsUrl}${started.headers.get('location') ?? ''}`, large);
    expect(refused.statusCode).toBe(500);
    const again = await fetch(`${stack.url}/v2/large/layer/blobs/uploads/`, { method: 'POST' });
    expect((await sendPart('PATCH', `${stack.url}${again.headers.get('location') ?? ''}`, large)).statusCode).toBe(202);
  });
});
