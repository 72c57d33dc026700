import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/adapters/memory/calls.ts';
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { Documents } from '../../shared/core/ports/documents.ts';
import { build, dependentsOf, host, registry, upload } from '../shared/features/builds/bases/building.ts';
import { call, policed, putPolicy } from '../shared/features/purge/policed.ts';
import type { Timed } from '../shared/features/recycle-bin/binned.ts';
import { binOf, naming, post, statusOf, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const repository = 'team/app';
const at = (reference: string) => `/v2/${repository}/manifests/${reference}`;

/**
 * An instance of which every commit that has a condition is sent twice: the first answer is lost, and the second one
 * says that the condition does not hold.
 */
const losing = ({ world }: Pick<TestLongshore, 'world'>): TestLongshore =>
  composeForTest({ world, connection: { chance: { seed: 1, emptyPages: 0, lostEtags: 1 } } });

/** The answer of the first commit that `matches` is lost, and it is sent again. */
function losingOne(
  { world }: Pick<TestLongshore, 'world'>,
  matches: string,
): Documents & { readonly lost: () => boolean } {
  const { documents } = connectMemory(world);
  let lost = false;
  return {
    ...documents,
    lost: () => lost,
    async commitDocuments(container, partition, changes) {
      const outcome = await documents.commitDocuments(container, partition, changes);
      if (lost || !outcome.committed || !JSON.stringify(changes).includes(matches)) return outcome;
      lost = true;
      return documents.commitDocuments(container, partition, changes);
    },
  };
}

/** A tagged image with a signature, pushed by an instance that loses nothing. */
async function pushed(): Promise<Timed & { readonly digest: string; readonly signature: string }> {
  const longshore = timedLongshore();
  const calm = composeForTest({ world: longshore.world, connection: { chance: 'none' } });
  const image = makeImage('image', 1);
  const signature = makeImage('signature', 0, naming(image));
  for (const tag of ['v1', 'latest']) await pushImage(calm.app, repository, tag, image);
  await pushImage(calm.app, repository, signature.digest, signature);
  return { ...longshore, digest: image.digest, signature: signature.digest };
}

const typesOf = ({ world }: TestLongshore) => world.region().events.log.map(({ type }) => type);

describe('an instance that loses answers of commits', () => {
  it('answers that it has deleted a manifest, and has: with its tags and its signature, told of once', async () => {
    const longshore = await pushed();
    expect(await statusOf(losing(longshore).app, at(longshore.digest), 'DELETE')).toBe(202);
    for (const each of ['v1', 'latest', longshore.digest, longshore.signature])
      expect(await statusOf(longshore.app, at(each))).toBe(404);
    expect((await binOf(longshore.app)).map(({ kind }) => kind).sort()).toEqual(['manifest', 'manifest', 'tag', 'tag']);
    expect(typesOf(longshore).filter((type) => type === 'Microsoft.ContainerRegistry.ImageDeleted')).toHaveLength(2);
  });

  it('answers that it has deleted a tag, and has', async () => {
    const longshore = await pushed();
    expect(await statusOf(losing(longshore).app, at('v1'), 'DELETE')).toBe(202);
    expect([await statusOf(longshore.app, at('v1')), await statusOf(longshore.app, at('latest'))]).toEqual([404, 200]);
  });

  it('lists a repository again that it has deleted and that is pushed to once more', async () => {
    const longshore = await pushed();
    const documents = losingOne(longshore, '"state":"deleted"');
    const { app } = composeForTest({ world: longshore.world, adapters: { documents }, connection: { chance: 'none' } });
    // It knows the entry from here on.
    expect(await statusOf(app, at('v1'))).toBe(200);
    expect((await ask(app, 'DELETE', `/acr/v1/${repository}`)).status).toBe(202);
    expect(documents.lost()).toBe(true);
    await pushImage(app, repository, 'again', makeImage('again', 0));
    const catalog = await ask(longshore.app, 'GET', '/v2/_catalog');
    expect(await catalog.json()).toEqual({ repositories: [repository] });
  });

  it('names all that a deleted repository held', async () => {
    const longshore = await pushed();
    const answer = await ask(losing(longshore).app, 'DELETE', `/acr/v1/${repository}`);
    expect(answer.status).toBe(202);
    const { manifestsDeleted, tagsDeleted } = (await answer.json()) as {
      manifestsDeleted: string[];
      tagsDeleted: string[];
    };
    expect([manifestsDeleted.toSorted(), tagsDeleted.toSorted()]).toEqual([
      [longshore.digest, longshore.signature].toSorted(),
      ['latest', 'v1'],
    ]);
  });

  it('restores with tags and signature, and says what came back; and purges, and says what went', async () => {
    const longshore = await pushed();
    expect(await statusOf(longshore.app, at(longshore.digest), 'DELETE')).toBe(202);
    expect(
      (await post(losing(longshore).app, '/api/v1/bin/restore', { repository, digest: longshore.digest })).body,
    ).toMatchObject({ manifests: expect.arrayContaining([longshore.digest]) as string[] });
    for (const each of ['v1', 'latest', longshore.digest, longshore.signature])
      expect(await statusOf(longshore.app, at(each))).toBe(200);
    expect(await statusOf(longshore.app, at(longshore.digest), 'DELETE')).toBe(202);
    const [{ group } = { group: '' }] = await binOf(longshore.app);
    expect(await post(losing(longshore).app, '/api/v1/bin/purge', { repository, group, count: 4 })).toMatchObject({
      status: 200,
      body: { manifests: 2 },
    });
    expect(await binOf(longshore.app)).toEqual([]);
  });

  it('runs a policy when its time has come', async () => {
    const longshore = policed();
    await pushImage(longshore.app, repository, 'v1', makeImage('old', 0));
    await pushImage(longshore.app, repository, 'v2', makeImage('kept', 0));
    await putPolicy(longshore.app, { brakePercent: 100, remove: [{ name: 'old', olderThanDays: 10, tags: ['v1'] }] });
    const { body } = await call(longshore.app, 'POST', '/purge/policies/nightly/plan');
    expect(
      (await call(longshore.app, 'POST', '/purge/policies/nightly/plan/approve', { hash: body.hash, switchOn: true }))
        .status,
    ).toBe(200);
    longshore.passDays(11);
    const documents = losingOne(longshore, '"runBy"');
    await composeForTest({
      world: longshore.world,
      adapters: { documents, lastPulls: longshore.lastPulls },
    }).timers['purge-mark']();
    expect(documents.lost()).toBe(true);
    // A pull would bring it back.
    expect(
      await Promise.all(['v1', 'v2'].map((tag) => statusOf(longshore.app, `/acr/v1/${repository}/_tags/${tag}`))),
    ).toEqual([404, 200]);
  });

  it('makes a task, and changes it', async () => {
    const of = registry();
    await of.push(build('base', 'base 1'), '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1\n`) };
    const put = async (settings: object) => {
      const documents = losingOne(of, '"type":"task"');
      const { app } = composeForTest({
        world: of.world,
        adapters: { documents },
        settings: { publicUrl: new URL(`http://${host}`) },
      });
      const { status } = await ask(app, 'PUT', '/api/v1/tasks/app', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ image: 'app:1', context, ...settings }),
      });
      return [status, documents.lost()];
    };
    expect([await put({}), await put({ timeoutSeconds: 600 })]).toEqual([
      [201, true],
      [200, true],
    ]);
    expect((await of.api('GET', '/tasks/app')).body).toMatchObject({ timeoutSeconds: 600 });
  });

  it('makes the edges of what it has written down about an image', async () => {
    const of = registry();
    await of.push(build('base', 'base 1'), '1');
    await of.push(build('app', 'app', { base: build('base', 'base 1'), says: `${host}/base:1` }), '1');
    const documents = losingOne(of, '"type":"learned"');
    const process = composeForTest({
      world: of.world,
      adapters: { documents },
      settings: { publicUrl: new URL(`http://${host}`) },
    });
    for (const event of [...of.world.region('home').events.log])
      if (JSON.stringify(event).includes('"app"')) await process.events['builds-learn'](event);
    expect(documents.lost()).toBe(true);
    expect(await dependentsOf(of, 'base:1')).toEqual(['app:1']);
  });

  it.each(['before', 'after'] as const)(
    'or dies %s any write while it learns of an image, and is told again, makes them too',
    async (moment) => {
      let isDead = true;
      for (let n = 1; isDead; n += 1) {
        const of = registry();
        await of.push(build('base', 'base 1'), '1');
        await of.push(build('app', 'app', { base: build('base', 'base 1'), says: `${host}/base:1` }), '1');
        // Before or after its nth write, and nothing that it does from then on reaches a store.
        let writes = 0;
        isDead = false;
        const calls = new CallPlan();
        const isNth = ({ name }: Call) => name === 'documents.commit' && (writes += 1) === n;
        const dies = (call: Call) => isDead || (isDead = moment === 'before' && isNth(call));
        calls.failOn(dies);
        if (moment === 'after') calls.loseAnswerOn((call) => !isDead && (isDead = isNth(call)));
        const events = [...of.world.region('home').events.log].filter((event) =>
          JSON.stringify(event).includes('"app"'),
        );
        for (const event of events)
          await of
            .process(calls)
            .events['builds-learn'](event)
            .catch(() => undefined);
        for (const event of events) await of.process().events['builds-learn'](event);
        expect(await dependentsOf(of, 'base:1'), `${moment} write ${n}`).toEqual(['app:1']);
      }
    },
  );
});
