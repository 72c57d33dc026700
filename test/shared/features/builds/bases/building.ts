import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { MemoryGit } from '../../../../../shared/adapters/memory/git.ts';
import type { MemoryWorld } from '../../../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../../../shared/adapters/memory/world.ts';
import type { Settings } from '../../../../../shared/app/assemble.ts';
import type { TestLongshore } from '../../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../../shared/core/oci/media-types.ts';
import type { BuiltImage, Runner } from '../../../../../shared/core/ports/runner.ts';
import { fileIn } from '../../../../../shared/features/builds/tasks/context.ts';
import type { SteppedClock } from '../../../../contracts/clock.ts';
import { steppedClock } from '../../../../contracts/clock.ts';
import { withoutLostAnswers } from '../../../../draws.ts';
import { ask, pushBlob, putManifest } from '../../../image.ts';

/** The host under which the tests' clients find the registry. */
export const host = 'registry.test';

export interface Runtime {
  readonly [setting: string]: unknown;
}

/** An image that is built on another: its layers are the base's and its own. */
export interface Built {
  readonly repository: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly config: { readonly rootfs: { readonly diff_ids: readonly string[] }; readonly [other: string]: unknown };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
  readonly blobs: readonly Uint8Array[];
}

interface BuildOptions {
  readonly base?: Built;
  /** The base that the image's annotations name. */
  readonly says?: string;
  readonly config?: Runtime;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** As a builder makes it: one layer of `content` on those of the base, whose settings it inherits. */
export function build(
  repository: string,
  content: string,
  { base, says, config = {}, platform = { os: 'linux', architecture: 'amd64' } }: BuildOptions = {},
): Built {
  const layer = Buffer.from(`layer ${content}`);
  const diffId = `sha256:${createHash('sha256').update(`diff ${content}`).digest('hex')}`;
  const layers = [
    ...(base?.layers ?? []),
    { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(layer), size: layer.length },
  ];
  const inherited = (base?.config.config ?? {}) as Runtime;
  const history = [...((base?.config.history as unknown[] | undefined) ?? []), { created_by: `COPY ${content}` }];
  const made = {
    ...platform,
    config: { ...inherited, ...config },
    rootfs: { type: 'layers', diff_ids: [...(base?.config.rootfs.diff_ids ?? []), diffId] },
    history,
  };
  const configBytes = Buffer.from(JSON.stringify(made));
  const annotations =
    says === undefined
      ? {}
      : {
          annotations: {
            'org.opencontainers.image.base.name': says,
            ...(base === undefined ? {} : { 'org.opencontainers.image.base.digest': base.digest }),
          },
        };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(configBytes),
        size: configBytes.length,
      },
      layers,
      ...annotations,
    }),
  );
  return {
    repository,
    bytes,
    digest: digestOf(bytes),
    config: made,
    layers,
    blobs: [...(base?.blobs ?? []), layer, configBytes],
  };
}

export interface Registry {
  readonly world: MemoryWorld;
  readonly git: MemoryGit;
  /** References of the images that the runner was asked to pull for a test. */
  readonly tested: readonly string[];
  readonly clock: SteppedClock;
  readonly app: TestLongshore['app'];
  push(image: Built, tag: string): Promise<void>;
  /**
   * Delivers what was published, then what queues hold, until nothing moves. `twist` makes of what is delivered what
   * goes wrong with it.
   */
  settle(twist?: Twist): Promise<void>;
  api(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Pulls what a tag names: manifest, config, and the contents of its layers. */
  pull(reference: string): Promise<Pulled>;
  events(type: string): readonly { readonly id: string; readonly data: unknown }[];
  /** Another process of the same registry. */
  process(calls?: CallPlan): TestLongshore;
}

export interface Scripted {
  /** As buildah does: with what its last FROM names. */
  readonly annotates?: boolean;
  /** Gets the reference of each image that is pulled for a test. */
  readonly tested?: string[];
}

/**
 * Makes of a Dockerfile an image of one layer: what it says, and how often it was built. A test that is `false` fails.
 */
export function scriptedRunner({ annotates = false, tested = [] }: Scripted = {}): Runner {
  let builds = 0;
  const imageOf = (image: Built): BuiltImage => ({
    manifest: image.bytes,
    openBlob: (digest) =>
      new Response(image.blobs.find((blob) => digestOf(blob) === digest) as Uint8Array<ArrayBuffer>)
        .body as ReadableStream<Uint8Array>,
    test: ([program]) =>
      Promise.resolve(
        program === 'false' ? { is: 'failed', why: 'its test ended with exit code 1' } : { is: 'passed' },
      ),
    discard: () => Promise.resolve(),
  });
  return {
    name: 'scripted',
    async build({ context, dockerfile, pins, timeoutMs, arguments: given }, log) {
      const text = Object.entries(pins).reduce(
        (all, [from, to]) => all.replaceAll(from, to),
        await fileIn(context, dockerfile),
      );
      log(`building:\n${text}`);
      if (Object.keys(given).length > 0) log(`with ${JSON.stringify(given)}\n`);
      builds += 1;
      if (text.includes('RUN false')) return { is: 'failed', why: 'buildah ended with exit code 1' };
      if (text.includes('RUN sleep'))
        return { is: 'failed', why: `buildah took longer than ${timeoutMs / 1_000} s, and was stopped` };
      const from = annotates ? [...text.matchAll(/^FROM (\S+)/gm)].at(-1)?.[1] : undefined;
      return {
        is: 'built',
        image: imageOf(build('built', `${text} (${builds})`, from === undefined ? {} : { says: from })),
      };
    },
    pull: (reference) => {
      tested.push(reference);
      return Promise.resolve(imageOf(build('pulled', 'pulled')));
    },
  };
}

/** A tar archive of one file, uploaded. */
export async function upload(of: Registry, repository: string, dockerfile: string): Promise<string> {
  const archive = pack();
  archive.entry({ name: './Dockerfile' }, dockerfile);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return pushBlob(of.app, repository, gzipSync(Buffer.concat(chunks)));
}

type Twist = <T>(delivered: readonly T[]) => readonly T[];

interface Pulled {
  readonly digest: string;
  readonly manifest: {
    readonly annotations?: Record<string, string>;
    readonly layers: readonly { readonly digest: string }[];
    readonly [other: string]: unknown;
  };
  readonly config: {
    readonly config: Record<string, unknown>;
    readonly history: readonly { readonly created_by: string }[];
    readonly [other: string]: unknown;
  };
  readonly layers: readonly string[];
}

interface Around {
  readonly tested?: string[];
  readonly runner?: Runner;
  /** Says whether a setting has the name by which clients call it. */
  readonly isNamed?: boolean;
  /** Says whether the stores lose answers of commits by chance. */
  readonly losesAnswers?: boolean;
}

/** A registry with what Event Grid, the queues and the timers do around it. */
export function registry(
  settings: Partial<Settings> = {},
  { tested = [], runner = scriptedRunner({ tested }), isNamed = true, losesAnswers = false }: Around = {},
): Registry {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  const git = new MemoryGit();
  const process = (calls = new CallPlan()) => {
    // A process that loses the answer of a claim leaves the image to a later sweep, and most of these tests run none:
    // the simulation of builds does.
    const connection = losesAnswers ? { calls } : { calls, chance: withoutLostAnswers() };
    return composeForTest({
      world,
      connection,
      settings: { ...(isNamed ? { publicUrl: new URL(`http://${host}`) } : {}), ...settings },
      adapters: { runner, git },
    });
  };
  const one = process();
  const { events, queues } = world.region('home');
  let delivered = 0;
  const settle = async (twist: Twist = (each) => each) => {
    for (;;) {
      const published = twist(events.log.slice(delivered));
      delivered = events.log.length;
      for (const event of published) await one.events['builds-learn'](event);
      for (const event of published) await one.events['builds-plan'](event);
      const messages = twist(queues.drain('build-runs'));
      for (const message of messages) await one.messages['builds-work'](message);
      if (published.length === 0 && messages.length === 0) return;
    }
  };
  const text = async (repository: string, digest: string) => {
    const answer = await ask(one.app, 'GET', `/v2/${repository}/blobs/${digest}`);
    const url = new URL(answer.headers.get('location') ?? '');
    return Buffer.from(
      await new Response(await one.memory.blobs.readBlob(decodeURIComponent(url.pathname.slice(1)))).arrayBuffer(),
    ).toString('utf8');
  };
  return {
    world,
    git,
    tested,
    clock,
    app: one.app,
    settle,
    process,
    async push(image, tag) {
      for (const blob of image.blobs) await pushBlob(one.app, image.repository, blob);
      const pushed = await putManifest(one.app, image.repository, tag, {
        bytes: image.bytes,
        mediaType: mediaTypes.ociManifest,
      });
      if (pushed.status !== 201) throw new Error(`${pushed.status}: ${await pushed.text()}`);
    },
    async api(method, path, body) {
      const answer = await ask(
        one.app,
        method,
        `/api/v1${path}`,
        body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      );
      return {
        status: answer.status,
        body: answer.status === 204 ? {} : ((await answer.json()) as Record<string, unknown>),
      };
    },
    async pull(reference) {
      const at = reference.lastIndexOf(reference.includes('@') ? '@' : ':');
      const repository = reference.slice(0, at);
      const answer = await ask(one.app, 'GET', `/v2/${repository}/manifests/${reference.slice(at + 1)}`);
      const manifest = (await answer.json()) as Pulled['manifest'] & { config?: { digest: string } };
      if (manifest.config === undefined)
        return { digest: answer.headers.get('docker-content-digest') ?? '', manifest, config: {} as never, layers: [] };
      const config = JSON.parse(await text(repository, manifest.config.digest)) as Pulled['config'];
      const layers = await Promise.all(manifest.layers.map((layer) => text(repository, layer.digest)));
      return { digest: answer.headers.get('docker-content-digest') ?? '', manifest, config, layers };
    },
    events: (type) => events.log.filter((event) => event.type === type),
  };
}

export async function dependentsOf(of: Registry, image: string): Promise<string[]> {
  const { body } = await of.api('GET', `/bases?image=${encodeURIComponent(image)}`);
  return (body as { items: { image: string }[] }).items.map((each) => each.image).sort();
}

export async function reasonOf(of: Registry, image: string, base: string): Promise<unknown> {
  return (await of.api('GET', `/builds/explain?image=${encodeURIComponent(image)}&base=${encodeURIComponent(base)}`))
    .body.reason;
}
