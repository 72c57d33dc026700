import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { ask } from '../../image.ts';
import type { Required } from './required.ts';
import { asAdmin, bearer, composeRequired, fetchToken, secretKey, TestClock } from './required.ts';

const day = 24 * 3_600_000;
const newKey = (fill: string) => Buffer.alloc(32, fill).toString('base64');

/** Its private keys are sealed by a secret of the vault; the same again is another instance. */
function composeWithVault(
  options: Partial<Pick<Required, 'world' | 'clock'>> & { readonly calls?: CallPlan; readonly key?: Uint8Array } = {},
): Required {
  const clock = options.clock ?? new TestClock();
  const world = options.world ?? createMemoryWorld({ clock });
  if (options.world === undefined) world.secrets.put('sealing', newKey('1'));
  const sealing = { secret: 'sealing', ...(options.key === undefined ? {} : { key: options.key }) };
  return composeRequired({
    world,
    clock,
    settings: { sealing },
    ...(options.calls === undefined ? {} : { connection: { calls: options.calls } }),
  });
}

async function kidOf(longshore: Required): Promise<string> {
  const { access_token } = await fetchToken(longshore, asAdmin);
  expect((await ask(longshore.app, 'GET', '/v2/', { headers: bearer(access_token) })).status).toBe(200);
  return (JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
}

async function sealedWith({ memory }: Required): Promise<(string | undefined)[]> {
  const found = await memory.documents.readDocument({
    container: 'registries',
    partition: ['default'],
    id: 'key-ring',
  });
  return (found?.document.keys as { privateKey: { key?: string } }[]).map(({ privateKey }) => privateKey.key);
}

describe('a key ring that a vault seals', () => {
  it('is opened by every instance, with one read of the vault each', async () => {
    const first = composeWithVault();
    const kid = await kidOf(first);
    const calls = new CallPlan();
    const second = composeWithVault({ ...first, calls });
    expect([await kidOf(second), await kidOf(second)]).toEqual([kid, kid]);
    expect(calls.count('secrets.read')).toBe(1);
  });

  it("goes on signing with its key when the vault's secret gets a new version, which seals the next key", async () => {
    const longshore = composeWithVault();
    const kid = await kidOf(longshore);
    longshore.world.secrets.put('sealing', newKey('2'));
    expect(await kidOf(composeWithVault(longshore))).toBe(kid);
    longshore.clock.pass(91 * day);
    await kidOf(longshore);
    const seals = await sealedWith(longshore);
    expect(new Set(seals).size).toBe(2);
    longshore.clock.pass(11 * 60_000);
    expect(await kidOf(composeWithVault(longshore))).not.toBe(kid);
  });

  it('makes a new key when the version that sealed it is disabled', async () => {
    const longshore = composeWithVault();
    const kid = await kidOf(longshore);
    const [sealedBy = ''] = await sealedWith(longshore);
    longshore.world.secrets.put('sealing', newKey('2'));
    longshore.world.secrets.disable('sealing', sealedBy.replace('vault:', ''));
    expect(await kidOf(composeWithVault(longshore))).not.toBe(kid);
  });

  it('takes over a ring that the configured key sealed, without a new key', async () => {
    const before = composeRequired();
    const kid = await kidOf(before);
    before.world.secrets.put('sealing', newKey('1'));
    expect(await kidOf(composeWithVault({ ...before, key: secretKey }))).toBe(kid);
  });

  it('issues nothing, and makes no key, while the vault does not answer; what is out stays good', async () => {
    const longshore = composeWithVault();
    const { access_token } = await fetchToken(longshore, asAdmin);
    const calls = new CallPlan().failOn('secrets.read');
    const cold = composeWithVault({ ...longshore, calls });
    expect((await ask(cold.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(503);
    expect((await ask(cold.app, 'GET', '/v2/', { headers: bearer(access_token) })).status).toBe(200);
    expect(await sealedWith(longshore)).toHaveLength(1);
    calls.clearFaults();
    expect((await ask(cold.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(200);
  });

  it('goes on signing with what it has opened while the vault does not answer, also when it cannot open the next key', async () => {
    const calls = new CallPlan();
    const longshore = composeWithVault({ calls });
    const kid = await kidOf(longshore);
    calls.failOn('secrets.read');
    longshore.clock.pass(30 * 60_000);
    expect(await kidOf(longshore)).toBe(kid);
    longshore.clock.pass(91 * day);
    longshore.world.secrets.put('sealing', newKey('2'));
    await kidOf(composeWithVault(longshore));
    longshore.clock.pass(30 * 60_000);
    expect(await kidOf(longshore)).toBe(kid);
  });

  it('is not made while the vault lacks the secret', async () => {
    const clock = new TestClock();
    const longshore = composeWithVault({ clock, world: createMemoryWorld({ clock }) });
    expect((await ask(longshore.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(503);
    longshore.world.secrets.put('sealing', newKey('1'));
    expect((await ask(longshore.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(200);
  });

  it('survives an outage of any call of its first start', async () => {
    const world = () => {
      const clock = new TestClock();
      return composeWithVault({ clock });
    };
    const well = world();
    await fetchToken(well, asAdmin);
    const calls = well.memory.calls.total();
    expect(well.memory.calls.list).toContain('secrets.read');
    for (let n = 1; n <= calls; n++) {
      const ill = composeWithVault({ ...world(), calls: new CallPlan().failOn(n, 1) });
      expect((await ask(ill.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(503);
      await kidOf(ill);
    }
  });
});
