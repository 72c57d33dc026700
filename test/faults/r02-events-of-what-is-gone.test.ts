import { describe, expect, it } from 'vitest';
import { naming, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushImage, putManifest } from '../shared/image.ts';
import { roundTrips } from './round-trips.ts';

const repository = 'team/app';

const consumers = ['webhooks-dispatch', 'usage-record', 'purge-touched', 'builds-learn'] as const;

/** The event of a referrer that went along with its image, behind all that the consumers made of the events before. */
async function deletedReferrer() {
  const longshore = timedLongshore();
  const { app, world } = longshore;
  const image = makeImage('subject', 0);
  await pushImage(app, repository, 'v1', image);
  const referrer = makeImage('subject', 0, { ...naming(image), annotations: { n: 'referrer' } });
  await putManifest(app, repository, referrer.digest, referrer);
  const handleAll = async (events: readonly unknown[]) => {
    for (const event of events) for (const consumer of consumers) await longshore.events[consumer](event);
  };
  const { log } = world.region().events;
  await handleAll(log);
  const pushed = log.length;
  await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
  const isAbout = (digest: string) => (event: unknown) =>
    (event as { data: { target: { digest?: string } } }).data.target.digest === digest;
  const ofReferrer = log.slice(pushed).find(isAbout(referrer.digest));
  await handleAll(log.slice(pushed).filter(isAbout(image.digest)));
  longshore.memory.calls.resetCounts();
  return { longshore, event: ofReferrer };
}

describe('an event of a referrer that went along with its image', () => {
  /** An image may take thousands along, and each consumer handles the event of each. */
  it.each([
    ['webhooks-dispatch', 2, 2],
    ['usage-record', 6, 5],
    ['purge-touched', 6, 3],
    ['builds-learn', 1, 1],
  ] as const)('%s handles it with %d store calls, %d of them in a row', async (consumer, atMost, inARowAtMost) => {
    const { longshore, event } = await deletedReferrer();
    expect(event).toBeDefined();
    const { calls, inARow } = await roundTrips(longshore.memory.calls, () => longshore.events[consumer](event));
    expect(calls).toBeLessThanOrEqual(atMost);
    expect(inARow).toBeLessThanOrEqual(inARowAtMost);
  });

  it.each([
    ['webhooks-dispatch', 2],
    ['usage-record', 2],
    ['purge-touched', 6],
    ['builds-learn', 1],
  ] as const)('%s handles it with at most %d store calls when it is delivered again', async (consumer, atMost) => {
    const { longshore, event } = await deletedReferrer();
    await longshore.events[consumer](event);
    const before = longshore.memory.calls.total();
    await longshore.events[consumer](event);
    expect(longshore.memory.calls.total() - before).toBeLessThanOrEqual(atMost);
  });
});
