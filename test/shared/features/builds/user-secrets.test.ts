import { describe, expect, it } from 'vitest';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { forRegistry } from '../../../../shared/features/builds/user-secrets.ts';

const [a, b] = ['a', 'b'] as RegistryName[] as [RegistryName, RegistryName];
const secret = (registries?: string) => ({
  value: 'v',
  version: '1',
  ...(registries === undefined ? {} : { tags: { 'longshore-registries': registries } }),
});

describe("a vault's secret in a deployment of several registries", () => {
  it('is there for the registries that its tag lists, and for no other', () => {
    const forA = secret('A, other');
    expect(forRegistry(a, 'longshore-user-npm', forA)).toBe(forA);
    expect(forRegistry(b, 'longshore-user-npm', forA)).toBeUndefined();
  });

  it.each([secret(), secret(''), secret('*'), secret('aa'), { value: 'v', version: '1', tags: {} }])(
    'is there for none without a tag that names it: %j',
    (untagged) => {
      expect(forRegistry(a, 'longshore-user-npm', untagged)).toBeUndefined();
    },
  );

  it("is there whatever its tags are where it is the product's own, which users cannot name", () => {
    const sealing = secret();
    expect(forRegistry(b, 'longshore-sealing-key', sealing)).toBe(sealing);
    expect(forRegistry(b, 'longshore-user-npm', undefined)).toBeUndefined();
  });
});
