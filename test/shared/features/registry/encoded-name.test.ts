import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask, location, makeImage, pushImage, putManifest } from '../../image.ts';
import { basic, composeRequired, makeToken } from '../identity/required.ts';

const image = makeImage('encoded');

describe("a repository's name that a client encodes whole", () => {
  it.each(['team%2Fapp', 'team%2fapp', '%74eam/app'])('%s is team/app to every endpoint', async (encoded) => {
    const { app } = composeForTest();
    await pushImage(app, encoded, 'v1', image);
    const answers = await Promise.all(
      ['team/app', encoded].flatMap((name) =>
        ['manifests/v1', `blobs/${image.digest}`, 'tags/list', `referrers/${image.digest}`].map(async (end) => {
          const answer = await ask(app, 'GET', `/v2/${name}/${end}`);
          return [end, answer.status, await answer.text()];
        }),
      ),
    );
    expect(answers.slice(4)).toEqual(answers.slice(0, 4));
    expect(answers.map(([, status]) => status).slice(0, 4)).toEqual([200, 404, 200, 200]);
    expect(await (await ask(app, 'GET', '/v2/_catalog')).json()).toEqual({ repositories: ['team/app'] });
  });

  it("is not encoded in an upload's Location, which either way of writing it continues", async () => {
    const { app } = composeForTest();
    const started = location(await ask(app, 'POST', '/v2/team%2Fapp/blobs/uploads/'));
    expect(started).toMatch(/^\/v2\/team\/app\/blobs\/uploads\//);
    expect((await ask(app, 'PATCH', started.replace('team/app', 'team%2Fapp'), { body: 'a' })).status).toBe(202);
  });

  it('holds the words of an endpoint without being taken for it', async () => {
    const { app } = composeForTest();
    expect((await ask(app, 'GET', '/v2/a%2Fmanifests%2Fv1')).status).toBe(404);
    expect(await (await ask(app, 'GET', '/v2/a%2Ftags/tags/list')).json()).toMatchObject({
      errors: [{ code: 'NAME_UNKNOWN' }],
    });
  });

  it('opens nothing that its plain form does not', async () => {
    const longshore = composeRequired();
    const headers = basic('team', await makeToken(longshore, 'team', ['repositories/team/*/content/read']));
    const status = async (name: string) =>
      (await ask(longshore.app, 'GET', `/v2/${name}/manifests/v1`, { headers })).status;
    expect(await Promise.all(['team%2Fapp', 'other%2Fapp', 'team%2F..%2Fother%2Fapp'].map(status))).toEqual([
      404, 403, 400,
    ]);
    expect((await putManifest(longshore.app, 'team%2Fapp', 'v1', image)).status).toBe(401);
  });
});
