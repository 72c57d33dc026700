import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/core/oci/digest.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  asAdmin,
  basic,
  bearer,
  composeRequired,
  fetchToken,
  makeToken,
} from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

const bytes = Buffer.from('a secret layer');
const digest = digestOf(bytes);
const source = 'secret/app';

let longshore: Required;
let pusher: Record<string, string>;

beforeAll(async () => {
  longshore = composeRequired();
  const admin = bearer((await fetchToken(longshore, asAdmin, [`repository:${source}:pull,push`])).access_token);
  const pushed = await ask(longshore.app, 'POST', `/v2/${source}/blobs/uploads/?digest=${digest}`, {
    headers: admin,
    body: bytes,
  });
  if (pushed.status !== 201) throw new Error(await pushed.text());
  pusher = basic(
    'pusher',
    await makeToken(longshore, 'pusher', ['repositories/team/*/content/read', 'repositories/team/*/content/write']),
  );
});

/** Says whether the pusher has got access to the blob. */
async function has(repository: string): Promise<boolean> {
  return (await ask(longshore.app, 'GET', `/v2/${repository}/blobs/${digest}`, { headers: pusher })).status !== 404;
}

describe('a mount by somebody who may not pull its source', () => {
  it.each([
    `mount=${digest}&from=${source}`,
    `mount=${digest}&from=${encodeURIComponent(source)}`,
    `mount=${digest}&from=secret%2Fapp`,
    `mount=${digest}&from=%73ecret/app`,
    `mount=${digest}&from=team/app&from=${source}`,
    `mount=${digest}&from=${source}&from=team/app`,
    `mount=${digest}`,
    `mount=${digest}&from=`,
    `mount=${encodeURIComponent(digest)}&from=${source}`,
    `from=${source}&mount=${digest}`,
    `mount=${digest}&from=team/../${source}`,
    `mount=${digest}&from=/${source}`,
    `mount=${digest}&from=${source}/`,
    `mount=${digest}&from=SECRET/app`,
    `mount=${digest}&from=secret/app%00`,
    `mount=${digest}&from=team/app%0d%0a${source}`,
    `mount=${digest}&FROM=${source}`,
    `mount=${digest}&from[]=${source}`,
    `mount=${digest}&mount=${digest}&from=${source}`,
    `mount=${digest}&digest=${digest}&from=${source}`,
  ])('gives nothing, whichever way it is written: %s', async (query) => {
    const answer = await ask(longshore.app, 'POST', `/v2/team/app/blobs/uploads/?${query}`, { headers: pusher });
    expect(answer.status).not.toBe(201);
    expect(answer.status).toBeLessThan(500);
    expect(await has('team/app')).toBe(false);
  });

  it('answers for a blob that is there as for one that is nowhere', async () => {
    const nowhere = digestOf(Buffer.from('nowhere'));
    const answers = await Promise.all(
      [digest, nowhere].flatMap((each) =>
        ['', `&from=${source}`, '&from=secret/none'].map(async (from) => {
          const answer = await ask(longshore.app, 'POST', `/v2/team/new/blobs/uploads/?mount=${each}${from}`, {
            headers: pusher,
          });
          return [answer.status, (await answer.text()).replaceAll('secret/none', source)];
        }),
      ),
    );
    expect(answers.slice(0, 3)).toEqual(answers.slice(3));
    expect(answers[1]).toEqual(answers[2]);
  });
});

describe('somebody who may read another repository', () => {
  it('cannot tell a repository, a tag or a blob that is there from one that is not', async () => {
    const paths = (repository: string) =>
      ['manifests/v1', `manifests/${digest}`, `blobs/${digest}`, 'tags/list', `referrers/${digest}`]
        .map((end) => `/v2/${repository}/${end}`)
        .concat([`/acr/v1/${repository}`, `/acr/v1/${repository}/_tags`, `/acr/v1/${repository}/_manifests`]);
    for (const headers of [{}, pusher]) {
      for (const method of ['GET', 'DELETE']) {
        const [there, none] = await Promise.all(
          [source, 'secret/xyz'].map((repository) =>
            Promise.all(
              paths(repository).map(async (path) => {
                const answer = await ask(longshore.app, method, path, { headers });
                return [
                  answer.status,
                  (await answer.text()).replaceAll(repository, 'NAME'),
                  (answer.headers.get('www-authenticate') ?? '').replaceAll(repository, 'NAME'),
                ];
              }),
            ),
          ),
        );
        expect(there).toEqual(none);
        expect(there?.every(([status]) => [401, 403, 405].includes(Number(status)))).toBe(true);
      }
    }
  });
});
