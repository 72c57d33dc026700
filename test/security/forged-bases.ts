import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { Built } from '../shared/features/builds/bases/building.ts';
import { build } from '../shared/features/builds/bases/building.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { asAdmin, basic, composeRequired, makeToken, manage } from '../shared/features/identity/required.ts';
import { ask, pushBlob, putManifest } from '../shared/image.ts';

export const host = 'registry.test';
export const days = (n: number) => n * 24 * 3_600_000;

export interface Attacked {
  readonly one: Required;
  settle(): Promise<void>;
  push(image: Built, tag: string, as: Record<string, string>): Promise<void>;
  /** The digests of the layers that a tag has now. */
  layersOf(repository: string): Promise<string[]>;
  explained(image: string, base?: string): Promise<{ reason: string; why: string }>;
  /** `secret/base:1` gets a new image. */
  update(): Promise<void>;
  readonly mallory: Record<string, string>;
}

export const [old, next] = [build('secret/base', 'secret base 1'), build('secret/base', 'secret base 2')];

/**
 * A registry that asks for credentials, `secret/base:1` that its administrator has pushed, and a token that may push
 * below `team/` alone.
 */
export async function attacked(policy: object = {}): Promise<Attacked> {
  const one = composeRequired({ settings: { publicUrl: new URL(`http://${host}`) } });
  const { events, queues } = one.world.region('home');
  let delivered = 0;
  const settle = async () => {
    for (;;) {
      const published = events.log.slice(delivered);
      delivered = events.log.length;
      for (const event of published) await one.events['builds-learn'](event);
      for (const event of published) await one.events['builds-plan'](event);
      const messages = queues.drain('build-runs');
      for (const message of messages) await one.messages['builds-work'](message);
      if (published.length === 0 && messages.length === 0) return;
    }
  };
  const push = async (image: Built, tag: string, headers: Record<string, string>) => {
    const as = {
      app: {
        fetch: (request: Request) =>
          one.app.fetch(new Request(request, { headers: { ...Object.fromEntries(request.headers), ...headers } })),
      },
    };
    for (const blob of image.blobs) await pushBlob(as.app, image.repository, blob);
    const pushed = await putManifest(as.app, image.repository, tag, {
      bytes: image.bytes,
      mediaType: mediaTypes.ociManifest,
    });
    if (pushed.status !== 201) throw new Error(`${pushed.status}: ${await pushed.text()}`);
  };
  await manage(one, 'PUT', '/builds/policies/all', { mode: 'rebase', ...policy });
  await push(old, '1', asAdmin);
  await settle();
  return {
    one,
    settle,
    push,
    layersOf: async (repository) => {
      const answer = await ask(one.app, 'GET', `/v2/${repository}/manifests/1`, { headers: asAdmin });
      return ((await answer.json()) as { layers: { digest: string }[] }).layers.map(({ digest }) => digest);
    },
    explained: (image, base = 'secret/base:1') =>
      manage(one, 'GET', `/builds/explain?image=${encodeURIComponent(image)}&base=${encodeURIComponent(base)}`),
    async update() {
      await push(next, '1', asAdmin);
      await settle();
    },
    mallory: basic(
      'mallory',
      await makeToken(one, 'mallory', ['repositories/team/*/content/read', 'repositories/team/*/content/write']),
    ),
  };
}

export const secretLayer = next.layers[0]?.digest ?? '';

/** One layer of one's own, and a config that says that it is the base's. */
export function forged(
  repository: string,
  says: string | undefined,
  diffIds: readonly string[] = old.config.rootfs.diff_ids,
): Built {
  const layers = diffIds.map((_, n) => Buffer.from(`public layer ${n}`));
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  const annotations =
    says === undefined
      ? {}
      : {
          annotations: {
            'org.opencontainers.image.base.name': says,
            'org.opencontainers.image.base.digest': old.digest,
          },
        };
  const described = layers.map((layer) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(layer),
    size: layer.length,
  }));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: described,
      ...annotations,
    }),
  );
  return {
    repository,
    bytes,
    digest: digestOf(bytes),
    config: { rootfs: { diff_ids: diffIds } },
    layers: described,
    blobs: [...layers, config],
  };
}
