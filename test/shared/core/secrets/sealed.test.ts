import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { StoreFailure } from '../../../../shared/core/ports/failures.ts';
import { open, seal } from '../../../../shared/core/secrets/sealed.ts';
import { sealingKeys } from '../../../../shared/core/secrets/sealing-keys.ts';

const bytes = Buffer.from('a private key');
const here = { purpose: 'private keys of the ring', context: 'default/k1' } as const;
const newKey = (fill: string) => Buffer.alloc(32, fill).toString('base64');

async function configured(fill = 'a') {
  const keys = sealingKeys(undefined, { key: Buffer.alloc(32, fill) });
  return { keys, current: await keys.current() };
}

function withVault(key?: Uint8Array) {
  const world = createMemoryWorld();
  const { secrets, calls } = connectMemory(world);
  return {
    vault: world.secrets,
    calls,
    keys: () => sealingKeys(secrets, { secret: 'sealing', ...(key === undefined ? {} : { key }) }),
  };
}

describe('sealed bytes', () => {
  it('open with their key and in their place alone', async () => {
    const { keys, current } = await configured();
    const sealed = seal(bytes, current, here);
    expect(Buffer.from((await open(sealed, keys, here)) ?? '')).toEqual(bytes);
    expect(await open(sealed, (await configured('b')).keys, here)).toBeUndefined();
    expect(
      await open({ ...sealed, key: (await configured('b')).current.id }, (await configured('b')).keys, here),
    ).toBeUndefined();
    expect(await open(sealed, keys, { ...here, context: 'other/k1' })).toBeUndefined();
  });

  it.each(['iv', 'tag', 'bytes'] as const)('do not open when their %s is changed or cut', async (part) => {
    const { keys, current } = await configured();
    const sealed = seal(bytes, current, here);
    const changed = Buffer.from(sealed[part], 'base64');
    changed[0] = (changed[0] ?? 0) ^ 1;
    expect(await open({ ...sealed, [part]: changed.toString('base64') }, keys, here)).toBeUndefined();
    expect(await open({ ...sealed, [part]: changed.subarray(1, 5).toString('base64') }, keys, here)).toBeUndefined();
  });

  it('are others each time', async () => {
    const { current } = await configured();
    expect(seal(bytes, current, here).bytes).not.toBe(seal(bytes, current, here).bytes);
  });

  it('from before keys had names open with the configured key', async () => {
    const { keys, current } = await configured();
    const { key: _unnamed, ...sealed } = seal(bytes, current, here);
    expect(Buffer.from((await open(sealed, keys, here)) ?? '')).toEqual(bytes);
  });

  it('name their key, and nothing of it', async () => {
    const { current } = await configured();
    expect(seal(bytes, current, here).key).toMatch(/^configured:[\w-]{16}$/);
  });
});

describe('keys of a vault', () => {
  it('are the versions of one secret: the newest seals, and each opens what it sealed', async () => {
    const { vault, keys } = withVault();
    vault.put('sealing', newKey('1'));
    const old = seal(bytes, await keys().current(), here);
    vault.put('sealing', newKey('2'));
    const renewed = seal(bytes, await keys().current(), here);
    expect(renewed.key).not.toBe(old.key);
    const other = keys();
    for (const sealed of [old, renewed]) expect(Buffer.from((await open(sealed, other, here)) ?? '')).toEqual(bytes);
  });

  it('are read once each', async () => {
    const { vault, keys, calls } = withVault();
    vault.put('sealing', newKey('1'));
    const [sealed, instance] = [seal(bytes, await keys().current(), here), keys()];
    calls.resetCounts();
    for (let n = 0; n < 3; n++) await open(sealed, instance, here);
    expect(calls.list).toEqual(['secrets.read']);
  });

  it('leave open what the configured key sealed before, and are opened by nothing else', async () => {
    const before = await configured();
    const { vault, keys } = withVault(before.current.bytes);
    vault.put('sealing', newKey('1'));
    const sealed = seal(bytes, before.current, here);
    expect(Buffer.from((await open(sealed, keys(), here)) ?? '')).toEqual(bytes);
    const sealedByVault = seal(bytes, await keys().current(), here);
    expect(await open(sealedByVault, before.keys, here)).toBeUndefined();
  });

  it('that were disabled open nothing, and seal nothing', async () => {
    const { vault, keys } = withVault();
    const version = vault.put('sealing', newKey('1'));
    const sealed = seal(bytes, await keys().current(), here);
    vault.disable('sealing', version);
    expect(await open(sealed, keys(), here)).toBeUndefined();
    await expect(keys().current()).rejects.toThrow(StoreFailure);
  });

  it('cannot be had while the vault does not answer: neither absent, nor another instead', async () => {
    const { vault, keys, calls } = withVault(Buffer.alloc(32, 'configured'));
    vault.put('sealing', newKey('1'));
    const sealed = seal(bytes, await keys().current(), here);
    calls.failOn('secrets.read');
    await expect(keys().current()).rejects.toThrow(StoreFailure);
    await expect(open(sealed, keys(), here)).rejects.toThrow(StoreFailure);
  });

  it.each([
    ['absent', undefined],
    ['too short', Buffer.alloc(31).toString('base64')],
    ['no base64', '%'.repeat(60)],
  ])('seal nothing when the secret is %s', async (_, value) => {
    const { vault, keys } = withVault(Buffer.alloc(32, 'configured'));
    if (value !== undefined) vault.put('sealing', value);
    const sealing = keys().current();
    await expect(sealing).rejects.toThrow(StoreFailure);
    if (value !== undefined) await expect(sealing).rejects.not.toThrow(value);
  });

  it('are missed where neither a vault nor a key is configured', async () => {
    await expect(sealingKeys(undefined, {}).current()).rejects.toThrow(/no sealing key/);
  });
});
