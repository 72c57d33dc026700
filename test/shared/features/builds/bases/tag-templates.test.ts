import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTag } from '../../../../../shared/core/oci/name.ts';
import { tagOf, tagTemplateSchema, tagValues } from '../../../../../shared/features/builds/tasks/tag-templates.ts';
import type { Registry } from './building.ts';
import { host, registry, upload } from './building.ts';

const git = 'https://git.example/app.git';

async function put(of: Registry, tags: readonly string[], settings: object = {}) {
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
  return of.api('PUT', '/tasks/app', { image: 'app:1', context, tags, ...settings });
}

async function tagsOf(of: Registry): Promise<string[]> {
  const answer = await of.app.fetch(new Request(`http://${host}/v2/app/tags/list`));
  return answer.status === 404 ? [] : ((await answer.json()) as { tags: string[] }).tags;
}

describe('tags of each result', () => {
  it("are made of what differs from build to build, and stay when the image's own moves on", async () => {
    const of = registry();
    of.git.create(git);
    const commit = of.git.commit(git, 'main', { Dockerfile: `FROM ${host}/base:1` });
    expect(await put(of, ['{date}-{build}', 'git-{commit}', '{task}.{time}'], { context: { git } })).toMatchObject({
      status: 201,
    });
    const { build } = (await of.api('POST', '/tasks/app/run')).body as { build: string };
    await of.settle();
    const made = (await of.pull('app:1')).digest;
    const [date, time] = of.clock.now().toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
    const more = [`${date}-${build.slice(0, 8)}`, `app.${time}`, `git-${commit.slice(0, 12)}`];
    expect(await tagsOf(of)).toEqual(['1', ...more].sort());
    for (const tag of more) expect((await of.pull(`app:${tag}`)).digest).toBe(made);
    of.git.commit(git, 'main', { Dockerfile: `FROM ${host}/base:1\nRUN more` });
    of.clock.advance(1_000);
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect(await tagsOf(of)).toHaveLength(7);
    expect((await of.pull(`app:${String(more[0])}`)).digest).toBe(made);
    // They are the build's own pushes, and begin no other.
    expect((await of.api('GET', '/builds')).body.items).toHaveLength(2);
  });

  it('are not made when the image fails its test', async () => {
    const of = registry();
    await put(of, ['{build}'], { test: { command: ['false'] } });
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect(await tagsOf(of)).toEqual([]);
  });

  it.each([['{branch}'], ['latest'], ['{task}'], ['{build}/x'], ['-{build}'], ['{build}{'], ['{commit}']])(
    'are refused as %s',
    async (template) => {
      expect(await put(registry(), [template])).toMatchObject({ status: 400 });
    },
  );

  it('are tags whatever the values, or none', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }),
        fc.uuid(),
        fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,49}$/),
        (around, build, task) => {
          const template = `${around}{build}{task}`;
          fc.pre(tagTemplateSchema.safeParse(template).success);
          const tag = tagOf(
            template,
            tagValues({ build, task, digest: `sha256:${'a'.repeat(64)}`, commit: undefined, now: new Date(0) }),
          );
          expect(
            tag === undefined ? template.includes('{commit}') || template.length + task.length > 100 : isTag(tag),
          ).toBe(true);
        },
      ),
    );
  });
});
