import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/core/oci/digest.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  basic,
  bearer,
  claimsOf,
  composeRequired,
  fetchToken,
  makeToken,
} from '../shared/features/identity/required.ts';
import { ask, location } from '../shared/image.ts';

const bytes = Buffer.from('bytes of an upload');
const digest = digestOf(bytes);

let longshore: Required;
let [owner, other]: [Record<string, string>, Record<string, string>] = [{}, {}];
beforeAll(async () => {
  longshore = composeRequired();
  const token = async (name: string) =>
    basic(
      name,
      await makeToken(longshore, name, [
        `repositories/${name}/app/content/read`,
        `repositories/${name}/app/content/write`,
      ]),
    );
  [owner, other] = [await token('owner'), await token('other')];
});

const send = async (method: string, path: string, headers: Record<string, string>) =>
  (
    await ask(longshore.app, method, path, {
      headers,
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: bytes }),
    })
  ).status;

describe('the address of an upload', () => {
  async function started(): Promise<{ path: string; id: string; state: string }> {
    const path = location(await ask(longshore.app, 'POST', '/v2/owner/app/blobs/uploads/', { headers: owner }));
    const url = new URL(path, 'http://registry.test');
    return { path, id: url.pathname.split('/').at(-1) ?? '', state: url.searchParams.get('_state') ?? '' };
  }

  it('opens nothing for somebody who may not push there, nor without credentials', async () => {
    const { path } = await started();
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      for (const headers of [other, {}])
        expect([401, 403]).toContain(await send(method, method === 'PUT' ? `${path}&digest=${digest}` : path, headers));
    }
    expect(await send('PUT', `${path}&digest=${digest}`, owner)).toBe(201);
  });

  it('holds for its own repository, its own id and as it was given alone', async () => {
    const [one, two] = [await started(), await started()];
    const flipped = `${one.state.slice(0, -1)}${one.state.endsWith('A') ? 'B' : 'A'}`;
    const refused = [
      [`/v2/other/app/blobs/uploads/${one.id}?_state=${one.state}`, other],
      [`/v2/owner/app/blobs/uploads/${two.id}?_state=${one.state}`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}?_state=${flipped}`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}?_state=${one.state.slice(0, -8)}`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}?_state=${one.state.slice(1)}`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}?_state=`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}`, owner],
      [`/v2/owner/app/blobs/uploads/${one.id}?_state=%00${one.state}`, owner],
      [`/v2/owner/app/blobs/uploads/__proto__?_state=${one.state}`, owner],
    ] as const;
    for (const [path, headers] of refused) {
      const status = await send('PUT', `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`, headers);
      expect([400, 404], path).toContain(status);
    }
    longshore.clock.pass(30 * 24 * 3600_000);
    expect([400, 404]).toContain(await send('PUT', `${one.path}&digest=${digest}`, owner));
  });
});

describe('a scope that asks for more than its holder may', () => {
  it.each([
    'repository:other/app:pull',
    'repository:*:pull',
    'repository:owner/*:pull',
    'repository:**:*',
    'repository:owner/app/../../other/app:pull',
    'repository:OTHER/app:pull',
    'repository:other/app:*',
    'repository(plugin):other/app:pull',
    'artifact-repository:other/app:pull',
    'registry:catalog:*',
    'registry:*:*',
    'management:api:write',
    'management:api:read',
    'management:in-use:write',
    'management:api:read,write',
    'repository:__proto__:pull',
    'constructor:prototype:pull',
    'repository:owner/app:delete,deleted_restore,metadata_write',
    'repository:other/app:pull repository:owner/app:delete',
    'repository:owner/app:pull:other/app:pull',
    'repository::pull',
    'repository:other%2Fapp:pull',
    'repository:owner/app,other/app:pull',
  ])('gets a token for nothing: %s', async (scope) => {
    const { access_token } = await fetchToken(longshore, owner, [scope]);
    expect(claimsOf(access_token).access ?? []).toEqual([]);
    for (const path of ['/v2/other/app/tags/list', '/api/v1/tokens', '/v2/owner/app/tags/list'])
      expect(await send('GET', path, bearer(access_token))).not.toBe(200);
  });
});
