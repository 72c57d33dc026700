import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { ask } from '../shared/image.ts';

const { app } = composeForTest();

/** The values for the parameters of a path, so that nothing but the query is wrong. */
const names: Readonly<Record<string, string>> = {
  build: '00000000-0000-4000-8000-000000000000',
  digest: `sha256:${'2'.repeat(64)}`,
  number: '1',
};

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly parameters?: readonly { readonly in: string; readonly name: string }[] }>>
    >
  >;
}

describe('a parameter that a call of the management API does not know', () => {
  it('is refused, with those that it knows', async () => {
    const answer = await ask(app, 'GET', '/api/v1/usage?repo=team/app');
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: { message: string }[] };
    expect(errors[0]?.message).toContain('this call has no parameter "repo": it has repository, tag, digest');
  });

  it('is refused by every call that there is', async () => {
    const { paths } = (await (await ask(app, 'GET', '/api/v1/openapi.json')).json()) as Described;
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ path, method })),
    );
    expect(calls.length).toBeGreaterThan(80);
    for (const { path, method } of calls) {
      const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => names[name] ?? 'default');
      const answer = await ask(
        app,
        method.toUpperCase(),
        `/api/v1${filled}?unheard-of=1`,
        method === 'get' || method === 'delete' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } },
      );
      expect({ path, method, status: answer.status, says: await answer.text() }).toMatchObject({
        path,
        method,
        status: 400,
        says: expect.stringMatching(/no parameter \\"unheard-of\\"/) as unknown,
      });
    }
  });
});
