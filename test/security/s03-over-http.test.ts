import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { basic } from '../shared/features/identity/required.ts';
import { send } from './send.ts';
import { tally } from './strangers.ts';

let required: RequiredStack;
beforeAll(async () => {
  required = await startRequiredStack();
}, 60_000);
afterAll(() => required.stop());

/** `count` requests, 50 at a time. */
async function flood(
  count: number,
  one: (n: number) => Promise<{ readonly status: number }>,
): Promise<Record<number, number>> {
  const statuses: number[] = [];
  for (let from = 0; from < count; from += 50)
    statuses.push(
      ...(await Promise.all(Array.from({ length: 50 }, (_, n) => one(from + n)))).map(({ status }) => status),
    );
  return tally(statuses);
}

describe.each(['url', 'functionsUrl'] as const)("at the stack's %s", (host) => {
  it("2,400 posts of strangers leave pushes, the management API and docker's login as they were", async () => {
    const url = required.stack[host];
    const answers = await flood(2_400, (n) =>
      send(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST', from: `127.0.6.${(n % 4) + 1}` }),
    );
    expect(Object.keys(answers).filter((status) => status !== '401' && status !== '429')).toEqual([]);
    const headers = basic('admin', required.password);
    expect((await send(`${url}/v2/`)).status).toBe(401);
    expect((await send(`${url}/oauth2/token?service=${new URL(url).host}`, { headers })).status).toBe(200);
    expect((await send(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST', headers })).status).toBe(202);
    expect(
      (
        await send(`${url}/api/v1/registry`, {
          method: 'PATCH',
          headers: { ...headers, 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
    ).toBe(200);
    expect((await send(`${url}/healthz`)).status).toBe(200);
  }, 120_000);
});
