import { describe, expect, it, onTestFinished } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../../shared/adapters/memory/connect.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import type { Registry } from './building.ts';
import { dependentsOf, host, registry, upload } from './building.ts';
import { startCi } from './ci.ts';

async function withTask(dockerfile: string, settings: object): Promise<Registry> {
  const of = registry();
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) };
  expect(await of.api('PUT', '/tasks/app', { image: 'app:1', context, ...settings })).toMatchObject({
    status: expect.toBeOneOf([200, 201]) as number,
  });
  await of.api('POST', '/tasks/app/run');
  return of;
}

const both = { platforms: ['linux/amd64', 'linux/arm64/v8'] };

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly { readonly digest: string; readonly platform: object }[];
}

/** Returns the digest by which the only image of the only build was pushed. */
async function digestMade(of: Registry): Promise<string> {
  const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
  const { items: nodes } = (await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body as {
    items: { digest: string }[];
  };
  return nodes[0]?.digest ?? '';
}

async function indexAt(of: Registry): Promise<Index> {
  return (
    await of.app.fetch(
      new Request(`http://${host}/v2/app/manifests/1`, {
        headers: { accept: 'application/vnd.oci.image.index.v1+json' },
      }),
    )
  ).json() as Promise<Index>;
}

describe('a task for several platforms', () => {
  it("makes an index of an image for each, in the task's order", async () => {
    const of = await withTask(`FROM ${host}/base:1`, both);
    await of.settle();
    expect(await indexAt(of)).toMatchObject({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { platform: { os: 'linux', architecture: 'amd64' } },
        { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ],
    });
  });

  it('follows the bases of each of them', async () => {
    const of = await withTask(`ARG TARGETARCH\nFROM ${host}/base-\${TARGETARCH}:1`, both);
    expect([await dependentsOf(of, 'base-amd64:1'), await dependentsOf(of, 'base-arm64:1')]).toEqual([
      ['app:1'],
      ['app:1'],
    ]);
  });

  it('fails as a whole, and says for which', async () => {
    const of = await withTask(`FROM ${host}/base:1\nRUN false`, both);
    await of.settle();
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      { data: { because: 'linux/amd64: buildah ended with exit code 1' } },
    ]);
  });

  it('moves no tag when the test of its index fails', async () => {
    const of = await withTask(`FROM ${host}/base:1`, { ...both, test: { command: ['false'] } });
    await of.settle();
    expect((await of.app.fetch(new Request(`http://${host}/v2/app/manifests/1`))).status).toBe(404);
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      { data: { because: 'its test ended with exit code 1' } },
    ]);
    expect(of.tested).toEqual([`${host}/app@${await digestMade(of)}`]);
  });

  it('asks the gate with the digest of its index, and moves its tag only when that says yes', async () => {
    for (const pass of [false, true]) {
      const gate = await startCi();
      onTestFinished(() => {
        gate.stop();
      });
      gate.answers = [{ status: 200, body: JSON.stringify({ pass }) }];
      const of = await withTask(`FROM ${host}/base:1`, {
        ...both,
        test: { url: `${gate.url}/gate`, timeoutSeconds: 60 },
      });
      expect((await of.api('PUT', '/tasks/app/hook', {})).status).toBeOneOf([200, 201]);
      await of.settle();
      const digest = await digestMade(of);
      expect(gate.asked.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
        { type: 'test', digest, reference: `${host}/app@${digest}` },
      ]);
      expect((await of.pull(`app@${digest}`)).manifest.mediaType).toBe('application/vnd.oci.image.index.v1+json');
      const tagged = await of.app.fetch(new Request(`http://${host}/v2/app/manifests/1`));
      expect([tagged.status, tagged.headers.get('docker-content-digest')]).toEqual(pass ? [200, digest] : [404, null]);
    }
  });

  it('builds none again that was pushed, whenever its process dies', async () => {
    const whole = await withTask(`FROM ${host}/base:1`, both);
    const calls = new CallPlan();
    await whole.process(calls).messages['builds-work'](whole.world.region('home').queues.drain('build-runs')[0]);
    let again = 0;
    for (let n = 1; n <= calls.total(); n += 3) {
      const of = await withTask(`FROM ${host}/base:1`, both);
      await of
        .process(new CallPlan().crashAfter(n))
        .messages['builds-work'](of.world.region('home').queues.drain('build-runs')[0])
        .catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
      of.clock.advance(181_000);
      await of.process().timers['builds-sweep']();
      await of.settle();
      const { manifests } = await indexAt(of);
      const builds = await Promise.all(
        manifests.map(async ({ digest }) =>
          Number(/\((\d)\)/.exec((await of.pull(`app@${digest}`)).layers[0] ?? '')?.[1]),
        ),
      );
      // At most the one that the death interrupted.
      expect(Math.max(...builds), `crash after call ${n}`).toBeLessThanOrEqual(3);
      again += builds[0] === 1 && builds[1] === 3 ? 1 : 0;
    }
    expect(again).toBeGreaterThan(0);
  }, 60_000);

  it.each([[{ platforms: [] }], [{ platforms: ['linux/amd64', 'linux/amd64'] }], [{ platforms: ['amd64'] }]])(
    'is refused with %j',
    async (settings) => {
      const of = registry();
      expect(
        await of.api('PUT', '/tasks/app', {
          image: 'app:1',
          context: { repository: 'contexts', digest: await upload(of, 'contexts', 'FROM scratch') },
          ...settings,
        }),
      ).toMatchObject({ status: 400 });
    },
  );
});

describe('a secret of a build', () => {
  const secrets = [{ id: 'npm', secret: 'longshore-user-npm' }];

  it('is given to the builder, and shown in no log, document or event', async () => {
    const of = registry();
    of.world.secrets.put('longshore-user-npm', 'a-secret-value', { 'longshore-builds': 'app' });
    const context = {
      repository: 'contexts',
      digest: await upload(of, 'contexts', `FROM ${host}/base:1\nRUN print a-secret-value`),
    };
    await of.api('PUT', '/tasks/app', { image: 'app:1', context, secrets });
    const { build } = (await of.api('POST', '/tasks/app/run')).body as { build: string };
    await of.settle();
    const log = await (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${build}/log?image=app:1`))).text();
    expect(log).toContain('RUN print ***');
    const { documents } = connectMemory(of.world);
    for (const container of ['builds', 'registries'] as const)
      expect(JSON.stringify(await documents.queryDocuments({ container, where: [], limit: 500 }))).not.toContain(
        'a-secret-value',
      );
    expect(JSON.stringify(of.world.region('home').events.log)).not.toContain('a-secret-value');
  });

  it('that the vault does not have fails the image, by its name', async () => {
    const of = await withTask(`FROM ${host}/base:1`, { secrets });
    await of.settle();
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      {
        data: {
          because: expect.stringContaining(
            'the vault has no secret "longshore-user-npm", or there is no vault',
          ) as string,
        },
      },
    ]);
  });

  it('is refused for an external runner, and twice under one id', async () => {
    const of = registry();
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', 'FROM scratch') };
    expect(
      await of.api('PUT', '/tasks/app', {
        image: 'app:1',
        context,
        secrets,
        runner: { webhook: { url: 'https://ci.example' } },
      }),
    ).toMatchObject({ status: 400 });
    expect(
      await of.api('PUT', '/tasks/app', { image: 'app:1', context, secrets: [...secrets, ...secrets] }),
    ).toMatchObject({ status: 400 });
  });
});
