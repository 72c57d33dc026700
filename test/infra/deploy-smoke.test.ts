import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smokeTest } from '../../infra/deploy/smoke.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { makeAzStandIn } from './az-stand-in.ts';

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
  it('pushes, pulls, and sees the event and a webhook, each time it runs', async () => {
    expect(await tried(required.password)).toEqual([]);
    expect(await tried(required.password)).toEqual([]);
  });

  it('says what it left out without the password', async () => {
    expect(await tried(undefined)).toEqual([
      'LONGSHORE_ADMIN_PASSWORD is not set: push, pull, events and webhooks were not tested.',
    ]);
  });

  it('stops at a wrong password', async () => {
    await expect(tried('wrong')).rejects.toThrow(/^GET \/v2\/ was answered with 401/);
  });
});

describe('npm run deploy, as a person runs it', () => {
  const flags = [
    '--resource-group',
    'registry',
    '--parameters',
    'infra/main.oneregion.bicepparam',
    '--location',
    'westeurope',
  ];

  async function run(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../infra/deploy/main.ts', import.meta.url)), ...args],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }

  it('builds the package, deploys it, tries it with credentials, and prints the login server alone', async () => {
    const az = await makeAzStandIn();
    const environment = {
      PATH: `${az.folder}${delimiter}${process.env['PATH'] ?? ''}`,
      AZ_FOLDER: az.folder,
      AZ_LOGIN_SERVER: required.stack.url,
      LONGSHORE_ADMIN_PASSWORD_HASH: 'scrypt:a',
      LONGSHORE_IMAGE: 'registry.example/longshore:1',
      LONGSHORE_ADMIN_PASSWORD: required.password,
    };
    try {
      const { code, stdout, stderr } = await run(flags, environment);
      expect(stderr.split('\n').filter((line) => line.startsWith('Next:'))).toEqual([]);
      expect([code, stdout]).toEqual([0, `${new URL(required.stack.url).host}\n`]);
      expect((await az.calls()).at(-1)).toContain('--name longshore-subscriptions');
    } finally {
      await az.remove();
    }
  }, 60_000);

  it('says what is missing, and ends with 1', async () => {
    expect(await run([], {})).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/--resource-group is missing.*--parameters/s) as string,
    });
    expect(await run(flags, {})).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('LONGSHORE_ADMIN_PASSWORD_HASH is not set') as string,
    });
    expect(
      await run(flags, {
        LONGSHORE_ADMIN_PASSWORD_HASH: '',
        LONGSHORE_IMAGE: 'registry.example/longshore:1',
        PATH: '/nowhere',
      }),
    ).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('install the Azure CLI') as string });
  });
});
