import { expect } from 'vitest';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { makeIndex, naming, push, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushImage, putManifest } from '../shared/image.ts';
import { json } from './manifests.ts';

const repository = 'team/app';

/**
 * An image with two batches of referrers: one of them has a referrer of its own, one is an index with a child, and one
 * stays because a tag keeps it.
 */
async function surrounded() {
  const longshore = timedLongshore();
  const { app } = longshore;
  const image = makeImage('subject', 0);
  await pushImage(app, repository, 'v1', image);
  const about = (subject: typeof image, n: number) =>
    makeImage('subject', 0, { ...naming(subject), annotations: { n: String(n) } });
  const referrers = Array.from({ length: 20 }, (_, n) => about(image, n));
  for (const each of [...referrers, about(referrers[0] ?? image, 100)])
    await putManifest(app, repository, each.digest, each);
  const child = makeImage('subject', 0, { annotations: { n: 'child' } });
  await push(app, repository, child.digest, child);
  const index = makeIndex([child], naming(image));
  await push(app, repository, index.digest, index);
  await push(app, repository, 'kept', about(image, 101));
  longshore.memory.calls.resetCounts();
  return { longshore, path: `/v2/${repository}/manifests/${image.digest}` };
}

type Surrounded = Awaited<ReturnType<typeof surrounded>>;

/**
 * Deletes until it is done in another process, delivers its events (one of them twice, the last first), and returns the
 * deletion with the counters.
 */
async function outcomeOf({ longshore, path }: Surrounded, other: TestLongshore): Promise<unknown> {
  const answer = await ask(other.app, 'DELETE', path);
  expect([202, 404]).toContain(answer.status);
  for (let run = 0; run < 3; run += 1) {
    longshore.passTime(10_000);
    await other.timers['recycle-bin-reconcile']();
  }
  await other.timers['events-sweep']();
  longshore.passTime(60_000);
  await other.timers['events-sweep']();
  const { log } = longshore.world.region().events;
  for (const event of [...log.toReversed(), ...log.slice(0, 1)]) {
    await other.events['usage-record'](event);
    await other.events['purge-touched'](event);
  }
  const unsettled = await other.memory.documents.countDocuments({
    container: 'repositories',
    partition: ['default', repository],
    where: [{ path: 'type', is: '=', value: 'unsettled' }],
  });
  const left = (await json(other.app, 'GET', `/acr/v1/${repository}/_manifests`)).body.manifests as {
    tags?: string[];
  }[];
  const { images, bytes } = (await json(other.app, 'GET', `/api/v1/usage?repository=${repository}`)).body;
  return { unsettled, left: left.map(({ tags }) => tags), images, bytes };
}

const kinds = ['crashBefore', 'crashAfter', 'failOn', 'loseAnswerOn'] as const;

/**
 * Deletes an image with all that is around it, anew for each of its store calls from `first` on in steps of `step`:
 * that one is the process's last, fails, or loses its answer.
 */
export async function checkKilledDeletions(first: number, step: number): Promise<void> {
  const whole = await surrounded();
  await ask(whole.longshore.app, 'DELETE', whole.path);
  await expect
    .poll(() =>
      whole.longshore.memory.documents.countDocuments({
        container: 'repositories',
        partition: ['default', repository],
        where: [{ path: 'type', is: '=', value: 'unsettled' }],
      }),
    )
    .toBe(0);
  const calls = whole.longshore.memory.calls.total();
  const expected = await outcomeOf(whole, whole.longshore.another());
  expect(expected).toMatchObject({ unsettled: 0, left: [['kept']], images: 1 });
  for (let at = first; at <= calls; at += step) {
    const kind = kinds[at % kinds.length] ?? 'crashAfter';
    const each = await surrounded();
    const plan = each.longshore.memory.calls;
    if (kind === 'failOn' || kind === 'loseAnswerOn') plan[kind](at, 1);
    else plan[kind](at);
    await ask(each.longshore.app, 'DELETE', each.path).catch(() => undefined);
    expect([kind, at, await outcomeOf(each, each.longshore.another())]).toEqual([kind, at, expected]);
  }
}
