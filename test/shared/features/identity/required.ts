import { commitChanges } from '../../../../shared/adapters/memory/changes.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { cheapPasswords, composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { Clock } from '../../../../shared/core/ports/clock.ts';
import { sealingKeys } from '../../../../shared/core/secrets/sealing-keys.ts';
import { makeRingKey } from '../../../../shared/features/identity/keys/document.ts';
import { makeSalt } from '../../../../shared/features/identity/password.ts';
import type { RateLimitSettings } from '../../../../shared/features/identity/ratelimits.ts';
import { ask } from '../../image.ts';

export const adminPassword = "the administrator's password";
const salt = makeSalt();
const administrator = { salt, hash: await cheapPasswords.hashPassword(adminPassword, salt) };

export const secretKey = Buffer.alloc(32, 'a secret for tests alone');

const start = new Date('2026-01-01T00:00:00Z');

/** One key for all tests of a file: making one takes longer than most tests. */
const ringKey = await makeRingKey({
  registry: 'default' as RegistryName,
  kid: 'of the tests',
  createdAt: start,
  signsFrom: start,
  sealingKey: await sealingKeys(undefined, { key: secretKey }).current(),
});

/** A clock that a test moves. */
export class TestClock implements Clock {
  #ms = start.getTime();

  now(): Date {
    return new Date(this.#ms);
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}

export interface Required extends TestLongshore {
  readonly clock: TestClock;
}

type Options = Parameters<typeof composeForTest>[0] & {
  readonly clock?: TestClock;
  readonly rateLimits?: RateLimitSettings;
  readonly publicUrl?: URL;
  readonly secretKey?: Uint8Array;
  readonly ring?: 'none';
};

/**
 * The app where credentials are required, with an administrator and a clock that stands still. The same `world` and
 * `clock` again is another instance.
 */
export function composeRequired(options: Options = {}): Required {
  const clock = options.clock ?? new TestClock();
  const world = options.world ?? createMemoryWorld({ clock });
  if (options.world === undefined && options.ring !== 'none')
    commitChanges(
      world.documents,
      'registries',
      ['default'],
      [
        {
          do: 'create',
          document: { id: 'key-ring', type: 'key-ring', schemaVersion: 1, registry: 'default', keys: [ringKey] },
        },
      ],
    );
  const auth = {
    mode: 'required',
    administrator,
    ...(options.rateLimits === undefined ? {} : { rateLimits: options.rateLimits }),
    ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
  } as const;
  return {
    ...composeForTest({
      ...options,
      world,
      settings: { auth, sealing: { key: options.secretKey ?? secretKey }, ...options.settings },
    }),
    clock,
  };
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

export const asAdmin = basic('admin', adminPassword);

/** The app for the tests' own calls, which name nobody: they are made by the administrator then. */
export function byAdmin(app: TestLongshore['app']): TestLongshore['app'] {
  return {
    ...app,
    fetch: async (request: Request) => {
      if (!request.headers.has('authorization')) request.headers.set('authorization', asAdmin['authorization'] ?? '');
      return app.fetch(request);
    },
  };
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A call of the management API by the administrator; throws when it is refused. */
export async function manage<T = unknown>(
  { app }: Pick<TestLongshore, 'app'>,
  method: string,
  path: string,
  content?: unknown,
): Promise<T> {
  const response = await ask(
    app,
    method,
    `/api/v1${path}`,
    content === undefined
      ? { headers: asAdmin }
      : { headers: { ...asAdmin, 'content-type': 'application/json' }, body: JSON.stringify(content) },
  );
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export interface MadeToken {
  readonly name: string;
  readonly passwords: readonly { readonly name: string; readonly value: string }[];
}

/** Makes a scope map of the same name and a token that has it; gives the first password. */
export async function makeToken(
  longshore: Pick<TestLongshore, 'app'>,
  name: string,
  actions: readonly string[],
  content: object = {},
): Promise<string> {
  await manage(longshore, 'PUT', `/scope-maps/${name}`, { actions });
  const made = await manage<MadeToken>(longshore, 'POST', '/tokens', { name, scopeMap: name, ...content });
  return made.passwords[0]?.value ?? '';
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** `GET /oauth2/token` as docker asks it. */
export async function fetchToken(
  { app }: Pick<TestLongshore, 'app'>,
  headers: Record<string, string>,
  scopes: readonly string[] = [],
  more = '',
): Promise<Tokens> {
  const query = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('');
  const response = await ask(app, 'GET', `/oauth2/token?service=registry.test${query}${more}`, { headers });
  if (!response.ok) throw new Error(`GET /oauth2/token: ${response.status} ${await response.text()}`);
  return (await response.json()) as Tokens;
}

/** A POST of a form. */
export async function postForm(
  { app }: Pick<TestLongshore, 'app'>,
  path: string,
  fields: Record<string, string> | [string, string][],
): Promise<Response> {
  return ask(app, 'POST', path, {
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
}

/** The payload of a JWT, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}

export async function codeOf(response: Response): Promise<string | undefined> {
  return ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code;
}
