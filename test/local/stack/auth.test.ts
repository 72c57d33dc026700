import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path, ['--auth', 'required']);
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await state.remove();
});

function administrator(): Record<string, string> {
  const password = /"admin" with the password (\S+):/.exec(stack.told())?.[1] ?? '';
  return { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` };
}

describe.each(['url', 'functionsUrl'] as const)('npm start --auth required, by its %s', (host) => {
  it("follows docker's login: challenge, token, request", async () => {
    const challenged = await fetch(`${stack[host]}/v2/`);
    const [, realm = '', service = ''] =
      /^Bearer realm="([^"]+)",service="([^"]+)"$/.exec(challenged.headers.get('www-authenticate') ?? '') ?? [];
    expect([challenged.status, realm, service]).toEqual([
      401,
      `${stack[host]}/oauth2/token`,
      new URL(stack[host]).host,
    ]);
    const granted = await fetch(`${realm}?service=${service}&scope=repository:team/app:pull&offline_token=true`, {
      headers: administrator(),
    });
    const { access_token, refresh_token } = (await granted.json()) as Record<string, string>;
    const [pinged, pulled] = await Promise.all([
      fetch(`${stack[host]}/v2/`, bearer(access_token)),
      fetch(`${stack[host]}/v2/team/app/manifests/v1`, bearer(access_token)),
    ]);
    expect([pinged.status, pulled.status]).toEqual([200, 404]);
    const refreshed = await fetch(realm, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        service,
        scope: 'repository:team/app:push',
        refresh_token: refresh_token ?? '',
      }),
    });
    expect(Object.keys((await refreshed.json()) as object)).toEqual(['access_token']);
  });

  it('makes tokens by the management API, in the order of their names', async () => {
    const make = (path: string, method: string, content: object) =>
      fetch(`${stack[host]}/api/v1${path}`, {
        method,
        headers: { ...administrator(), 'content-type': 'application/json' },
        body: JSON.stringify(content),
      });
    expect((await make('/tokens', 'POST', { name: `b-${host}`, scopeMap: '_repositories_pull' })).status).toBe(201);
    expect((await make('/tokens', 'POST', { name: `a-${host}`, scopeMap: '_repositories_pull' })).status).toBe(201);
    const { items: tokens } = (await (
      await fetch(`${stack[host]}/api/v1/tokens`, { headers: administrator() })
    ).json()) as {
      items: { name: string }[];
    };
    expect(tokens.map(({ name }) => name)).toEqual([...tokens.map(({ name }) => name)].sort());
    expect(tokens.map(({ name }) => name)).toEqual(expect.arrayContaining([`a-${host}`, `b-${host}`]));
  });
});

function bearer(token: string | undefined): RequestInit {
  return { headers: { authorization: `Bearer ${token ?? ''}` } };
}
