import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Secrets } from '../../shared/core/ports/secrets.ts';

export interface SecretsUnderTest {
  readonly secrets: Secrets;
  /** As an administrator of the vault does. */
  readonly disable: (name: string, version: string) => void;
  /** As an administrator of the vault writes a version with tags. */
  readonly put: (name: string, value: string, tags: Readonly<Record<string, string>>) => string;
  readonly stop: () => Promise<void>;
}

export function newSecretName(): string {
  return `contract-${randomUUID()}`;
}

/** Every sentence of shared/core/ports/secrets.ts, asked of one adapter. */
export function secretsContract(adapter: string, setup: () => Promise<SecretsUnderTest>): void {
  describe(`secrets: ${adapter}`, () => {
    let world: SecretsUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());

    it('gives what was written, with its version', async () => {
      const [{ secrets }, name, value] = [world, newSecretName(), 'é✓ "quoted" and\nlong '.repeat(50)];
      const version = await secrets.writeSecret(name, value);
      expect(await secrets.readSecret(name)).toEqual({ value, version });
    });

    it('gives the tags of the version that it gives', async () => {
      const [{ secrets, put }, name] = [world, newSecretName()];
      const version = put(name, 'one', { 'longshore-hosts': 'git.example' });
      expect(await secrets.readSecret(name)).toEqual({
        value: 'one',
        version,
        tags: { 'longshore-hosts': 'git.example' },
      });
      // Azure's own tools drop the tags with the next version, unless they are given again.
      expect(await secrets.writeSecret(name, 'two').then(() => secrets.readSecret(name))).not.toHaveProperty('tags');
      expect(await secrets.readSecret(name, version)).toMatchObject({ tags: { 'longshore-hosts': 'git.example' } });
    });

    it('keeps each version under its own name, and gives the newest without one', async () => {
      const [{ secrets }, name] = [world, newSecretName()];
      const [first, second] = [await secrets.writeSecret(name, 'one'), await secrets.writeSecret(name, 'two')];
      expect(first).not.toBe(second);
      expect(await secrets.readSecret(name)).toEqual({ value: 'two', version: second });
      expect(await secrets.readSecret(name, first)).toEqual({ value: 'one', version: first });
    });

    it('has nothing under a name or a version that is not there', async () => {
      const [{ secrets }, name] = [world, newSecretName()];
      expect(await secrets.readSecret(name)).toBeUndefined();
      await secrets.writeSecret(name, 'one');
      expect(await secrets.readSecret(name, '0123456789abcdef0123456789abcdef')).toBeUndefined();
    });

    it('gives nothing of a version that was disabled, and the others still', async () => {
      const [{ secrets, disable }, name] = [world, newSecretName()];
      const [first, second] = [await secrets.writeSecret(name, 'one'), await secrets.writeSecret(name, 'two')];
      disable(name, first);
      expect(await secrets.readSecret(name, first)).toBeUndefined();
      expect((await secrets.readSecret(name))?.version).toBe(second);
      disable(name, second);
      expect(await secrets.readSecret(name)).toBeUndefined();
    });

    it.each(['', 'a/b', 'a_b', '..', 'é', 'a'.repeat(128)])('refuses the name %j', async (name) => {
      await expect(world.secrets.readSecret(name)).rejects.toThrow(TypeError);
      await expect(world.secrets.writeSecret(name, 'v')).rejects.toThrow(TypeError);
    });

    it.each(['', '../other', 'a?b', 'a'.repeat(33)])('refuses the version %j', async (version) => {
      await expect(world.secrets.readSecret('a', version)).rejects.toThrow(TypeError);
    });

    it('takes 25,000 bytes and no more, and repeats nothing of a value that it refuses', async () => {
      const [{ secrets }, name] = [world, newSecretName()];
      await secrets.writeSecret(name, 'v'.repeat(25_000));
      const refused = secrets.writeSecret(name, 'é'.repeat(12_501));
      await expect(refused).rejects.toThrow(TypeError);
      await expect(refused).rejects.not.toThrow(/éé/);
    });
  });
}
