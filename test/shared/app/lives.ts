import { build } from '../features/builds/bases/building.ts';
import type { Deployment, Name } from './deployment.ts';
import { Life, operationsOf } from './life.ts';

/** A life of each registry. */
export async function lives(of: Deployment): Promise<{ a: Life; b: Life; own: Life }> {
  const operations = await operationsOf(of);
  return {
    a: new Life(of, 'a', operations),
    b: new Life(of, 'b', operations),
    own: new Life(of, 'default', operations),
  };
}

/** The catalog of a registry. */
export const repositoriesAt = async (of: Deployment, registry: Name, host?: string) =>
  await (await of.ask(registry, 'GET', '/v2/_catalog', host === undefined ? {} : { host })).json();

export const image = build('team/app', 'app');
/** Without logins. */
export const open = { settings: { auth: { mode: 'open' as const } } };

/** As somebody who has been told what the other registry chose: ids of its builds, deliveries, deletions, keys. */
export async function meddle(life: Life, theirs: Readonly<Record<string, string>>): Promise<void> {
  const [build, query, hook] = [{ build: theirs.build ?? '' }, { image: 'built:1' }, { name: 'everything' }];
  const no = [400, 404, 409];
  for (const call of ['getBuild', 'cancelBuild', 'retryBuild']) await life.api(call, { params: build, ok: no });
  for (const call of ['getBuildLog', 'claimBuildJob']) await life.api(call, { params: build, query, ok: no });
  await life.api('reportBuild', { params: build, query, body: { state: 'failed', why: 'x' }, ok: no });
  const delivery = { ...hook, id: theirs.delivery ?? '' };
  for (const call of ['getWebhookDelivery', 'redeliverWebhookDelivery'])
    await life.api(call, { params: delivery, ok: no });
  await life.api('getWebhookRedelivery', { params: { ...hook, job: theirs.job ?? '' }, ok: no });
  await life.api('deleteWebhookSecret', { params: { ...hook, id: theirs.secret ?? '' }, ok: no });
  await life.api('getDeletion', { params: { group: theirs.group ?? '' }, ok: no });
  await life.api('restoreDeleted', { body: { repository: 'team/gone', group: theirs.group }, ok: no });
  await life.api('purgeDeletion', { body: { group: theirs.group, count: 1 }, ok: no });
  await life.api('deleteSigningKey', { params: { kid: theirs.kid ?? '' }, ok: no });
}
