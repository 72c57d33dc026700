import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { azureSecrets } from '../../shared/adapters/azure/secrets.ts';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import type { KeyVault } from './keyvault.ts';
import { startKeyVault, vault } from './keyvault.ts';
import { newSecretName, secretsContract } from './secrets.contract.ts';

secretsContract("Azure SDK on a vault's protocol", async () => {
  const standIn = await startKeyVault();
  return {
    secrets: azureSecrets({ vault, ...standIn }),
    disable: (name, version) => standIn.store.disable(name, version),
    put: (name, value, tags) => standIn.store.put(name, value, tags),
    stop: () => standIn.stop(),
  };
});

describe('secrets of a Key Vault', () => {
  let standIn: KeyVault;
  beforeAll(async () => {
    standIn = await startKeyVault();
  });
  afterAll(() => standIn.stop());

  const failure = (kind: string) => ({ name: 'StoreFailure', dependency: 'secrets', kind });

  it('are asked for with a token for the resource of the challenge, fetched once', async () => {
    const fresh = await startKeyVault();
    const secrets = azureSecrets({ vault, ...fresh });
    await secrets.readSecret('a');
    await secrets.readSecret('b');
    expect(fresh.scopes).toEqual(['https://vault.azure.net/.default']);
    await fresh.stop();
  });

  it("get no token when the challenge names another domain: a thief of the vault's name would have it", async () => {
    const fresh = await startKeyVault();
    fresh.challengeWith('https://management.azure.com');
    await expect(azureSecrets({ vault, ...fresh }).readSecret('a')).rejects.toMatchObject(failure('unavailable'));
    expect(fresh.scopes).toEqual([]);
    await fresh.stop();
  });

  it('survive a short throttling, and tell a long one', async () => {
    const [secrets, name] = [azureSecrets({ vault, ...standIn }), newSecretName()];
    const busy =
      '{"error":{"code":"Throttled","message":"Request was not processed because too many requests were received."}}';
    standIn.answerNext(429, { 'retry-after-ms': '5' }, busy);
    await secrets.writeSecret(name, 'v');
    standIn.answerNext(429, { 'retry-after-ms': '5' }, busy, 3);
    await expect(secrets.readSecret(name)).rejects.toMatchObject(failure('throttled'));
    standIn.answerNext(503, { 'retry-after-ms': '5' }, busy, 3);
    await expect(secrets.readSecret(name)).rejects.toMatchObject(failure('throttled'));
    expect((await secrets.readSecret(name))?.value).toBe('v');
  });

  it.each([
    [403, '{"error":{"code":"Forbidden","innererror":{"code":"ForbiddenByRbac"}}}'],
    [404, '<h1>Not found</h1>'],
    [404, ''],
    [409, '{"error":{"code":"Conflict"}}'],
  ])('fail, and are never absent, when the answer is %i %j', async (status, body) => {
    const secrets = azureSecrets({ vault, ...standIn });
    for (const call of [() => secrets.readSecret('a'), () => secrets.writeSecret('a', 'v')]) {
      standIn.answerNext(status, {}, body);
      await expect(call()).rejects.toMatchObject(failure('unavailable'));
    }
  });

  it('fail when no identity is to be had, or nobody listens', async () => {
    const nobody = { getToken: () => Promise.reject(new Error('no managed identity here')) };
    await expect(azureSecrets({ vault, ...standIn, credential: nobody }).readSecret('a')).rejects.toMatchObject(
      failure('unavailable'),
    );
    const closed = await startKeyVault();
    await closed.stop();
    await expect(azureSecrets({ vault, ...closed }).readSecret('a')).rejects.toThrow(StoreFailure);
    await expect(azureSecrets({ vault: closed.url, credential: closed.credential }).probe()).rejects.toThrow(
      StoreFailure,
    );
  });

  it('fail without a word of the token or the value', async () => {
    const secrets = azureSecrets({ vault, ...standIn });
    standIn.answerNext(500, {}, '', 3);
    const error = await secrets.writeSecret('a', 'the value').catch((thrown: unknown) => thrown as Error);
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
    expect(told).toContain('StoreFailure');
    expect(told).not.toMatch(/the value|token-for/);
  });

  it('answer a probe without credentials', async () => {
    await expect(azureSecrets({ vault: standIn.url, credential: standIn.credential }).probe()).resolves.toBeUndefined();
    expect(standIn.requests.some((request) => request === 'GET /')).toBe(false);
  });
});
