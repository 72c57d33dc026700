import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const { app } = composeForTest();

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(method: string, path: string, content?: unknown): Promise<Answer> {
  const sent =
    content === undefined ? {} : { body: JSON.stringify(content), headers: { 'content-type': 'application/json' } };
  const answer = await ask(app, method, `/api/v1${path}`, sent);
  const text = await answer.text();
  const body = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  const [error] = (body.errors ?? []) as { code: string; message: string }[];
  return { status: answer.status, code: error?.code, message: error?.message, headers: answer.headers, body };
}

describe('a call that the API does not have', () => {
  it('is told of the methods of its path', async () => {
    const answer = await call('POST', '/webhooks', {});
    expect(answer).toMatchObject({ status: 405, code: 'methodNotAllowed', message: 'allowed here: GET, HEAD' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect((await call('GET', '/purge/policies/default/stop')).headers.get('allow')).toBe('POST');
    expect((await call('PUT', '/tokens/ci', {})).headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH');
  });

  it('is told of the document where the path is none', async () => {
    for (const path of ['', '/no-such-thing'])
      expect(await call('GET', path)).toMatchObject({
        status: 404,
        code: 'routeNotFound',
        message: expect.stringContaining('GET /api/v1/openapi.json') as string,
      });
  });

  it('has the codes of distribution elsewhere', async () => {
    const answer = await ask(app, 'GET', '/nowhere');
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
  });
});

describe('a body', () => {
  it('that is not JSON by its header is told which header to send', async () => {
    const form = 'application/x-www-form-urlencoded';
    const answer = await ask(app, 'POST', '/api/v1/tokens', { body: '{}', headers: { 'content-type': form } });
    expect(answer.status).toBe(415);
    expect(await answer.json()).toEqual({
      errors: [
        {
          code: 'unsupportedMediaType',
          message: `the Content-Type of the body is "${form}": send JSON with the header Content-Type: application/json`,
        },
      ],
    });
  });

  it('that is no JSON is told so', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(app, 'POST', '/api/v1/tokens', { body: '{', headers });
    expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ code: 'malformedBody' }] }]);
  });
});

describe('a message about what does not fit', () => {
  const actions = ['push'];
  const serviceUri = 'https://receiver.example/';
  it.each<[string, string, unknown, string]>([
    ['GET', '/usage/top', undefined, 'by is missing, as in ?by=size'],
    [
      'GET',
      '/usage/top?by=sizes',
      undefined,
      'by must be one of size, waste, pulls, pushes, not "sizes" (did you mean size?)',
    ],
    ['GET', '/tokens?limit=500', undefined, 'limit must be at most 100, not 500'],
    ['GET', '/bases', undefined, 'image is missing, as in ?image=team/app:v1'],
    ['GET', '/usage?tags=v1', undefined, '(did you mean tag?)'],
    ['POST', '/tokens', { scopeMap: 'ci' }, 'name is missing, as in {"name":"ci"}'],
    ['PUT', '/scope-maps/ci', { actions: 'catalog/read' }, 'actions must be a list, as ['],
    ['PUT', '/webhooks/production', { serviceUri, actions, scopes: 'a' }, '(did you mean scope?)'],
    [
      'PUT',
      '/webhooks/production',
      { serviceUri, actions, scope: ['a'] },
      'scope must be a string, as "team/**", not a list',
    ],
    [
      'PUT',
      '/purge/policies/nightly',
      { repositories: ['team/**'], remove: [{ name: 'old', olderThanDays: 1 }] },
      'repositories must be an object with include, exclude',
    ],
    ['PUT', '/in-use/cluster', { digests: [] }, 'ttlSeconds is missing, as in {"ttlSeconds":7200}'],
  ])('says what is allowed: %s %s', async (method, path, content, message) => {
    const answer = await call(method, path, content);
    expect(answer).toMatchObject({ status: 400, message: expect.stringContaining(message) as string });
    expect(answer.message).not.toMatch(/Invalid|Too big|Unrecognized|expected/);
    expect(answer.code).toMatch(/^(invalidParameter|unknownParameter|invalidBody)$/);
  });
});

describe('PUT', () => {
  it.each<[string, object]>([
    ['/scope-maps/made', { actions: ['catalog/read'] }],
    [
      '/trusted-issuers/made',
      {
        issuer: 'https://issuer.example',
        audience: 'a',
        conditions: [{ claim: 'sub', is: 'a' }],
        scopeMap: '_repositories_pull',
      },
    ],
    ['/webhooks/hook1', { serviceUri: 'https://receiver.example/', actions: ['push'] }],
    ['/purge/policies/made', { remove: [{ name: 'old', olderThanDays: 30 }] }],
    ['/in-use/cluster', { digests: [], ttlSeconds: 600 }],
    ['/replications/home', {}],
    ['/builds/policies/made', { mode: 'notify' }],
    ['/bases/sources/ghcr', {}],
    ['/bases/upstreams/ghcr.io', {}],
  ])('creates with 201, replaces with 200, and what it made can be read: %s', async (path, content) => {
    expect((await call('PUT', path, content)).status).toBe(201);
    expect((await call('PUT', path, content)).status).toBe(200);
    const [collection, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
    expect((await call('GET', path)).status).toBe(200);
    const { items } = (await call('GET', collection)).body as { items: Record<string, unknown>[] };
    expect(items.some((item) => Object.values(item).includes(name))).toBe(true);
    expect(JSON.stringify(items)).not.toContain('whsec_');
  });
});

describe('PATCH', () => {
  it('changes what it names of a policy, and null goes back to the default', async () => {
    await call('PUT', '/purge/policies/patched', {
      retentionDays: 5,
      brakePercent: 50,
      remove: [{ name: 'old', olderThanDays: 30 }],
    });
    const changed = await call('PATCH', '/purge/policies/patched', { brakePercent: null });
    expect(changed).toMatchObject({ status: 200, body: { policy: { retentionDays: 5, brakePercent: 20 } } });
    await call('PUT', '/builds/policies/patched', { mode: 'notify', tags: { include: ['v*'] } });
    expect(await call('PATCH', '/builds/policies/patched', { enabled: false })).toMatchObject({
      status: 200,
      body: { mode: 'notify', tags: { include: ['v*'] }, enabled: false },
    });
    expect(await call('PATCH', '/builds/policies/nobody', { enabled: false })).toMatchObject({
      status: 404,
      code: 'buildPolicyNotFound',
    });
    expect((await call('PATCH', '/builds/policies/patched', { enable: false })).message).toContain(
      'did you mean enabled?',
    );
  });
});

describe('a name', () => {
  it.each(['/scope-maps/Team_a-', '/builds/policies/Team_a-', '/purge/policies/Team_a-'])(
    'is good by one rule, whatever it is of: %s',
    async (path) => {
      const body = { actions: ['catalog/read'], mode: 'notify', remove: [{ name: 'old', olderThanDays: 30 }] };
      const { actions, mode, remove } = body;
      const content = path.startsWith('/scope') ? { actions } : path.startsWith('/builds') ? { mode } : { remove };
      expect((await call('PUT', path, content)).status).toBe(201);
      expect(await call('PUT', path.replace('Team_a-', '-a'), content)).toMatchObject({
        status: 400,
        message: 'name must be 1 to 50 letters, digits, dashes and underscores, beginning with a letter or digit',
      });
    },
  );
});

describe('an image that is not there', () => {
  it('is no answer with nothing in it', async () => {
    for (const path of ['/bases?image=a:slip', '/bases/tree?image=a:slip', '/builds/dry-run?base=a:slip'])
      expect(await call('GET', path)).toMatchObject({ status: 404, code: 'imageNotFound' });
    await pushImage(app, 'there', 'v1', makeImage('there'));
    for (const path of ['/bases?image=there:v1', '/bases/tree?image=there:v1', '/builds/dry-run?base=there:v1'])
      expect((await call('GET', path)).status).toBe(200);
    expect(await call('POST', '/replication/reconcile', { repository: 'slip' })).toMatchObject({
      status: 404,
      code: 'repositoryNotFound',
    });
  });
});

describe('what is not there', () => {
  it('is named as it was asked for, with where else to look', async () => {
    for (const path of ['/purge/explain?image=nobody/app:v1', '/replication/status?repository=nobody/app&tag=v1'])
      expect(await call('GET', path)).toMatchObject({
        status: 404,
        code: 'manifestNotFound',
        message: 'there is no image nobody/app:v1: what was deleted is listed by GET /api/v1/bin?repository=nobody/app',
      });
    expect((await call('GET', '/purge/explain?image=nobody/app')).message).toContain(
      'there is no image nobody/app:latest',
    );
  });

  it('is, of the counters of a repository, what may not have been counted yet', async () => {
    expect(await call('GET', '/usage?repository=nobody/app')).toMatchObject({
      status: 404,
      code: 'repositoryNotFound',
      message:
        'there is no count of nobody/app: a repository is counted a moment after its first push, so ask again; ' +
        'GET /v2/_catalog lists the repositories',
    });
  });

  it('is found by its tag where the tag alone was deleted', async () => {
    const digest = await pushImage(app, 'untagged/app', 'v1', makeImage('untagged'));
    await ask(app, 'DELETE', '/v2/untagged/app/manifests/v1');
    expect(await call('POST', '/bin/restore', { repository: 'untagged/app', digest })).toMatchObject({
      status: 404,
      code: 'manifestNotFound',
      message:
        `there is no manifest ${digest} in the recycle bin of untagged/app: its tags v1 are in it, so name one of them as ` +
        '"tag" beside the digest',
    });
    expect(await call('POST', '/bin/restore', { repository: 'untagged/app', digest, tag: 'v1' })).toMatchObject({
      status: 200,
      body: { tags: ['v1'] },
    });
  });

  it('is, of a path, perhaps a call of the management API', async () => {
    for (const path of ['/usage', '/webhooks/first1', '/tokens'])
      expect(((await (await ask(app, 'GET', path)).json()) as { errors: unknown[] }).errors[0]).toMatchObject({
        code: 'NOT_FOUND',
        message: `no such route: ${path}; did you mean /api/v1${path}?`,
      });
  });
});

describe('an object in the place of which something else was sent', () => {
  it('is shown by an example with something in it', async () => {
    expect((await call('PUT', '/replications/home', { filters: { repositories: ['a'] } })).message).toBe(
      'filters.repositories must be an object with include, exclude, as {"include":["**"]}, not a list',
    );
  });
});

describe('the recycle bin', () => {
  it('has the entries of the recycle bin by their earlier name too, for scripts that restore by group', async () => {
    await pushImage(app, 'earlier/app', 'v1', makeImage('earlier'));
    await ask(app, 'DELETE', '/v2/earlier/app/manifests/v1');
    const { items, entries } = (await call('GET', '/bin?repository=earlier/app')).body;
    expect(items).toHaveLength(1);
    expect(entries).toEqual(items);
  });
});

describe('replications', () => {
  it('answer by the name that they had before as they did then, and no document lists that', async () => {
    const [region] = (await call('GET', '/replications')).body.regions as [string];
    expect(await call('PUT', `/replicas/${region}`, {})).toMatchObject({ status: 200, body: { region } });
    const { items, regions } = (await call('GET', '/replications')).body;
    expect((await call('GET', '/replicas')).body).toEqual({ regions, replicas: items });
    expect(await call('PATCH', `/replicas/${region}`, { paused: true })).toMatchObject({
      status: 200,
      body: { status: 'paused', settings: { paused: true } },
    });
    expect(await call('GET', '/replicas/mars')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await call('DELETE', `/replicas/${region}`)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(await call('POST', '/replicas', {})).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    for (const body of [{ priority: 12 }, { paused: null }])
      expect(await call('PATCH', `/replicas/${region}`, body)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(JSON.stringify((await call('GET', '/openapi.json')).body)).not.toContain('/replicas');
  });
});
