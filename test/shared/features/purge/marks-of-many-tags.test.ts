import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';

const repository = 'team/app';

/** Pushes an image with so many tags, deletes all of these but one, and counts what the events of that cost at once. */
async function callsOfDeleting(tags: number): Promise<number> {
  const calls = new CallPlan();
  const world = createMemoryWorld({});
  const { app, events } = composeForTest({ world, connection: { calls } });
  const image = makeImage('many');
  await pushImage(app, repository, 'kept', image);
  for (let n = 0; n < tags; n++) await putManifest(app, repository, `t${n}`, image);
  const { log } = world.region().events;
  const before = log.length;
  for (let n = 0; n < tags; n++) await ask(app, 'DELETE', `/v2/${repository}/manifests/t${n}`);
  const deleted = log.slice(before);
  expect(deleted.length).toBeGreaterThanOrEqual(tags);
  calls.resetCounts();
  await Promise.all(deleted.map((event) => events['purge-touched'](event)));
  return calls.total();
}

describe('the events of many tags of one image', () => {
  it('that come at once cost about what one of them costs', async () => {
    expect(await callsOfDeleting(60)).toBeLessThan(4 * (await callsOfDeleting(1)));
  });
});
