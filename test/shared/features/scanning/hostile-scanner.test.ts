import { afterEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../image.ts';
import { manage } from '../identity/required.ts';
import type { Quirks } from './adapter/stand-in-adapter.ts';
import { closeAdapters, policy, scannedWorld, scansAsked } from './scanned.ts';

afterEach(closeAdapters);
const image = makeImage('to be scanned');
/** A scan that is tried again whenever it fails. */
const hour = 3_600;

describe('a scanner that', () => {
  it.each<[string, Quirks, RegExp]>([
    ['answers for another image', { answersFor: { digest: makeImage('another').digest } }, /about another image/],
    ['names no image', { answersFor: 'nothing' }, /does not name the image/],
    ['packs its report', { contentEncoding: 'gzip' }, /packed its answer/],
    ['sends something else', { contentType: 'text/html' }, /has the type text\/html/],
    ['sends no report', { body: '{"artifact":' }, /not JSON, or is cut off/],
    ['sends more than a report may have', { paddedBy: 33 * 1024 * 1024 }, /could not be asked|larger/],
    ['declares more than it sends', { declaredLength: 1_000_000 }, /could not be asked/],
    ['cannot scan', { reportStatus: 500 }, /the scan failed/],
    ['refuses for good', { scanFault: { status: 400, message: 'no such registry' } }, /no such registry/],
    ['demands a login', { demands: { header: 'authorization', value: 'Basic x' } }, /credentials are missing/],
  ])('%s leaves the image held, and its verdict says why', async (_, quirks, reason) => {
    const world = await scannedWorld({ quirks, scanner: { requestSeconds: 1 } });
    await world.push('team/app', 'v1', image);
    await world.run(hour);
    expect([await world.statusOf(), await world.reasons()]).toEqual([403, expect.stringMatching(reason)]);
    const [shown] = await world.findings();
    expect(shown?.scan).toMatchObject({ state: 'ended', outcome: 'failed' });
    expect(world.world.region().queues.length('scans')).toBe(0);
  });

  it('is overloaded is asked again later, less and less often, and not for ever', async () => {
    const world = await scannedWorld({ quirks: { scanFault: { status: 503, message: 'busy' } } });
    await world.push('team/app', 'v1', image);
    await world.run(5);
    expect(await world.reasons()).toMatch(/is tried again: .*busy/);
    await world.run(hour);
    expect(scansAsked(world.adapter)).toHaveLength(5);
    expect(await world.reasons()).toMatch(/failed: .*busy/);
  });

  it('was overloaded releases the image once it answers', async () => {
    const world = await scannedWorld({ quirks: { scanFault: { status: 503, message: 'busy' } } });
    await world.push('team/app', 'v1', image);
    await world.run(5);
    delete world.adapter.quirks.scanFault;
    await world.run(hour);
    expect(await world.statusOf()).toBe(200);
  });

  it('never has a report is given up after the time of a scan', async () => {
    const world = await scannedWorld({ scanner: { scanMinutes: 3 } });
    world.adapter.polls = 1_000_000;
    await world.push('team/app', 'v1', image);
    await world.run(hour);
    expect(await world.reasons()).toMatch(/had no report after 3 minutes/);
    expect(world.adapter.seen.length).toBeLessThan(200);
  });

  it('hangs is given up', async () => {
    const world = await scannedWorld({ quirks: { hangs: ['scan'] }, scanner: { requestSeconds: 1 } });
    await world.push('team/app', 'v1', image);
    await world.run(hour);
    expect(await world.reasons()).toMatch(/gave no whole answer in 1000 ms/);
  });

  it('redirects is not followed', async () => {
    const other = await scannedWorld();
    const world = await scannedWorld({ quirks: { redirectsTo: `${other.adapter.url}/secret` } });
    world.adapter.polls = 2;
    await world.push('team/app', 'v1', image);
    await world.run();
    expect([await world.statusOf(), other.adapter.seen.filter(({ path }) => path === '/secret')]).toEqual([200, []]);
  });

  it('no longer scans well leaves open what its last report has opened', async () => {
    const world = await scannedWorld();
    await world.push('team/app', 'v1', image);
    await world.run();
    world.adapter.quirks.reportStatus = 500;
    await manage(world, 'POST', '/scanning/scans', { repository: 'team/app', reference: 'v1' });
    await world.run(hour);
    expect(await world.statusOf()).toBe(200);
    expect((await world.findings())[0]).toMatchObject({ state: 'reported', scan: { outcome: 'failed' } });
  });

  it('is deleted ends what waits for it, with a reason', async () => {
    const world = await scannedWorld();
    world.adapter.polls = 10;
    await world.push('team/app', 'v1', image);
    await world.run(2);
    await manage(world, 'DELETE', '/scanning/scanners/trivy');
    await world.run();
    expect(await world.reasons()).toMatch(/"trivy" is no longer registered/);
  });
});

describe('the secret of a scanner', () => {
  it('is sent, and never shown; and is sent nowhere else when the URL changes', async () => {
    const world = await scannedWorld({ quirks: { demands: { header: 'authorization', value: 'Bearer s3cr3t' } } });
    const { url } = world.adapter;
    const put = (body: object) => manage(world, 'PUT', '/scanning/scanners/trivy', body);
    const shown = await put({ url, authentication: { type: 'bearer', secret: 's3cr3t' } });
    expect(JSON.stringify(shown)).not.toContain('s3cr3t');
    expect(await put({ url, authentication: { type: 'bearer' } })).toMatchObject({ hasSecret: true });
    await world.push('team/app', 'v1', image);
    await world.run();
    expect(await world.statusOf()).toBe(200);
    await expect(put({ url: 'http://127.0.0.1:9', authentication: { type: 'bearer' } })).rejects.toThrow(
      /409 .*scannerSecretMissing/,
    );
    await expect(put({ url, authentication: { type: 'basic', username: 'me' } })).rejects.toThrow(/409/);
    const all = await world.memory.documents.queryDocuments({
      container: 'registries',
      where: [{ path: 'type', is: '=', value: 'scanner' }],
      limit: 10,
    });
    expect(JSON.stringify(all.documents)).not.toContain('s3cr3t');
  });
});

describe('many images at once', () => {
  it('are scanned a few at a time, those that lost their message too', async () => {
    const world = await scannedWorld({ scanner: { scansAtOnce: 3 }, settings: { ...policy, backlog: 'hold' } });
    const images = Array.from({ length: 25 }, (_, n) => makeImage(`image ${n}`));
    for (const [n, each] of images.entries()) await world.push('team/app', `v${n}`, each);
    world.adapter.polls = 5;
    await world.run(1);
    const running = () => manage<{ items: object[] }>(world, 'GET', '/scanning/scans?state=running');
    expect((await running()).items.length).toBeLessThanOrEqual(3);
    world.world.region().queues.drain('scans');
    world.clock.pass(120_000);
    await world.tick(300);
    const statuses = await Promise.all(images.map((_, n) => world.statusOf(`v${n}`)));
    expect(statuses).toEqual(images.map(() => 200));
    expect(new Set(scansAsked(world.adapter).map(({ artifact }) => artifact.digest)).size).toBe(25);
  });
});
