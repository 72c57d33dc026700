import { afterEach, describe, expect, it } from 'vitest';
import { ask, makeImage, putManifest } from '../../image.ts';
import { byAdmin, manage } from '../identity/required.ts';
import { makeIndex } from '../recycle-bin/binned.ts';
import { closeAdapters, high, policy, putReport, scannedWorld, scansAsked } from './scanned.ts';

afterEach(closeAdapters);
const image = makeImage('to be scanned');
const dayMs = 24 * 3_600_000;

describe('an image that a scan policy covers', () => {
  it.each([
    ['released', [], 200],
    ['held', [high], 403],
  ])(
    'is held from its push on, and %s once it is scanned, within two seconds of the scanner',
    async (_, found, status) => {
      const world = await scannedWorld();
      world.adapter.vulnerabilities = found;
      world.adapter.polls = 3;
      await world.push('team/app', 'v1', image);
      expect(await world.statusOf()).toBe(403);
      const before = world.clock.now().getTime();
      await world.run();
      expect([await world.statusOf(), await world.statusOf(image.digest)]).toEqual([status, status]);
      // The scanner was asked each second, four times.
      expect(world.clock.now().getTime() - before).toBeLessThanOrEqual(4_000);
      expect(scansAsked(world.adapter)).toHaveLength(1);
    },
  );

  it('is scanned with a credential that pulls its repository alone, and no longer than the scan may take', async () => {
    const world = await scannedWorld({ scanner: { scanMinutes: 10 } });
    await world.push('team/app', 'v1', image);
    await world.push('team/other', 'v1', makeImage('another'));
    await world.run();
    const asked = scansAsked(world.adapter).find(({ artifact }) => artifact.repository === 'team/app');
    expect(asked?.registry.url).toBe('http://registry.test');
    const { authorization = '' } = asked?.registry ?? {};
    const status = async (method: string, repository: string) =>
      (await ask(world.app, method, `/v2/${repository}/manifests/v1`, { headers: { authorization } })).status;
    expect([await status('GET', 'team/app'), await status('GET', 'team/other')]).toEqual([200, 401]);
    expect(await status('DELETE', 'team/app')).toBe(401);
    world.clock.pass(10 * 60_000);
    expect(await status('GET', 'team/app')).toBe(401);
  });

  it('keeps the report as a referrer, which is neither held nor scanned', async () => {
    const world = await scannedWorld({ scanner: { capabilities: ['vulnerability', 'sbom'] } });
    world.adapter.vulnerabilities = [high];
    await world.push('team/app', 'v1', image);
    await world.run();
    const answer = await ask(byAdmin(world.app), 'GET', `/v2/team/app/referrers/${image.digest}`);
    const { manifests } = (await answer.json()) as { manifests: { artifactType: string; digest: string }[] };
    expect(manifests.map(({ artifactType }) => artifactType).toSorted()).toEqual([
      'application/vnd.cyclonedx+json',
      'application/vnd.security.vulnerability.report+json',
    ]);
    for (const { digest } of manifests) expect((await world.pull(world.puller, 'team/app', digest)).status).toBe(200);
    expect(scansAsked(world.adapter)).toHaveLength(1);
    expect(await world.reasons()).toContain('CVE-2026-1 (high) in openssl 3.0.11-1 is fixed in 3.0.15-1.');
  });

  it('was there before the policy, and stays open until its first report', async () => {
    const world = await scannedWorld({ settings: { ...policy, mode: 'off' } });
    world.adapter.vulnerabilities = [high];
    await world.push('team/app', 'v1', image);
    world.clock.pass(60_000);
    await manage(world, 'PUT', '/scanning/policies/block', policy);
    await world.timers['verdicts-judge-due']();
    expect(await world.statusOf()).toBe(200);
    await world.run();
    expect(await world.statusOf()).toBe(403);
  });

  it('is served with a warning where the policy audits', async () => {
    const world = await scannedWorld({ settings: { ...policy, mode: 'audit' } });
    world.adapter.vulnerabilities = [high];
    await world.push('team/app', 'v1', image);
    await world.run();
    const pulled = await world.pull(world.puller, 'team/app', 'v1');
    expect([pulled.status, pulled.headers.get('warning')]).toEqual([200, expect.stringContaining('block')]);
  });
});

describe('an index', () => {
  it('is held until all that it lists is scanned, and scanned by its children alone', async () => {
    const world = await scannedWorld();
    const [one, two] = [makeImage('one'), makeImage('two')];
    const index = makeIndex([one, two]);
    await world.push('team/app', one.digest, one);
    await world.push('team/app', two.digest, two);
    await putManifest(byAdmin(world.app), 'team/app', 'v1', index);
    await world.hear();
    expect(await world.statusOf()).toBe(403);
    await world.run();
    expect([await world.statusOf(), await world.statusOf(one.digest)]).toEqual([200, 200]);
    expect(
      scansAsked(world.adapter)
        .map(({ artifact }) => artifact.digest)
        .toSorted(),
    ).toEqual([one.digest, two.digest].toSorted());
    expect((await world.findings()).map(({ digest, state }) => [digest, state])).toEqual([
      [one.digest, 'reported'],
      [two.digest, 'reported'],
    ]);
  });
});

describe('what no scanner can scan', () => {
  const chart = makeImage('a chart', 1, {
    config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: image.digest, size: 2 },
  });

  it.each([
    ['pass', 200],
    ['hold', 403],
  ])('goes by the policy: %s', async (unscannable, status) => {
    const world = await scannedWorld({ settings: { ...policy, unscannable } });
    const config = Buffer.from('{"name":"a chart"}');
    const manifest = JSON.parse(Buffer.from(chart.bytes).toString()) as { config: { digest: string; size: number } };
    const { pushBlob } = await import('../../image.ts');
    manifest.config.digest = await pushBlob(byAdmin(world.app), 'team/app', config);
    manifest.config.size = config.length;
    for (const layer of chart.layers) await pushBlob(byAdmin(world.app), 'team/app', layer);
    const pushed = await putManifest(byAdmin(world.app), 'team/app', 'v1', {
      bytes: Buffer.from(JSON.stringify(manifest)),
      mediaType: chart.mediaType,
    });
    expect(pushed.status).toBe(201);
    await world.run();
    expect(await world.statusOf()).toBe(status);
    expect(scansAsked(world.adapter)).toHaveLength(0);
  });
});

describe('a newer database of the scanner', () => {
  it('has images scanned anew, those that are tagged first, and closes nothing until the report is there', async () => {
    const world = await scannedWorld({ scanner: { scansAtOnce: 1 } });
    const untagged = makeImage('untagged');
    await world.push('team/app', untagged.digest, untagged);
    await world.push('team/app', 'v1', image);
    await world.run();
    expect(await world.statusOf()).toBe(200);
    world.adapter.seen.length = 0;
    world.clock.pass(2 * 3_600_000);
    world.adapter.databaseUpdatedAt = '2026-12-02T06:00:00Z';
    world.adapter.vulnerabilities = [high];
    world.adapter.polls = 5;
    await world.timers['scanning-sweep']();
    expect(await world.statusOf()).toBe(200);
    await world.run(2);
    expect(await world.statusOf()).toBe(200);
    await world.run(60);
    expect(await world.statusOf()).toBe(403);
    expect(scansAsked(world.adapter).map(({ artifact }) => artifact.digest)).toEqual([image.digest, untagged.digest]);
    await world.tick();
    expect(scansAsked(world.adapter)).toHaveLength(2);
  });

  it('leaves an image that passed once open for the grace of its policy, and then closes it', async () => {
    const world = await scannedWorld({ settings: { ...policy, graceHours: 7 * 24 } });
    await world.push('team/app', 'v1', image);
    await world.run();
    world.clock.pass(2 * 3_600_000);
    world.adapter.databaseUpdatedAt = '2026-12-02T06:00:00Z';
    world.adapter.vulnerabilities = [high];
    await world.tick();
    expect([await world.statusOf(), await world.reasons()]).toEqual([200, expect.stringContaining('CVE-2026-1')]);
    const pulled = await world.pull(world.puller, 'team/app', 'v1');
    expect(pulled.headers.get('warning')).toMatch(/will be held by block from 2026-01-08/);
    world.clock.pass(6 * dayMs);
    await world.tick();
    expect(await world.statusOf()).toBe(200);
    world.clock.pass(dayMs);
    await world.tick();
    expect(await world.statusOf()).toBe(403);
  });
});

describe('an exception', () => {
  const exception = (expiresAt: Date) => ({
    vulnerability: 'cve-2026-1',
    package: 'openssl',
    owner: 'team',
    reason: 'is not reachable',
    expiresAt: expiresAt.toISOString(),
  });

  it('opens what it covers, and closes it again when it ends, or is deleted', async () => {
    const world = await scannedWorld();
    world.adapter.vulnerabilities = [high];
    await world.push('team/app', 'v1', image);
    await world.run();
    expect(await world.statusOf()).toBe(403);
    const end = new Date(world.clock.now().getTime() + dayMs);
    await manage(world, 'PUT', '/scanning/exceptions/openssl', exception(end));
    await world.tick();
    expect(await world.statusOf()).toBe(200);
    expect((await world.findings())[0]?.findings).toMatchObject([{ id: 'CVE-2026-1', taken: { by: 'exception' } }]);
    world.clock.pass(dayMs);
    await world.tick();
    expect(await world.statusOf()).toBe(403);
    await manage(
      world,
      'PUT',
      '/scanning/exceptions/openssl',
      exception(new Date(world.clock.now().getTime() + dayMs)),
    );
    await world.tick();
    expect(await world.statusOf()).toBe(200);
    await manage(world, 'DELETE', '/scanning/exceptions/openssl');
    await world.tick();
    expect(await world.statusOf()).toBe(403);
  });
});

describe('the report of a CI', () => {
  const report = (digest: string, severity = 'HIGH') => ({
    SchemaVersion: 2,
    ArtifactName: 'app',
    Metadata: { RepoDigests: [`registry.test/team/app@${digest}`] },
    Results: [
      {
        Target: 'debian',
        Vulnerabilities: [
          { VulnerabilityID: 'CVE-2026-9', PkgName: 'curl', InstalledVersion: '8', Severity: severity },
        ],
      },
    ],
  });

  it.each([
    ['HIGH', 403],
    ['LOW', 200],
  ])('judges at once where there is no scanner: %s answers %i', async (severity, status) => {
    const world = await scannedWorld({ scanner: 'none' });
    await world.push('team/app', 'v1', image);
    expect([await world.statusOf(), await world.reasons()]).toEqual([403, expect.stringContaining('no report')]);
    const answer = await putReport(world, image.digest, report(image.digest, severity));
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { state: 'reported', report: { by: { is: 'caller', name: 'admin' }, format: 'trivy' } },
    ]);
    expect(await world.statusOf()).toBe(status);
    expect((await world.findings())[0]?.report?.report).toMatch(/^sha256:/);
  });

  it('is for those with quarantine/write, and not for those who push: they would clear their own image', async () => {
    const world = await scannedWorld({ scanner: 'none' });
    await world.push('team/app', 'v1', image);
    const status = async (who: Record<string, string>) =>
      (await putReport(world, image.digest, report(image.digest, 'LOW'), who)).status;
    expect([await status(world.puller), await status(world.pusher), await world.statusOf()]).toEqual([403, 403, 403]);
    expect([await status(world.scanner), await world.statusOf()]).toEqual([200, 200]);
  });

  it('is refused about another image, about an index, and where it is no report', async () => {
    const world = await scannedWorld({ scanner: 'none' });
    await world.push('team/app', 'v1', image);
    const index = makeIndex([image]);
    await putManifest(byAdmin(world.app), 'team/app', 'multi', index);
    const other = makeImage('another').digest;
    const codes = await Promise.all(
      [
        putReport(world, image.digest, report(other)),
        putReport(world, index.digest, report(index.digest)),
        putReport(world, image.digest, { nothing: true }),
        putReport(world, other, report(other)),
        putReport(world, image.digest, report(index.digest)),
      ].map(async (answer) => {
        const { status } = await answer;
        const { errors } = (await (await answer).json()) as { errors?: { code: string }[] };
        return [status, errors?.[0]?.code];
      }),
    );
    expect(codes).toEqual([
      [409, 'reportOfOther'],
      [409, 'reportOfIndex'],
      [400, 'invalidBody'],
      [404, 'manifestNotFound'],
      [200, undefined],
    ]);
  });

  it('is kept as long as its image is there, or may come back', async () => {
    const world = await scannedWorld({ scanner: 'none' });
    await world.push('team/app', 'v1', image);
    await putReport(world, image.digest, report(image.digest, 'LOW'));
    const kept = async () => {
      const where = [{ path: 'type', is: '=' as const, value: 'scan-result' }];
      const query = { container: 'repositories' as const, partition: ['default'], where, limit: 10 };
      return (await world.memory.documents.queryDocuments(query)).documents.length;
    };
    world.clock.pass(31 * dayMs);
    await world.tick();
    expect(await kept()).toBe(1);
    await ask(byAdmin(world.app), 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    await world.timers['recycle-bin-purge']();
    world.clock.pass(31 * dayMs);
    await world.timers['recycle-bin-purge']();
    await world.tick();
    expect(await kept()).toBe(0);
  });

  it('may be larger than other bodies', async () => {
    const world = await scannedWorld({ scanner: 'none' });
    await world.push('team/app', 'v1', image);
    const large = { ...report(image.digest, 'LOW'), padding: 'x'.repeat(2 * 1024 * 1024) };
    expect((await putReport(world, image.digest, large)).status).toBe(200);
  });
});
