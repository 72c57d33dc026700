import { beforeAll, describe, expect, it } from 'vitest';
import type { Required } from '../shared/features/identity/required.ts';
import { asAdmin, basic, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

interface Operation {
  readonly method: string;
  /** As the OpenAPI document has it. */
  readonly template: string;
  readonly path: string;
}

/** The values for the parameters of a path: nothing has these names. */
const fillers: Readonly<Record<string, string>> = { digest: `sha256:${'0'.repeat(64)}` };

async function operationsOf({ app }: Pick<Required, 'app'>): Promise<Operation[]> {
  const document = (await (await ask(app, 'GET', '/api/v1/openapi.json', { headers: asAdmin })).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(document.paths).flatMap(([template, verbs]) =>
    Object.keys(verbs)
      .filter((verb) => ['get', 'put', 'post', 'patch', 'delete'].includes(verb))
      .map((verb) => ({
        method: verb.toUpperCase(),
        template,
        path: `/api/v1${template.replace(/\{([^}]+)\}/g, (_, name: string) => fillers[name] ?? 'nothing-here')}`,
      })),
  );
}

let longshore: Required;
let operations: Operation[];
let callers: Record<string, Record<string, string>>;

beforeAll(async () => {
  longshore = composeRequired();
  const token = async (name: string, actions: readonly string[]) =>
    basic(name, await makeToken(longshore, name, actions));
  callers = {
    none: {},
    'wrong password': basic('admin', 'not the password'),
    // A scope map has one action at least: this is for a repository that nobody has.
    'no rights': await token('nothing', ['repositories/of-nobody/metadata/read']),
    'pull only': await token('puller', ['repositories/*/content/read']),
    'push only': await token('pusher', ['repositories/*/content/read', 'repositories/*/content/write']),
    'management/read': await token('reader', ['management/read']),
    'management/write': await token('writer', ['management/write']),
    administrator: asAdmin,
  };
  operations = await operationsOf(longshore);
}, 60_000);

async function statusFor(caller: string, { method, path }: Operation): Promise<number> {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };
  const answer = await ask(longshore.app, method, path, {
    ...body,
    headers: { ...callers[caller], 'content-type': 'application/json' },
  });
  await answer.body?.cancel();
  return answer.status;
}

/** Guesses are slowed too, and then not even answered by a refusal of their own. */
const isRefused = (status: number) => [401, 403, 429].includes(status);

/** These tell callers about themselves: strangers learn that they are strangers. A wrong password is refused there too. */
const ownOperations = ['GET /me'];

const mayRead = ['management/read', 'management/write', 'administrator'];
const mayWrite = ['management/write', 'administrator'];

describe('the management API', () => {
  it('describes every operation, so that all of them are tried here', () => {
    expect(operations.length).toBeGreaterThan(80);
    expect(new Set(operations.map(({ method }) => method))).toEqual(new Set(['GET', 'PUT', 'POST', 'PATCH', 'DELETE']));
  });

  it.each([
    'none',
    'wrong password',
    'no rights',
    'pull only',
    'push only',
    'management/read',
    'management/write',
    'administrator',
  ])('allows each of its operations to who may, and no other: %s', async (caller) => {
    const wrong: string[] = [];
    for (const operation of operations) {
      const status = await statusFor(caller, operation);
      const isOwn = ownOperations.includes(`${operation.method} ${operation.template}`);
      const may = isOwn
        ? caller !== 'wrong password'
        : (operation.method === 'GET' ? mayRead : mayWrite).includes(caller);
      if (isRefused(status) === may || status >= 500)
        wrong.push(`${operation.method} ${operation.template}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  it('tells who may not manage nothing of what there is', async () => {
    for (const caller of ['none', 'no rights', 'pull only', 'push only']) {
      for (const [kind, there] of [
        ['tokens', 'puller'],
        ['scope-maps', 'puller'],
        ['webhooks', 'hook'],
        ['tasks', 'task'],
      ]) {
        const [of, none] = await Promise.all(
          [there, 'nothing-here'].map(async (name) => {
            const answer = await ask(longshore.app, 'GET', `/api/v1/${kind}/${name}`, {
              headers: callers[caller] ?? {},
            });
            return [answer.status, await answer.text()];
          }),
        );
        expect(of).toEqual(none);
      }
    }
  });
});

describe('keys that every object has', () => {
  const bodies = [
    '{"__proto__":{"admin":true}}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"name":"a","__proto__":{"actions":["management/write"]}}',
    '{"toString":1,"valueOf":2,"hasOwnProperty":3}',
    '[{"__proto__":[]}]',
    '"__proto__"',
  ];

  it('as the body of any operation, and as the name in its path, change nothing and fail nothing', async () => {
    const wrong: string[] = [];
    for (const { method, template, path } of operations.filter(
      (each) => each.method !== 'GET' && each.method !== 'DELETE',
    )) {
      for (const body of bodies) {
        const { status } = await ask(longshore.app, method, path, {
          body,
          headers: { ...asAdmin, 'content-type': 'application/json' },
        });
        if (status >= 500) wrong.push(`${method} ${template} ${body}: ${status}`);
      }
    }
    for (const { method, template } of operations.filter((each) => each.template.includes('{'))) {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        const { status } = await ask(longshore.app, method, `/api/v1${template.replace(/\{[^}]+\}/g, name)}`, {
          ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }),
          headers: { ...asAdmin, 'content-type': 'application/json' },
        });
        if (status >= 500 || (method === 'GET' && status === 200))
          wrong.push(`${method} ${template} with ${name}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    // Nobody has come to hold more by it.
    const writes: readonly Operation[] = operations.filter(({ method }) => method === 'PUT').slice(0, 5);
    for (const caller of ['none', 'pull only', 'management/read'])
      for (const operation of writes) expect(isRefused(await statusFor(caller, operation))).toBe(true);
  });
});
