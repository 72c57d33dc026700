import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { Admission } from '../../../../shared/core/admission/admission.ts';
import { lockGate } from '../../../../shared/core/admission/locks.ts';
import type { Wanted } from '../../../../shared/core/documents/recycling.ts';
import type { Cause } from '../../../../shared/core/events/envelope.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import { systemRandomIds } from '../../../../shared/core/ports/clock.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import { recycle } from '../../../../shared/features/recycle-bin/recycle.ts';
import { SoftDelete } from '../../../../shared/features/recycle-bin/soft-delete.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { oneRegion } from '../../one-region.ts';
import type { Timed } from './binned.ts';
import { binOf, makeIndex, naming, push, statusOf, timedLongshore } from './binned.ts';

const repository = 'team/app';
const key = { registry: 'default' as RegistryName, repository: repository as RepositoryName };
const cause: Cause = { request: { id: 'run', host: '', method: '', useragent: 'longshore' }, actor: { name: 'purge' } };

function policy(
  { memory, world }: Timed,
  manifests: readonly string[],
  tags: readonly string[] = [],
  isAsJudged: Wanted['isAsJudged'] = () => true,
) {
  const adapters = { ...memory, ...oneRegion(memory), clock: world.clock, ids: systemRandomIds, log: silentLog };
  const ports = {
    ...adapters,
    softDelete: new SoftDelete(adapters),
    admission: new Admission([lockGate]),
    openRepository: () => Promise.resolve(),
    settings: { region: 'home', eventSource: '/longshore', graceMs: 3_600_000 },
  };
  return recycle(
    ports,
    key,
    { manifests: manifests as Digest[], tags: tags as Tag[], isAsJudged },
    { cause, rule: 'old images' },
  );
}

describe('what a policy takes', () => {
  it('is what it names, unless a tag that it does not name, an index, a subject or an attribute keeps it', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const [old, child, tagged, locked, subject] = ['old', 'child', 'tagged', 'locked', 'subject'].map((seed) =>
      makeImage(seed, 0),
    ) as [
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
    ];
    const signature = makeImage('signature', 0, naming(subject));
    for (const [tag, image] of [
      ['old', old],
      [child.digest, child],
      ['tagged', tagged],
      ['also', tagged],
      [locked.digest, locked],
      ['subject', subject],
      [signature.digest, signature],
    ] as const)
      await pushImage(app, repository, tag, image);
    await push(app, repository, 'index', makeIndex([child]));
    await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${locked.digest}`, {
      body: JSON.stringify({ deleteEnabled: false }),
    });
    const gone = makeImage('never pushed', 0).digest;
    const result = await policy(
      longshore,
      [old, child, tagged, locked, signature].map(({ digest }) => digest).concat(gone),
      ['old', 'tagged'],
    );
    expect(result.manifests).toEqual([old.digest]);
    expect(result.tags).toEqual(['old', 'tagged']);
    expect(result.stayed).toEqual([
      { what: child.digest, because: 'index' },
      { what: tagged.digest, because: 'tag' },
      { what: locked.digest, because: 'locked' },
      { what: signature.digest, because: 'subject' },
      { what: gone, because: 'gone' },
    ]);
    for (const reference of ['also', 'index', child.digest, signature.digest])
      expect(await statusOf(app, `/v2/${repository}/manifests/${reference}`)).toBe(200);
  });

  it('is nothing that was pushed since the policy judged it, an image under a new name of an old tag least of all', async () => {
    const longshore = timedLongshore();
    const { app, world, passTime } = longshore;
    const [old, fresh] = [makeImage('old', 0), makeImage('fresh', 0)];
    for (const tag of ['moved', 'pushed-again', 'old']) await pushImage(app, repository, tag, old);
    const judgedAt = world.clock.now().toISOString();
    passTime(1_000);
    await pushImage(app, repository, 'moved', fresh);
    await pushImage(app, repository, 'pushed-again', old);
    const isAsJudged: Wanted['isAsJudged'] = ({ digest, updatedAt }) => digest === old.digest && updatedAt <= judgedAt;
    const result = await policy(longshore, [old.digest], ['moved', 'pushed-again', 'old'], isAsJudged);
    expect(result).toMatchObject({
      manifests: [],
      tags: ['old'],
      stayed: [
        { what: old.digest, because: 'pushed since' },
        { what: 'moved', because: 'pushed since' },
        { what: 'pushed-again', because: 'pushed since' },
      ],
    });
    for (const tag of ['moved', 'pushed-again'])
      expect(await statusOf(app, `/v2/${repository}/manifests/${tag}`)).toBe(200);
  });

  it('is also a child whose only tag is named beside its index', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const child = makeImage('child', 0);
    await pushImage(app, repository, 'child', child);
    const index = makeIndex([child]);
    await push(app, repository, 'index', index);
    expect(await policy(longshore, [index.digest], ['index', 'child'])).toMatchObject({
      manifests: [index.digest],
      stayed: [],
    });
    expect((await binOf(app)).map(({ kind, tag, digest }) => `${kind} ${tag ?? digest}`).toSorted()).toEqual(
      [`manifest ${child.digest}`, `manifest ${index.digest}`, 'tag child', 'tag index'].toSorted(),
    );
  });

  it('comes back by a pull, by tag or digest, with all its tags; what somebody deleted does not', async () => {
    for (const reference of ['by tag', 'by digest'] as const) {
      const longshore = timedLongshore();
      const { app } = longshore;
      const image = makeImage('pulled', 0);
      const path = `/v2/${repository}/manifests/${reference === 'by tag' ? 'v1' : image.digest}`;
      for (const tag of ['v1', 'v2']) await pushImage(app, repository, tag, image);
      await policy(longshore, [image.digest], ['v1', 'v2']);
      expect((await binOf(app)).map(({ by }) => by.rule)).toEqual(['old images', 'old images', 'old images']);
      expect(await statusOf(app, path)).toBe(200);
      expect(await binOf(app)).toEqual([]);
      expect(await statusOf(app, `/v2/${repository}/manifests/v2`)).toBe(200);
      expect(await statusOf(app, `/v2/${repository}/manifests/${image.digest}`, 'DELETE')).toBe(202);
      expect(await statusOf(app, path)).toBe(404);
    }
  });

  it('stays where the settings say so', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    await ask(app, 'PUT', '/api/v1/soft-delete', {
      body: JSON.stringify({ enabled: true, retentionDays: 14, restoreOnPull: false }),
      headers: { 'content-type': 'application/json' },
    });
    const image = makeImage('pulled', 0);
    await pushImage(app, repository, 'v1', image);
    await policy(longshore, [image.digest], ['v1']);
    for (const reference of ['v1', image.digest])
      expect(await statusOf(app, `/v2/${repository}/manifests/${reference}`)).toBe(404);
  });

  it('stays where a gate refuses to restore it', async () => {
    const longshore = timedLongshore();
    const image = makeImage('pulled', 0);
    await pushImage(longshore.app, repository, 'v1', image);
    await policy(longshore, [image.digest], ['v1']);
    const refused = { is: 'refused', fault: { is: 'denied', why: 'it is held' } } as const;
    const { app } = composeForTest({
      world: longshore.world,
      settings: {
        gates: [
          { kind: 'hold', name: 'hold', ask: ({ operation }) => (operation === 'restore' ? refused : undefined) },
        ],
      },
    });
    for (const reference of ['v1', image.digest])
      expect(await statusOf(app, `/v2/${repository}/manifests/${reference}`)).toBe(403);
  });
});
