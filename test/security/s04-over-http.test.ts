import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { basic } from '../shared/features/identity/required.ts';
import type { Sent } from './send.ts';
import { send } from './send.ts';
import { tally } from './strangers.ts';

let required: RequiredStack;
beforeAll(async () => {
  required = await startRequiredStack();
}, 60_000);
afterAll(() => required.stop());

const formOf = (fields: Record<string, string>) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});
const guess = (n: number) => `guess${n}`.padEnd(43, 'x');
const service = (url: string) => new URL(url).host;

const flows: readonly [string, (url: string, user: string, password: string) => Sent & { readonly path: string }][] = [
  [
    'GET /oauth2/token',
    (url, user, password) => ({ path: `/oauth2/token?service=${service(url)}`, headers: basic(user, password) }),
  ],
  [
    'POST /oauth2/token, grant_type=password',
    (url, user, password) => ({
      path: '/oauth2/token',
      ...formOf({ grant_type: 'password', service: service(url), username: user, password }),
    }),
  ],
  ['user and password at /v2', (_url, user, password) => ({ path: '/v2/', headers: basic(user, password) })],
];

describe.each(['url', 'functionsUrl'] as const)("at the stack's %s", (host) => {
  const at = () => required.stack[host];

  it.each(flows)(
    '200 right logins at once by %s all get in',
    async (_, login) => {
      const url = at();
      const password = await required.makeToken(
        `at-once-${host}-${flows.findIndex(([, each]) => each === login)}`.toLowerCase(),
        ['repositories/*/content/read'],
      );
      const { path, ...sent } = login(
        url,
        `at-once-${host}-${flows.findIndex(([, each]) => each === login)}`.toLowerCase(),
        password,
      );
      const answers = await Promise.all(Array.from({ length: 200 }, () => send(url + path, sent)));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 200 });
    },
    60_000,
  );

  it('200 right uses of a refresh token at once all get in', async () => {
    const url = at();
    const login = await send(`${url}/oauth2/token?service=${service(url)}&offline_token=true`, {
      headers: basic('admin', required.password),
    });
    const { refresh_token } = JSON.parse(login.text) as { refresh_token: string };
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        send(`${url}/oauth2/token`, formOf({ grant_type: 'refresh_token', service: service(url), refresh_token })),
      ),
    );
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 200 });
  }, 60_000);

  it('a guesser at 50 a second from 100 addresses, who writes others into X-Forwarded-For, keeps nobody out', async () => {
    const url = at();
    const password = await required.makeToken(`guessed-${host.toLowerCase()}`, ['repositories/*/content/read']);
    const names = ['admin', `guessed-${host.toLowerCase()}`];
    const guesses: Promise<{ status: number }>[] = [];
    const right: number[] = [];
    for (let second = 0; second < 4; second++) {
      for (let n = 0; n < 50; n++) {
        const nth = second * 50 + n;
        guesses.push(
          send(`${url}/v2/`, {
            headers: { ...basic(names[nth % 2] ?? '', guess(nth)), 'x-forwarded-for': `203.0.113.${nth % 250}` },
            from: `127.0.1.${(nth % 100) + 1}`,
          }),
        );
      }
      const login = (user: string, secret: string) =>
        send(`${url}/v2/`, { headers: basic(user, secret), from: `127.0.2.${second + 1}` });
      right.push(
        ...(await Promise.all([login('admin', required.password), login(names[1] ?? '', password)])).map(
          ({ status }) => status,
        ),
      );
      await sleep(1_000);
    }
    expect(tally(right)).toEqual({ 200: 8 });
    expect(
      Object.keys(tally((await Promise.all(guesses)).map(({ status }) => status))).filter(
        (status) => status !== '401' && status !== '429',
      ),
    ).toEqual([]);
  }, 120_000);

  it('90 connections that guess at the administrator from one address do not fill the queue for another', async () => {
    const url = at();
    const guesses = Array.from({ length: 90 }, (_, n) =>
      send(`${url}/v2/`, { headers: basic('admin', guess(1_000 + n)), from: '127.0.3.1' }),
    );
    const right = await send(`${url}/v2/`, { headers: basic('admin', required.password), from: '127.0.3.2' });
    expect(right.status).toBe(200);
    await Promise.all(guesses);
  }, 60_000);
});

describe('behind one trusted proxy', () => {
  let behind: RequiredStack;
  beforeAll(async () => {
    behind = await startRequiredStack({ LONGSHORE_TRUSTED_HOPS: '1' });
  }, 60_000);
  afterAll(() => behind.stop());

  const knockAs = (url: string, password: string, forwarded: string, from = '127.0.0.1') =>
    send(`${url}/v2/`, { headers: { ...basic('admin', password), 'x-forwarded-for': forwarded }, from });

  it('a client counts by the entry that the proxy has added, whatever it has written before that', async () => {
    const { url } = behind.stack;
    for (let n = 0; n < 7; n++)
      expect((await knockAs(url, guess(n), `198.51.100.${n}, 192.0.2.7`)).status).toBe(n < 6 ? 401 : 429);
    expect((await knockAs(url, behind.password, '192.0.2.8, 192.0.2.7')).status).toBe(429);
    expect((await knockAs(url, behind.password, '192.0.2.7, 192.0.2.8:4711')).status).toBe(200);
  }, 30_000);

  it('a client of the Functions host counts by who has connected to that, whatever it has written', async () => {
    const { functionsUrl } = behind.stack;
    for (let n = 0; n < 7; n++)
      expect((await knockAs(functionsUrl, guess(n), `198.51.100.${n}`, '127.0.5.1')).status).toBe(n < 6 ? 401 : 429);
    expect((await knockAs(functionsUrl, behind.password, '192.0.2.9', '127.0.5.1')).status).toBe(429);
    expect((await knockAs(functionsUrl, behind.password, '127.0.5.1', '127.0.5.2')).status).toBe(200);
  }, 30_000);
});
