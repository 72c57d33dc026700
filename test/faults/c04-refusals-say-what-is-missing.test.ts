import { beforeAll, describe, expect, it } from 'vitest';
import type { Required } from '../shared/features/identity/required.ts';
import { asAdmin, basic, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

let longshore: Required;
let ci: Record<string, string>;

async function refused(method: string, path: string, headers: Record<string, string>): Promise<Refusal> {
  const answer = await ask(longshore.app, method, path, { headers });
  const { errors } = (await answer.json()) as { errors: [Omit<Refusal, 'status'>] };
  return { status: answer.status, ...errors[0] };
}

beforeAll(async () => {
  longshore = composeRequired();
  ci = basic('ci', await makeToken(longshore, 'ci', ['repositories/team/app/content/read']));
});

describe('a refusal', () => {
  it('names the right that a known caller lacks, and none that it has', async () => {
    expect(await refused('GET', '/api/v1/tokens', ci)).toEqual({
      status: 403,
      code: 'forbidden',
      message: 'ci needs management/read',
    });
    expect(await refused('DELETE', '/api/v1/tokens/ci', ci)).toMatchObject({ message: 'ci needs management/write' });
    expect(await refused('POST', '/v2/team/app/blobs/uploads/', ci)).toEqual({
      status: 403,
      code: 'DENIED',
      message: 'ci needs repositories/team/app/content/write',
    });
  });

  it('names what an access token does not hold, and keeps all that is needed in the challenge', async () => {
    const token = await ask(
      longshore.app,
      'GET',
      '/oauth2/token?service=registry.test&scope=repository:team/app:pull',
      { headers: ci },
    );
    const { access_token: bearer } = (await token.json()) as { access_token: string };
    const headers = { authorization: `Bearer ${bearer}` };
    const refusal = await refused('POST', '/v2/team/app/blobs/uploads/', headers);
    expect(refusal).toMatchObject({ status: 401, detail: [{ Type: 'repository', Name: 'team/app', Action: 'push' }] });
    expect(refusal.message).toContain('does not hold repositories/team/app/content/write');
    const answer = await ask(longshore.app, 'POST', '/v2/team/app/blobs/uploads/', { headers });
    expect(answer.headers.get('www-authenticate')).toContain('repository:team/app:');
  });

  it('tells wrong credentials from none', async () => {
    expect((await refused('GET', '/api/v1/tokens', {})).message).toBe('authentication required');
    expect((await refused('GET', '/api/v1/tokens', basic('ci', 'wrong'))).message).toContain('are wrong');
    expect(await refused('GET', '/api/v1/tokens', basic('nobody', 'wrong'))).toEqual(
      await refused('GET', '/api/v1/tokens', basic('admin', 'wrong')),
    );
  });

  it('has no empty detail', async () => {
    expect(await refused('GET', '/v2/', {})).not.toHaveProperty('detail');
    expect(await refused('GET', '/oauth2/token?service=registry.test&scope=', basic('ci', 'wrong'))).not.toHaveProperty(
      'detail',
    );
  });

  it('is the same whether there is what was asked for or not', async () => {
    const of = async (name: string) =>
      JSON.stringify(await refused('GET', `/v2/${name}/tags/list`, ci)).replaceAll(name, 'NAME');
    await ask(longshore.app, 'POST', '/v2/secret/there/blobs/uploads/', { headers: asAdmin });
    expect(await of('secret/there')).toBe(await of('secret/nothing'));
  });
});
