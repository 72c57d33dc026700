import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../infra/reference/settings.ts';
import { sheetOf } from '../../../infra/reference/sheet.ts';
import { assembling } from '../../../shared/app/assemble.ts';
import { adaptersForTest, testEnvironment } from '../../../shared/app/compose-for-test.ts';
import { parsing } from '../../../shared/app/config/config.ts';
import { commonSettingsOf } from '../../../shared/app/config/settings-of.ts';
import { features } from '../../../shared/app/features.ts';
import { onEvents } from '../../../shared/core/feature/events.ts';
import { feature } from '../../../shared/core/feature/feature.ts';
import { StoreFailure } from '../../../shared/core/ports/failures.ts';
import { ask, makeImage, pushImage } from '../image.ts';
import { latestPush } from './latest-push/feature.ts';

const withLatestPush = features.and(latestPush);
const parse = parsing(withLatestPush.settings);

function composed(environment: Readonly<Record<string, string>> = {}) {
  const { adapters, ...world } = adaptersForTest();
  const config = parse({ ...testEnvironment, ...environment });
  const settings = { ...withLatestPush.read(config), ...commonSettingsOf(config) };
  return { ...assembling(withLatestPush)(adapters, settings), ...world };
}

async function latestPushOf({ app }: ReturnType<typeof composed>) {
  const answer = await ask(app, 'GET', '/api/v1/latest-push');
  return { status: answer.status, body: await answer.json() };
}

describe('a feature that one line adds to the list', () => {
  it('handles its events, whatever their order, and answers at its route', async () => {
    const longshore = composed();
    expect(await latestPushOf(longshore)).toMatchObject({ status: 404 });
    for (const name of ['first', 'second']) await pushImage(longshore.app, `team/${name}`, 'v1', makeImage(name));
    const published = longshore.world.region().events.log;
    for (const event of [...published, ...published].reverse()) await longshore.events['latest-push-record'](event);
    expect(await latestPushOf(longshore)).toMatchObject({ status: 200, body: { repository: 'team/second' } });
  });

  it('goes by its setting', async () => {
    const recent = async (days: string, daysAgo: number) => {
      const longshore = composed({ LONGSHORE_LATEST_PUSH_DAYS: days });
      const time = new Date(longshore.world.clock.now().getTime() - daysAgo * 24 * 3_600_000).toISOString();
      await pushImage(longshore.app, 'team/app', 'v1', makeImage('app'));
      const [event] = longshore.world.region().events.log.filter(({ type }) => type.endsWith('ImagePushed'));
      await longshore.events['latest-push-record']({ ...event, time });
      return (await latestPushOf(longshore)).status;
    };
    expect([await recent('3', 2), await recent('3', 4), await recent('5', 4)]).toEqual([200, 404, 200]);
  });

  it('is told with every other fault what is wrong with its setting', () => {
    expect(() => parse({ ...testEnvironment, LONGSHORE_LATEST_PUSH_DAYS: 'many', LONGSHORE_GRACE_HOURS: '0' })).toThrow(
      /LONGSHORE_GRACE_HOURS (.|\n)*LONGSHORE_LATEST_PUSH_DAYS must be a whole number from 1 to 365, not "many"/,
    );
    expect(parse(testEnvironment).LONGSHORE_LATEST_PUSH_DAYS).toBe(30);
  });

  it('has a chapter of its own among the documented settings', () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const own = readSettings(root, ['test/shared/app/latest-push/settings.ts']).map((setting) => ({
      ...setting,
      file: 'shared/features/latest-push/settings.ts',
    }));
    const page = sheetOf([...readSettings(root), ...own]);
    expect(page).toContain('## latest-push\n\nThese settings are about the latest push.\n');
    expect(page).toContain(
      '| `LONGSHORE_LATEST_PUSH_DAYS` | `30` | Sets how many days a push counts as the latest one. |',
    );
  });

  it('is in the document of the API', async () => {
    const answer = await ask(composed().app, 'GET', '/api/v1/openapi.json');
    const document = (await answer.json()) as { paths: object; tags: readonly { name: string }[] };
    expect(Object.keys(document.paths)).toContain('/latest-push');
    expect(document.tags.map(({ name }) => name)).toContain('latest push');
  });

  it('says which events it acts on, and acts on no others', async () => {
    const longshore = composed();
    expect(longshore.subscriptions['latest-push-record']).toEqual(['Microsoft.ContainerRegistry.ImagePushed']);
    const digest = await pushImage(longshore.app, 'team/app', 'v1', makeImage('app'));
    await ask(longshore.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
    const others = longshore.world.region().events.log.filter(({ type }) => !type.endsWith('ImagePushed'));
    expect(others.length).toBeGreaterThan(0);
    for (const event of others) await longshore.events['latest-push-record'](event);
    expect(await latestPushOf(longshore)).toMatchObject({ status: 404 });
  });
});

describe('the list of features', () => {
  const scanned = feature({ name: 'scanned', make: (ports: { readonly scanner: string }) => ({ gives: ports }) });
  const scanner = feature({ name: 'scanner', make: () => ({ gives: { scanner: 'one' } }) });

  it('takes a feature whose ports another gives, and does not compile without or before that one', () => {
    expect(features.and(scanner).and(scanned)).toBeDefined();
    // @ts-expect-error nothing gives a scanner.
    expect(features.and(scanned)).toBeDefined();
    // @ts-expect-error the scanner comes too late.
    expect(features.and(scanned).and(scanner)).toBeDefined();
  });

  it('does not compile where a function names a trigger that no feature has', () => {
    // @ts-expect-error the name is misspelt.
    expect(composed().events['latest-push-recrod']).toBeUndefined();
    // @ts-expect-error nothing has such a timer.
    expect(composed().timers['latest-push-sweep']).toBeUndefined();
  });

  it('refuses two features with a setting or a trigger of the same name', () => {
    expect(() => withLatestPush.and(latestPush).settings).toThrow(
      'latest-push and latest-push both have LONGSHORE_LATEST_PUSH_DAYS',
    );
    const thief = feature({
      name: 'thief',
      make: () => ({ events: { 'usage-record': onEvents(['Longshore.Purged'], () => Promise.resolve()) } }),
    });
    const { adapters } = adaptersForTest();
    const config = parse(testEnvironment);
    const settings = { ...withLatestPush.read(config), ...commonSettingsOf(config) };
    expect(() => assembling(features.and(thief))(adapters, settings)).toThrow('usage and thief both have usage-record');
  });

  it('asks what features depend on when somebody asks for health', async () => {
    const probe = () =>
      Promise.reject(new StoreFailure({ dependency: 'git', kind: 'unavailable', message: 'no answer' }));
    const distant = feature({ name: 'distant', make: () => ({ probes: [{ dependency: 'git' as const, probe }] }) });
    const { adapters } = adaptersForTest();
    const config = parse(testEnvironment);
    const settings = { ...withLatestPush.read(config), ...commonSettingsOf(config) };
    const { app } = assembling(withLatestPush.and(distant))(adapters, settings);
    const answer = await ask(app, 'GET', '/healthz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      dependencies: expect.arrayContaining([{ dependency: 'git', up: false, why: 'does not answer' }]) as unknown,
    });
  });
});
