import { describe, expect, it } from 'vitest';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { host, registry, upload } from '../shared/features/builds/bases/building.ts';

async function withTask(dockerfile: string, more: object = {}): Promise<Registry> {
  const of = registry();
  const digest = await upload(of, 'team/failing', dockerfile);
  const put = await of.api('PUT', '/tasks/failing', {
    image: 'team/failing:1',
    context: { repository: 'team/failing', digest },
    ...more,
  });
  expect(put.status).toBe(201);
  return of;
}

async function explained(of: Registry): Promise<Record<string, string>> {
  return (await of.api('GET', '/builds/explain?image=team/failing:1&base=team/base:1')).body as Record<string, string>;
}

async function run(of: Registry): Promise<void> {
  await of.api('POST', '/tasks/failing/run');
  await of.settle();
}

const dockerfile = `FROM ${host}/team/base:1\n`;

describe('why there is no image that a task makes', () => {
  it('is that its only build failed: which, why, and where its log is', async () => {
    const of = await withTask(`${dockerfile}RUN false\n`);
    await run(of);
    const { reason, why = '', build = '' } = await explained(of);
    expect(reason).toBe('failed');
    expect(why).toContain('its task "failing" makes it');
    expect(why).toContain('buildah ended with exit code 1');
    const [, log = ''] = /GET \/api\/v1(\S+)$/.exec(why) ?? [];
    expect(log).toContain(build);
    const { app } = of;
    expect(await (await app.fetch(new Request(`http://${host}/api/v1${log}`))).text()).toContain('RUN false');
  });

  it('is that its test failed', async () => {
    const of = await withTask(dockerfile, { test: { command: ['false'] } });
    await run(of);
    const { reason, why } = await explained(of);
    expect(reason).toBe('test-failed');
    expect(why).toMatch(
      /its test ended with exit code 1; its log: GET \/api\/v1\/builds\/[\w-]+\/log\?image=team\/failing:1$/,
    );
  });

  it('is that nobody has run it', async () => {
    const { reason, why } = await explained(await withTask(dockerfile));
    expect(reason).toBe('image-unknown');
    expect(why).toContain('POST /api/v1/tasks/failing/run');
  });

  it('is that no task makes it either', async () => {
    expect(await explained(registry())).toMatchObject({ reason: 'image-unknown', why: 'there is no team/failing:1' });
  });
});
