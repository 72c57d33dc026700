import { describe, expect, it } from 'vitest';
import type { RegistryName, RepositoryName } from '../../shared/core/oci/name.ts';
import { noGrants } from '../../shared/features/identity/grants.ts';
import { askGrants } from '../../shared/features/identity/may-pull.ts';
import { composeRequired, makeToken, manage } from '../shared/features/identity/required.ts';

const base = 'secret/base' as RepositoryName;
const dayMs = 24 * 3_600_000;
const entry = {
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'longshore',
  conditions: [{ claim: 'repository', is: 'octo/app' }],
  scopeMap: 'reader',
};

/** A trusted issuer and a token that may pull, and what is answered about who pushes now. */
async function asked() {
  const one = composeRequired();
  await makeToken(one, 'reader', ['repositories/secret/*/content/read']);
  await manage(one, 'PUT', '/trusted-issuers/ci', entry);
  const grants = askGrants(
    { documents: one.memory.documents, clock: one.clock, anonymous: { read: () => Promise.resolve(noGrants) } },
    { registry: 'default' as RegistryName },
  );
  one.clock.pass(dayMs);
  const at = one.clock.now().toISOString();
  one.clock.pass(dayMs);
  const workload = (issuers: string[]) =>
    grants.mayPull({ who: { is: 'workload', subject: 'reader', issuers }, at }, base);
  return { one, grants, at, workload, token: () => grants.mayPull({ who: { is: 'token', name: 'reader' }, at }, base) };
}

describe('a workload that has pushed', () => {
  it('may pull what the entry that it satisfied grants now, also when that is written again as it was', async () => {
    const { one, workload } = await asked();
    await manage(one, 'PUT', '/trusted-issuers/ci', entry);
    expect(await workload(['ci'])).toBe(true);
    await manage(one, 'PUT', '/scope-maps/reader', { actions: ['repositories/other/content/read'] });
    expect(await workload(['ci'])).toBe(false);
  });

  it.each([
    ['other conditions', { ...entry, conditions: [{ claim: 'repository', is: 'octo/other' }] }],
    ['another audience', { ...entry, audience: 'other' }],
    ['another issuer', { ...entry, issuer: 'https://issuer.example' }],
  ])('may pull nothing by an entry that has %s since, nor when it is put back', async (_, changed) => {
    const { one, workload } = await asked();
    await manage(one, 'PUT', '/trusted-issuers/ci', changed);
    await manage(one, 'PUT', '/trusted-issuers/ci', entry);
    expect(await workload(['ci'])).toBe(false);
  });

  it('may pull nothing by no entry or one that is gone, and has nothing of a token that is called as it is', async () => {
    const { one, workload } = await asked();
    expect([await workload([]), await workload(['unknown'])]).toEqual([false, false]);
    await manage(one, 'DELETE', '/trusted-issuers/ci');
    expect(await workload(['ci'])).toBe(false);
  });
});

describe('who else has pushed', () => {
  it('has the right of its own kind alone, whatever its name is', async () => {
    const { grants, at, token } = await asked();
    expect(await token()).toBe(true);
    expect(
      await Promise.all(
        [
          { is: 'anonymous' } as const,
          { is: 'task', name: 'reader' } as const,
          { is: 'administrator' } as const,
          { is: 'token', name: 'admin' } as const,
        ].map((who) => grants.mayPull({ who, at }, base)),
      ),
    ).toEqual([false, false, false, false]);
  });

  it('has none with a token that nobody can show any more', async () => {
    const { one, token } = await asked();
    await manage(one, 'DELETE', '/tokens/reader/passwords/password1');
    expect(await token()).toBe(true);
    await manage(one, 'DELETE', '/tokens/reader/passwords/password2');
    expect(await token()).toBe(false);
  });
});
