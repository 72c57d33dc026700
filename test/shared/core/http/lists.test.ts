import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask } from '../../image.ts';

const { app } = composeForTest();
const api = (method: string, path: string, content?: object) =>
  ask(
    app,
    method,
    `/api/v1${path}`,
    content === undefined ? {} : { body: JSON.stringify(content), headers: { 'content-type': 'application/json' } },
  );

interface Description {
  readonly paths: Readonly<
    Record<
      string,
      { readonly get?: { readonly parameters?: readonly { readonly name: string; readonly in: string }[] } }
    >
  >;
}

for (const name of ['first', 'other'])
  await api('PUT', `/webhooks/${name}`, { serviceUri: 'https://receiver.example/', actions: ['push'] });
for (const name of ['first', 'other', 'third']) {
  await api('PUT', `/scope-maps/${name}`, { actions: ['repositories/a/content/read'] });
  await api('POST', '/tokens', { name, scopeMap: name });
}
const { paths } = (await (await api('GET', '/openapi.json')).json()) as Description;
/** A plan of purges counts its pages, and says so. */
const lists = Object.entries(paths).flatMap(([path, { get }]) =>
  get?.parameters?.some(({ name }) => name === 'continuation') === true && !path.includes('/plan') ? [path] : [],
);
/** Something there is behind most; of a build there is none here. */
const filled = (path: string) =>
  path.replace('{name}', 'first').replace('{build}', '00000000-0000-4000-8000-000000000000').replace('{base}', 'a');
const refusal = async (path: string, continuation: string) => {
  const answer = await api('GET', `${filled(path)}?${needed(path)}continuation=${encodeURIComponent(continuation)}`);
  return { status: answer.status, text: await answer.text() };
};

/** Returns the parameters that a list needs beside those of its place. */
function needed(path: string): string {
  if (path === '/bases') return 'image=a:1&';
  return path === '/repositories/tags' || path === '/repositories/manifests' ? 'repository=a&' : '';
}

describe('the continuation of a list', () => {
  it('is asked for by all of them', () => {
    expect(lists).toEqual(
      expect.arrayContaining([
        '/webhooks',
        '/tokens',
        '/scope-maps',
        '/trusted-issuers',
        '/tasks',
        '/builds',
        '/bin',
        '/webhooks/{name}/deliveries',
      ]),
    );
  });

  it.each(lists)('is refused where it was made up, and what to give is said: %s', async (path) => {
    for (const made of ['zzz', '{"path":"id"}', Buffer.alloc(60, 7).toString('base64url'), '+/=', '%00']) {
      const { status, text } = await refusal(path, made);
      if (path.includes('{build}') && status === 404) continue;
      expect({ status, text }).toEqual({
        status: 400,
        text: expect.stringContaining('continuation does not belong to this list') as string,
      });
    }
  });

  it('leads through its list, and through no other', async () => {
    const names: string[] = [];
    const continuations: string[] = [];
    for (let next: string | undefined = '/tokens?limit=1'; next !== undefined;) {
      const page = (await (await api('GET', next)).json()) as { items: { name: string }[]; nextLink?: string };
      names.push(...page.items.map(({ name }) => name));
      next = page.nextLink?.replace('/api/v1', '');
      if (page.nextLink !== undefined)
        continuations.push(new URL(page.nextLink, 'http://x').searchParams.get('continuation') ?? '');
    }
    expect(names).toEqual(['first', 'other', 'third']);
    const [of = ''] = continuations;
    expect(Buffer.from(of, 'base64url').toString('latin1')).not.toContain('first');
    expect((await refusal('/scope-maps', of)).status).toBe(400);
    expect((await refusal('/tokens', `${of.slice(0, 40)}${of[40] === 'A' ? 'B' : 'A'}${of.slice(41)}`)).status).toBe(
      400,
    );
    expect((await refusal('/tokens', of)).status).toBe(200);
  });
});
