import type { Container } from '@azure/cosmos';
import { afterEach, describe, expect, it } from 'vitest';
import { refusal, select, useEmulator } from './harness.ts';

const bed = useEmulator();
afterEach(() => bed.emulator.faults.clear());

/** A container for a client that does not retry. */
async function impatient(): Promise<Container> {
  const { id } = await bed.newContainer();
  const retryOptions = { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 };
  return bed.connect({ connectionPolicy: { retryOptions } }).database('test').container(id);
}

async function codes(count: number, request: (n: number) => Promise<unknown>): Promise<(number | 'ok')[]> {
  const result: (number | 'ok')[] = [];
  for (let n = 0; n < count; n += 1) {
    result.push(
      await request(n).then(
        () => 'ok' as const,
        (error: unknown) => (error as { code: number }).code,
      ),
    );
  }
  return result;
}

describe('a throttle', () => {
  it('answers 429 with the time to wait, for the next requests', async () => {
    const container = await impatient();
    bed.emulator.faults.add({ kind: 'throttle', count: 2, retryAfterMs: 7 });
    const first = await refusal(container.items.create({ pk: 'x' }));
    expect(first).toMatchObject({ code: 429, substatus: 3200, headers: { 'x-ms-retry-after-ms': '7' } });
    expect(await codes(3, () => container.items.create({ pk: 'x' }))).toEqual([429, 'ok', 'ok']);
  });

  it('is waited out by the SDK', async () => {
    const container = await bed.newContainer();
    bed.emulator.faults.add({ kind: 'throttle', count: 3, retryAfterMs: 20 });
    const start = performance.now();
    expect((await container.items.create({ id: 'a', pk: 'x' })).statusCode).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(55);
  });

  it('at a rate strikes evenly, so that a test repeats', async () => {
    const container = await impatient();
    bed.emulator.faults.add({ kind: 'throttle', rate: 0.25 });
    const result = await codes(12, () => container.items.create({ pk: 'x' }));
    expect(result.map((code) => code === 429)).toEqual(Array.from({ length: 12 }, (_, n) => n % 4 === 3));
  });

  it('leaves undone what it refuses', async () => {
    const container = await impatient();
    bed.emulator.faults.add({ kind: 'throttle', count: 1 });
    await refusal(container.items.create({ id: 'a', pk: 'x' }));
    expect(await select(container, 'SELECT * FROM c')).toEqual([]);
  });
});

describe('an outage', () => {
  it('answers 503 until it is cleared', async () => {
    const container = await impatient();
    bed.emulator.faults.add({ kind: 'unavailable' });
    expect(await codes(2, () => container.items.create({ pk: 'x' }))).toEqual([503, 503]);
    bed.emulator.faults.clear();
    expect(await codes(1, () => container.items.create({ pk: 'x' }))).toEqual(['ok']);
  });
});

describe('an outage of one region', () => {
  const two = useEmulator({ region: 'West', readRegions: [{ name: 'North', lagMs: 0 }] });

  it('sends a client that may read elsewhere to the other region', async () => {
    const { id, items } = await two.newContainer();
    await items.create({ id: 'a', pk: 'x' });
    two.emulator.faults.add({ kind: 'unavailable', region: 'North' });
    const client = two.connect({ connectionPolicy: { preferredLocations: ['North', 'West'] } });
    expect((await client.database('test').container(id).item('a', 'x').read()).statusCode).toBe(200);
    expect(two.emulator.faults.struck).toBe(1);
  });
});

describe('latency', () => {
  it('delays a request and then lets it through', async () => {
    const container = await bed.newContainer();
    bed.emulator.faults.add({ kind: 'latency', ms: 120, count: 1 });
    const start = performance.now();
    expect((await container.items.create({ id: 'a', pk: 'x' })).statusCode).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(115);
  });
});

describe('a fault', () => {
  it('can be kept to one kind of operation', async () => {
    const container = await impatient();
    bed.emulator.faults.add({ kind: 'unavailable', operation: 'write' });
    expect((await container.item('a', 'x').read()).statusCode).toBe(404);
    expect(await codes(1, () => container.items.create({ pk: 'x' }))).toEqual([503]);
    expect(await select(container, 'SELECT * FROM c')).toEqual([]);
  });

  it('can be kept to one container', async () => {
    const [one, two] = [await impatient(), await impatient()];
    bed.emulator.faults.add({ kind: 'unavailable', container: two.id });
    expect(await codes(1, () => one.items.create({ pk: 'x' }))).toEqual(['ok']);
    expect(await codes(1, () => two.items.create({ pk: 'x' }))).toEqual([503]);
  });

  it('meets a query once, and not the plan that the SDK asks for beside it', async () => {
    const container = await impatient();
    const before = bed.emulator.faults.struck;
    bed.emulator.faults.add({ kind: 'throttle', count: 1 });
    expect(await codes(2, () => select(container, 'SELECT * FROM c'))).toEqual([429, 'ok']);
    expect(bed.emulator.faults.struck - before).toBe(1);
  });
});

describe('the control route', () => {
  const route = (method: string, body?: unknown, key = bed.emulator.key): Promise<Response> =>
    fetch(`${bed.emulator.endpoint}_faults`, {
      method,
      headers: { authorization: key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it('arms, lists and clears faults', async () => {
    const container = await impatient();
    expect((await route('POST', { kind: 'unavailable', count: 2, operation: 'write' })).status).toBe(201);
    expect(await codes(1, () => container.items.create({ pk: 'x' }))).toEqual([503]);
    expect(await (await route('GET')).json()).toMatchObject({
      armed: [{ kind: 'unavailable', count: 1, operation: 'write' }],
    });
    expect((await route('DELETE')).status).toBe(204);
    expect(await codes(1, () => container.items.create({ pk: 'x' }))).toEqual(['ok']);
  });

  it('needs the key', async () => {
    expect((await route('POST', { kind: 'unavailable' }, 'guess')).status).toBe(401);
    expect(bed.emulator.faults.armed).toEqual([]);
  });

  it('refuses a fault that it does not know', async () => {
    expect((await route('POST', { kind: 'earthquake' })).status).toBe(400);
  });
});
