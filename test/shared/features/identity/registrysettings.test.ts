import { setImmediate as settled } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { partOf, ratesOfSku, skus } from '../../../../shared/features/identity/ratelimits.ts';
import { ratesInForce } from '../../../../shared/features/identity/registrysettings.ts';
import { ask } from '../../image.ts';
import type { Required } from './required.ts';
import { asAdmin, basic, composeRequired, makeToken, manage } from './required.ts';

interface Registry {
  readonly sku: string;
  readonly rateLimits: Record<'registry' | 'identity', Partial<Record<'read' | 'write' | 'delete', number>>>;
  readonly inForce: Partial<Record<'registry' | 'identity', Record<'read' | 'write' | 'delete', number>>>;
  readonly updatedAt?: string;
}

const bySku = { registry: 'sku', identity: 'sku' } as const;
const patch = (longshore: Required, change: unknown) => manage<Registry>(longshore, 'PATCH', '/registry', change);

/** Returns how many reads a minute the answer allows. */
async function quota({ app }: Required): Promise<string | undefined> {
  return (await ask(app, 'GET', '/v2/', { headers: asAdmin })).headers.get('ratelimit-policy')?.split(';')[1];
}

describe('the settings of a registry', () => {
  it("are the configuration's while nothing was set", async () => {
    const registry = await manage<Registry>(composeRequired({ rateLimits: bySku }), 'GET', '/registry');
    expect(registry).toEqual({
      name: 'default',
      sku: 'standard',
      rateLimits: { registry: {}, identity: {} },
      inForce: { registry: ratesOfSku.standard, identity: partOf(ratesOfSku.standard, 'identity') },
    });
  });

  it('take the numbers of the SKU, with those that the registry has of its own', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const changed = await patch(longshore, { sku: 'premium', rateLimits: { identity: { read: 50 } } });
    expect(changed).toMatchObject({
      sku: 'premium',
      inForce: { registry: ratesOfSku.premium, identity: { ...partOf(ratesOfSku.premium, 'identity'), read: 50 } },
    });
    expect(await manage(longshore, 'GET', '/registry')).toEqual(changed);
  });

  it('keep what a change does not name, and go back where it says null', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    await patch(longshore, {
      sku: 'premium',
      rateLimits: { identity: { read: 50, write: 5 }, registry: { delete: 1 } },
    });
    expect(await patch(longshore, { rateLimits: { identity: { read: null } } })).toMatchObject({
      sku: 'premium',
      rateLimits: { identity: { write: 5 }, registry: { delete: 1 } },
    });
    const back = await patch(longshore, { sku: null, rateLimits: { registry: null } });
    expect([back.sku, back.rateLimits]).toEqual(['standard', { identity: { write: 5 }, registry: {} }]);
  });

  it('hold at once where they are changed, and elsewhere within ten seconds, without a request that waits', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const other = composeRequired({ ...longshore, rateLimits: bySku });
    await quota(other);
    await settled();
    await patch(longshore, { rateLimits: { identity: { read: 50 } } });
    expect([await quota(longshore), await quota(other)]).toEqual(['q=50', 'q=7500']);
    longshore.clock.pass(10_000);
    await quota(other);
    await settled();
    expect(await quota(other)).toBe('q=50');
  });

  it('cost a read of the store in ten seconds, however many requests there are', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    await quota(longshore);
    await settled();
    longshore.memory.calls.resetCounts();
    for (let n = 0; n < 20; n++) await quota(longshore);
    await settled();
    expect(longshore.memory.calls.list).toEqual([]);
    longshore.clock.pass(10_000);
    for (let n = 0; n < 20; n++) await quota(longshore);
    await settled();
    expect(longshore.memory.calls.list).toEqual(['documents.read']);
  });

  it('stay as they were while the store does not answer', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    await patch(longshore, { rateLimits: { identity: { read: 50 } } });
    longshore.memory.calls.failOn('documents.read');
    longshore.clock.pass(30_000);
    await quota(longshore);
    await settled();
    expect(await quota(longshore)).toBe('q=50');
    longshore.memory.calls.clearFaults();
  });

  it('stop who is past them', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    await patch(longshore, { rateLimits: { identity: { read: 2 } } });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin })).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('change nothing of what the deployment has fixed', async () => {
    const fixed = { read: 7, write: 7, delete: 7 };
    const longshore = composeRequired({ rateLimits: { registry: fixed } });
    const { inForce } = await patch(longshore, {
      sku: 'premium',
      rateLimits: { registry: { read: 50 }, identity: { read: 50 } },
    });
    expect(inForce).toEqual({ registry: fixed });
    expect(await quota(longshore)).toBe('q=7');
  });

  it("of the SKU are ACR's numbers for each, whatever the default is", () => {
    const rate = fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.constantFrom(...skus),
        fc.option(fc.constantFrom(...skus), { nil: undefined }),
        rate,
        (sku, own, read) => {
          const { registry, identity } = ratesInForce(
            { sku, rateLimits: { registry: 'sku' } },
            { sku: own, rateLimits: { registry: { read }, identity: {} } },
          );
          expect(identity).toBeUndefined();
          expect(registry).toEqual({ ...ratesOfSku[own ?? sku], ...(read === undefined ? {} : { read }) });
        },
      ),
    );
  });

  it.each([
    [{ sku: 'gold' }, 'sku'],
    [{ rateLimits: { registry: { read: 0 } } }, 'read'],
    [{ rateLimits: { registry: { reads: 5 } } }, 'reads'],
    [{ name: 'other' }, 'name'],
    [{ rateLimits: { identity: { write: 1.5 } } }, 'write'],
  ])('are not changed by %j, and the answer says what is wrong', async (change, named) => {
    const { app } = composeRequired({ rateLimits: bySku });
    const refused = await ask(app, 'PATCH', '/api/v1/registry', {
      headers: { ...asAdmin, 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(named)]);
  });

  it('are changed by no one who may only read', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const reader = basic('reader', await makeToken(longshore, 'reader', ['management/read']));
    expect((await ask(longshore.app, 'GET', '/api/v1/registry', { headers: reader })).status).toBe(200);
    expect(
      (
        await ask(longshore.app, 'PATCH', '/api/v1/registry', {
          headers: { ...reader, 'content-type': 'application/json' },
          body: '{"sku":"basic"}',
        })
      ).status,
    ).toBe(403);
  });

  it('are all kept when several administrators change them at once', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const instances = [
      longshore,
      composeRequired({ ...longshore, rateLimits: bySku }),
      composeRequired({ ...longshore, rateLimits: bySku }),
    ];
    await Promise.all(
      [
        { sku: 'basic' },
        { rateLimits: { identity: { read: 5_000 } } },
        { rateLimits: { registry: { write: 6_000 } } },
      ].map((change, n) => patch(instances[n] ?? longshore, change)),
    );
    expect(await manage<Registry>(longshore, 'GET', '/registry')).toMatchObject({
      sku: 'basic',
      rateLimits: { identity: { read: 5_000 }, registry: { write: 6_000 } },
    });
  });

  it('answer 503 at any outage of the store, and change nothing by halves', async () => {
    for (const call of ['documents.read', 'documents.commit'] as const) {
      const longshore = composeRequired({ rateLimits: bySku });
      await quota(longshore);
      await settled();
      longshore.memory.calls.failOn(call);
      expect(
        (
          await ask(longshore.app, 'PATCH', '/api/v1/registry', {
            headers: { ...asAdmin, 'content-type': 'application/json' },
            body: '{"sku":"premium"}',
          })
        ).status,
      ).toBe(503);
      longshore.memory.calls.clearFaults();
      expect((await manage<Registry>(longshore, 'GET', '/registry')).sku).toBe('standard');
    }
  });

  it('can be prepared where everyone may do everything, and limit nobody there', async () => {
    const { app } = composeForTest();
    const changed = await ask(app, 'PATCH', '/api/v1/registry', {
      headers: { 'content-type': 'application/json' },
      body: '{"sku":"premium"}',
    });
    expect(await changed.json()).toMatchObject({ sku: 'premium', inForce: {} });
  });
});
