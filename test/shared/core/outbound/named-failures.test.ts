import { describe, expect, it } from 'vitest';
import { adaptersForTest, composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { systemClock } from '../../../../shared/core/ports/clock.ts';
import { askTagDigest } from '../../../../shared/features/builds/upstream/tag-digest.ts';
import { IssuerKeys } from '../../../../shared/features/identity/issuers/keys.ts';
import { loseNoAnswers } from '../../../chance.ts';
import type { Registry } from '../../features/builds/bases/building.ts';
import { upload } from '../../features/builds/bases/building.ts';
import { startCi } from '../../features/builds/bases/ci.ts';
import { ask } from '../../image.ts';

// A claim whose answer is lost would leave the image to a later sweep.
loseNoAnswers();

/** Nobody listens at this port. */
const nobody = '127.0.0.1:1024';

describe('a failure on the way out', () => {
  const { outbound } = adaptersForTest().adapters;

  it('names another registry when that does not answer', async () => {
    const { state } = await askTagDigest({ outbound, clock: systemClock }, `${nobody}/team/base`, '1', {
      known: undefined,
      as: {},
    });
    expect(state).toMatchObject({ is: 'failed', why: expect.stringMatching(/^upstream: http:\/\/127/) as string });
  });

  it('names an issuer when that does not answer', async () => {
    await expect(new IssuerKeys(outbound).of(`http://${nobody}`)).rejects.toMatchObject({
      name: 'StoreFailure',
      dependency: 'issuer',
    });
  });

  it('names a runner when that does not answer', async () => {
    const ci = await startCi();
    const failures: unknown[] = [];
    const one = composeForTest({
      settings: { publicUrl: new URL('http://registry.test') },
      adapters: {
        outbound: {
          ...outbound,
          ask: (...call) =>
            outbound.ask(...call).catch((error: unknown) => {
              failures.push(error);
              throw error;
            }),
        },
      },
    });
    one.world.secrets.put('longshore-user-github', 'a-token', { 'longshore-hosts': new URL(ci.url).host });
    const context = {
      repository: 'contexts',
      digest: await upload(one as unknown as Registry, 'contexts', 'FROM scratch'),
    };
    const github = { repository: 'team/app', workflow: 'build.yml', token: 'longshore-user-github', api: ci.url };
    const api = async (method: string, path: string, body?: object) => {
      const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      return (await ask(one.app, method, `/api/v1${path}`, body === undefined ? {} : json)).json();
    };
    await api('PUT', '/tasks/app', { image: 'app:1', context, runner: { github } });
    const { build } = (await api('POST', '/tasks/app/run')) as { build: string };
    await one.messages['builds-work']({ build });
    expect(ci.asked).toHaveLength(1);
    ci.stop();
    await api('POST', `/builds/${build}/cancel`);
    await one.messages['builds-work']({ build });
    expect(failures).toMatchObject([{ name: 'StoreFailure', dependency: 'runner' }]);
    // Posts to a runner are none to a webhook's receiver.
    expect(await (await ask(one.app, 'GET', '/metrics')).text()).not.toMatch(/webhook_posts_total\{/);
  });
});
