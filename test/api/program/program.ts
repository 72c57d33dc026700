import createClient from 'openapi-fetch';
import type { paths } from '#api';

/**
 * Uses the client that is generated from the document as an application would. The test compiles it, because the types
 * are made there: committed, they would be 15,000 lines that every change of the API changes.
 */
export async function useTheClient(send: (request: Request) => Promise<Response>) {
  const client = createClient<paths>({ baseUrl: 'http://registry.example/api/v1', fetch: send });
  const map = await client.PUT('/scope-maps/{name}', {
    params: { path: { name: 'readers' } },
    body: { description: '', actions: ['repositories/team/*/content/read'] },
  });
  const token = await client.POST('/tokens', { body: { name: 'ci', scopeMap: 'readers', status: 'enabled' } });
  const passwords: string[] = (token.data?.passwords ?? []).map(({ value }) => value);
  const policy = await client.PUT('/builds/policies/{name}', {
    params: { path: { name: 'apps' } },
    body: { mode: 'notify', pins: 'keep', enabled: true },
  });
  const changed = await client.PATCH('/builds/policies/{name}', {
    params: { path: { name: 'apps' } },
    body: { enabled: false },
  });
  const names: string[] = [];
  for (let continuation: string | undefined = undefined, more = true; more;) {
    const page: { items: { name: string }[]; nextLink?: string } | undefined = (
      await client.GET('/scope-maps', {
        params: { query: { limit: 1, ...(continuation === undefined ? {} : { continuation }) } },
      })
    ).data;
    names.push(...(page?.items ?? []).map(({ name }) => name));
    more = page?.nextLink !== undefined;
    continuation = new URL(page?.nextLink ?? '/', 'http://x').searchParams.get('continuation') ?? undefined;
  }
  const missing = await client.GET('/tokens/{name}', { params: { path: { name: 'nobody' } } });
  // The code is one of those that the document has for this call: another word here is an error of the compiler.
  const code = missing.error?.errors[0]?.code;
  const isMissing = code === 'tokenNotFound';
  return {
    statuses: [map, token, policy, changed, missing].map(({ response }) => response.status),
    passwords: passwords.length,
    enabled: changed.data?.enabled,
    names,
    isMissing,
  };
}
