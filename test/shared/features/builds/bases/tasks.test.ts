import { describe, expect, it } from 'vitest';
import type { Registry } from './building.ts';
import { build, dependentsOf, host, reasonOf, registry, upload } from './building.ts';

interface Given {
  readonly dockerfile?: string;
  readonly settings?: object;
}

/** `base:1`, and a task that builds `app:1` on it, which was never built. */
async function withTask({ dockerfile = `FROM ${host}/base:1`, settings = {} }: Given = {}): Promise<Registry> {
  const of = registry();
  await of.push(build('base', 'base 1'), '1');
  await of.settle();
  const digest = await upload(of, 'contexts', dockerfile);
  const put = await of.api('PUT', '/tasks/app', {
    image: 'app:1',
    context: { repository: 'contexts', digest },
    ...settings,
  });
  expect(put.status).toBe(201);
  return of;
}

async function updated(of: Registry): Promise<void> {
  await of.push(build('base', 'base 2'), '1');
  await of.settle();
}

const digestAt = async (of: Registry, reference: string) => (await of.pull(reference)).digest;

describe('a task', () => {
  it('makes its image known as a dependent before it was ever built, by every stage of its Dockerfile', async () => {
    const of = await withTask({
      dockerfile:
        `ARG VERSION=1\nFROM ${host}/tools:1 AS tools\nFROM ${host}/base:\${VERSION}\nCOPY --from=tools ` +
        `/t /t\nCOPY --from=${host}/files:2 /f /f`,
    });
    for (const base of ['base:1', 'tools:1', 'files:2']) expect(await dependentsOf(of, base)).toEqual(['app:1']);
    expect((await of.api('GET', '/tasks/app')).body).toMatchObject({
      image: 'app:1',
      mode: 'rebuild',
      bases: ['tools:1', 'base:1', 'files:2'],
    });
  });

  it('builds its image when a base is updated, and on request', async () => {
    const of = await withTask();
    await updated(of);
    expect((await of.pull('app:1')).layers).toEqual([`layer FROM ${host}/base:1 (1)`]);
    expect(of.events('Longshore.BuildSucceeded')).toMatchObject([
      { data: { target: { repository: 'app', tag: '1', mode: 'rebuild', bases: ['base:1'] } } },
    ]);
    expect((await of.api('POST', '/tasks/app/run')).status).toBe(202);
    await of.settle();
    expect((await of.pull('app:1')).layers).toEqual([`layer FROM ${host}/base:1 (2)`]);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    expect(builds).toMatchObject([{ updates: [{ image: 'app:1', task: 'app' }] }, { updates: [{ image: 'base:1' }] }]);
  });

  it('keeps the output of its builds', async () => {
    const of = await withTask();
    await updated(of);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    const answer = await of.app.fetch(
      new Request(`http://${host}/api/v1/builds/${builds[0]?.id ?? ''}/log?image=app:1`),
    );
    expect(await answer.text()).toBe(`building:\nFROM ${host}/base:1`);
  });

  it('moves no tag when the build fails, or the test', async () => {
    for (const given of [
      { dockerfile: `FROM ${host}/base:1\nRUN false` },
      { settings: { test: { command: ['false'] } } },
    ]) {
      const of = await withTask(given);
      await of.push(build('app', 'by hand'), '1');
      await of.settle();
      const before = await digestAt(of, 'app:1');
      await updated(of);
      expect(await digestAt(of, 'app:1')).toBe(before);
      expect(of.events('Longshore.BuildFailed')).toHaveLength(1);
      expect(of.events('Longshore.BuildSucceeded')).toEqual([]);
    }
  });

  it('says in the event why its test failed, and keeps the image that was made by its digest', async () => {
    const of = await withTask({ settings: { test: { command: ['false'] } } });
    await updated(of);
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      { data: { because: 'its test ended with exit code 1' } },
    ]);
    const { body } = await of.api('GET', '/builds/explain?image=app:1&base=base:1');
    // It has no tag yet, and its task has tried.
    expect(body).toMatchObject({ reason: 'test-failed' });
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    const { items: nodes } = (await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body as {
      items: { digest: string }[];
    };
    expect((await of.pull(`app@${nodes[0]?.digest ?? ''}`)).layers).toHaveLength(1);
  });

  it('rebases where it can and builds where it cannot, if its mode says so', async () => {
    const of = await withTask({ settings: { mode: 'rebase-else-rebuild' } });
    await of.push(build('app', 'app', { base: build('base', 'base 1'), says: `${host}/base:1` }), '1');
    await of.settle();
    await updated(of);
    expect((await of.pull('app:1')).layers).toEqual(['layer base 2', 'layer app']);
    await of.push(build('base', 'base 3', { config: { User: 'other' } }), '1');
    await of.settle();
    expect((await of.pull('app:1')).layers).toEqual([`layer FROM ${host}/base:1 (1)`]);
    expect(of.events('Longshore.ImageRebased')).toHaveLength(1);
    expect(of.events('Longshore.BuildSucceeded')).toHaveLength(2);
  });

  it('moves no tag of an image that was rebased, when the test of that very image fails', async () => {
    const of = await withTask({ settings: { mode: 'rebase-else-rebuild', test: { command: ['false'] } } });
    await of.push(build('app', 'app', { base: build('base', 'base 1'), says: `${host}/base:1` }), '1');
    await of.settle();
    const before = await digestAt(of, 'app:1');
    await updated(of);
    expect(await digestAt(of, 'app:1')).toBe(before);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    const { items: nodes } = (await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body as {
      items: { digest: string; state: string; because: string }[];
    };
    const [node] = nodes;
    expect(node).toMatchObject({ state: 'failed', because: 'its test ended with exit code 1' });
    // The failed image was pushed by its digest, and it is the old image on the new base.
    expect((await of.pull(`app@${node?.digest ?? ''}`)).layers).toEqual(['layer base 2', 'layer app']);
    expect(of.tested).toEqual([`${host}/app@${node?.digest ?? ''}`]);
    expect(of.events('Longshore.ImageRebased')).toEqual([]);
  });

  it('is not built when it is disabled, or deleted', async () => {
    const of = await withTask({ settings: { enabled: false } });
    await of.push(build('app', 'app'), '1');
    await updated(of);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('policy-disabled');
    expect((await of.api('DELETE', '/tasks/app')).status).toBe(204);
    expect(await dependentsOf(of, 'base:1')).toEqual([]);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('not-a-dependent');
  });

  it('has its context held by a tag, so that it is not collected', async () => {
    const of = await withTask();
    expect((await of.pull('contexts:task-app')).manifest).toMatchObject({
      artifactType: 'application/vnd.longshore.context.v1',
    });
  });
});

describe('a task that cannot be', () => {
  const put = async (of: Registry, dockerfile: string, settings: object = {}) =>
    of.api('PUT', '/tasks/other', {
      image: 'other:1',
      context: { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) },
      ...settings,
    });
  const messageOf = ({ body }: { body: Record<string, unknown> }) => (body.errors as { message: string }[])[0]?.message;

  it('is refused: for a Dockerfile with a fault, with its line', async () => {
    const answer = await put(await withTask(), 'FROM base\nCOPPY a b');
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toContain('unknown instruction: COPPY');
  });

  it('is refused: for a context that is not there, has no such file, or is no archive', async () => {
    const of = await withTask();
    const settings = (digest: string) => ({ image: 'other:1', context: { repository: 'contexts', digest } });
    expect(messageOf(await of.api('PUT', '/tasks/other', settings(`sha256:${'0'.repeat(64)}`)))).toContain(
      'upload the context first',
    );
    expect(messageOf(await put(of, 'FROM scratch', { dockerfile: 'no/such' }))).toContain('has no file "no/such"');
  });

  it('is refused: for an image that another task makes', async () => {
    const answer = await put(await withTask(), 'FROM scratch', { image: 'app:1' });
    expect(answer).toMatchObject({ status: 409 });
  });

  it('is refused: for a circle, with its path', async () => {
    const of = await withTask({ dockerfile: `FROM ${host}/other:1` });
    const answer = await put(of, `FROM ${host}/app:1`);
    expect(answer.status).toBe(409);
    expect(messageOf(answer)).toContain('other:1 is built on app:1 is built on other:1');
  });

  it.each([{ image: 'no tag' }, { timeoutSeconds: 0 }, { platform: 'linux' }, { schedule: '* * * * *' }])(
    'is refused: for a setting that is none (%j)',
    async (settings) => {
      expect((await put(await withTask(), 'FROM scratch', settings)).status).toBe(400);
    },
  );
});
