import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { parseEvent } from '../../shared/core/events/envelope.ts';
import { remoteApp } from '../conformance/registry.ts';
import type { startReceiver } from '../local/stack/receiver.ts';
import type { Built } from '../shared/features/builds/bases/building.ts';
import { build } from '../shared/features/builds/bases/building.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../shared/image.ts';

type Receiver = Awaited<ReturnType<typeof startReceiver>>;

export interface EventSubject {
  readonly url: string;
  /** Subscribed to all events. */
  readonly subscriber: Receiver;
  /** For webhooks. */
  readonly hooked: Receiver;
}

/**
 * Declares the tests of what a push leads to, through the functions of a deployment: each has its own subscription,
 * queue or timer.
 */
export function eventSuite(name: string, subject: () => EventSubject): void {
  const patience = { timeout: 25_000, interval: 100 };
  const app = () => remoteApp(subject().url);
  const fresh = () => `events/${randomUUID()}`;
  const api = async (
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${subject().url}/api/v1${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  const told = (about: string) =>
    subject()
      .subscriber.deliveries.map(({ body }) => parseEvent(JSON.parse(body)))
      .filter((event) => JSON.stringify(event.data).includes(about));
  const typesTold = (about: string) =>
    told(about)
      .map(({ type }) => type)
      .sort();
  const pushBuilt = async (image: Built, tag: string) => {
    for (const blob of image.blobs) await pushBlob(app(), image.repository, blob);
    expect(
      (
        await putManifest(app(), image.repository, tag, {
          bytes: image.bytes,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
        })
      ).status,
    ).toBe(201);
  };
  const digestAt = async (repository: string, tag: string) =>
    (await ask(app(), 'HEAD', `/v2/${repository}/manifests/${tag}`)).headers.get('docker-content-digest');

  describe(`events: ${name}`, () => {
    it('are told of a push, a tag that moves, one that is deleted and an image that is, each once', async () => {
      const repository = fresh();
      const [first, second] = [makeImage(`first ${repository}`), makeImage(`second ${repository}`)];
      await pushImage(app(), repository, 'v1', first);
      await pushImage(app(), repository, 'v1', second);
      expect((await ask(app(), 'DELETE', `/acr/v1/${repository}/_tags/v1`)).status).toBe(202);
      expect((await ask(app(), 'DELETE', `/v2/${repository}/manifests/${second.digest}`)).status).toBe(202);
      const push = 'Microsoft.ContainerRegistry.ImagePushed';
      await vi.waitFor(() => {
        expect(typesTold(repository)).toEqual(
          [
            'Longshore.Recycled',
            'Longshore.Recycled',
            'Longshore.RepositoryCreated',
            'Longshore.TagDeleted',
            'Longshore.TagMoved',
            'Microsoft.ContainerRegistry.ImageDeleted',
            push,
            push,
          ].sort(),
        );
      }, patience);
      expect(told(repository).find(({ type }) => type === 'Longshore.TagMoved')?.data).toMatchObject({
        target: { repository, tag: 'v1', digest: second.digest, previousDigest: first.digest },
      });
    });

    it('are counted: pushes, pulls, and what is stored', async () => {
      const repository = fresh();
      const image = makeImage(`counted ${repository}`, 2);
      await pushImage(app(), repository, 'v1', image);
      expect((await ask(app(), 'GET', `/v2/${repository}/manifests/v1`)).status).toBe(200);
      await vi.waitFor(async () => {
        expect((await api('GET', `/usage?repository=${repository}`)).body).toMatchObject({
          pushes: 1,
          images: 1,
          pulls: 1,
        });
      }, patience);
    });

    it('go to a webhook, signed, and again when that is asked', async () => {
      const repository = fresh();
      const hook = `h${randomUUID().slice(0, 8)}`;
      expect(
        (
          await api('PUT', `/webhooks/${hook}`, {
            serviceUri: subject().hooked.url,
            actions: ['push'],
            scope: `${repository}:*`,
          })
        ).status,
      ).toBeLessThan(300);
      const image = makeImage(`hooked ${repository}`);
      await pushImage(app(), repository, 'v1', image);
      const arrived = () => subject().hooked.deliveries.filter(({ body }) => body.includes(image.digest));
      await vi.waitFor(() => {
        expect(arrived()).toHaveLength(1);
      }, patience);
      const [first] = arrived();
      expect(first?.headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1,/) as string });
      await vi.waitFor(async () => {
        expect((await api('GET', `/webhooks/${hook}/deliveries`)).body).toMatchObject({
          items: [{ status: 'delivered' }],
        });
      }, patience);
      expect(
        (await api('POST', `/webhooks/${hook}/deliveries/${String(first?.headers['webhook-id'])}/redeliver`)).status,
      ).toBe(202);
      await vi.waitFor(() => {
        expect(arrived()).toHaveLength(2);
      }, patience);
      expect(arrived()[1]?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    });

    it('of a base have what is built on it made anew, once, and say so', async () => {
      const [base, repository] = [`${fresh()}/base`, `${fresh()}/app`];
      const old = build(base, 'old base');
      await pushBuilt(old, '1');
      const image = build(repository, 'the app', { base: old, says: `${new URL(subject().url).host}/${base}:1` });
      await pushBuilt(image, '1');
      expect(
        (
          await api('PUT', `/builds/policies/p${randomUUID().slice(0, 8)}`, {
            repositories: { include: [repository] },
            mode: 'rebase',
          })
        ).status,
      ).toBeLessThan(300);
      await vi.waitFor(async () => {
        expect((await api('GET', `/bases?image=${base}:1`)).body).toMatchObject({
          items: [{ image: `${repository}:1` }],
        });
      }, patience);
      await pushBuilt(build(base, 'new base'), '1');
      await vi.waitFor(async () => {
        expect(await digestAt(repository, '1')).not.toBe(image.digest);
      }, patience);
      await vi.waitFor(() => {
        expect(typesTold(base)).toContain('Longshore.BaseImageUpdated');
        expect(typesTold(repository)).toEqual(
          expect.arrayContaining([
            'Longshore.BuildQueued',
            'Longshore.BuildStarted',
            'Longshore.ImageRebased',
            'Longshore.TagMoved',
          ]),
        );
      }, patience);
      expect(typesTold(repository).filter((type) => type === 'Longshore.ImageRebased')).toHaveLength(1);
      await vi.waitFor(async () => {
        expect((await api('GET', `/builds/explain?image=${repository}:1&base=${base}:1`)).body).toMatchObject({
          reason: 'made',
        });
      }, patience);
    });

    it('mark what no tag names any more, so that a policy can purge it', async () => {
      const repository = fresh();
      const [first, second] = [makeImage(`old ${repository}`), makeImage(`new ${repository}`)];
      await pushImage(app(), repository, 'v1', first);
      await pushImage(app(), repository, 'v1', second);
      const explained = async (image: string) => (await api('GET', `/purge/explain?image=${repository}${image}`)).body;
      await vi.waitFor(async () => {
        expect(JSON.stringify(await explained(`@${first.digest}`))).toMatch(/untaggedSince|no tag since/);
      }, patience);
      expect(JSON.stringify(await explained(':v1'))).not.toMatch(/"untaggedSince"/);
    });
  });
}
