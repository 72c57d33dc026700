import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smokeTest } from '../../infra/deploy/smoke.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';

let required: RequiredStack;

beforeAll(async () => {
  required = await startRequiredStack();
});

afterAll(() => required.stop());

async function tried(password: string | undefined): Promise<string[]> {
  const said: string[] = [];
  await smokeTest(required.stack.url, { password, say: (line) => void said.push(line), pause: () => pause(200) });
  return said;
}

describe('the trial of a deployment, on the local stack', () => {
  it('pushes, pulls and sees the event, each time it runs', async () => {
    expect(await tried(required.password)).toEqual([]);
    expect(await tried(required.password)).toEqual([]);
  });

  it('says what it left out without the password', async () => {
    expect(await tried(undefined)).toEqual(['LONGSHORE_ADMIN_PASSWORD is not set: push, pull and events were not tried.']);
  });

  it('stops at a wrong password', async () => {
    await expect(tried('wrong')).rejects.toThrow(/^GET \/v2\/ was answered with 401/);
  });
});
