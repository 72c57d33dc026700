import { beforeAll, describe, expect, it } from 'vitest';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { containerNames } from '../../../../shared/core/ports/documents.ts';
import { ask, location, makeImage, pushImage } from '../../image.ts';
import { wrongManifests } from './wrong-input/manifests.ts';
import type { Ground, WrongRequest } from './wrong-input/request-row.ts';
import { wrongRoutes } from './wrong-input/routes.ts';
import { wrongUploads } from './wrong-input/uploads.ts';

const repository = 'team/app';
const image = makeImage('wrong', 1);
const [layer = Buffer.alloc(0)] = image.layers;

/** All that lasts: documents with their etags, whole blobs, events. Staged blocks vanish by themselves. */
function stateOf(world: MemoryWorld): unknown {
  const documents = containerNames.flatMap((container) =>
    [...world.documents.partitions(container, [])].flatMap(({ key, records }) =>
      [...records].map(([id, { versions }]) => [container, key, id, versions.at(-1)]),
    ),
  );
  const { blobs, events } = world.region();
  return { documents, blobs: blobs.names().map((name) => [name, blobs.get(name)?.etag]), events: events.log.length };
}

async function uploadOf(app: App, bytes: string, name = repository): Promise<string> {
  const started = await ask(app, 'POST', `/v2/${name}/blobs/uploads/`);
  return location(
    await ask(app, 'PATCH', location(started), { body: bytes, headers: { 'content-range': `0-${bytes.length - 1}` } }),
  );
}

async function badUploads(app: App, world: MemoryWorld, old: string): Promise<Record<string, string>> {
  const good = await uploadOf(app, 'ten bytes.');
  const [path = '', token = ''] = good.split('?_state=');
  const [payload = '', signature = ''] = token.split('.');
  const grown = Buffer.from(
    Buffer.from(payload, 'base64url').toString().replace('"offset":10', '"offset":11'),
  ).toString('base64url');
  const cancelled = await uploadOf(app, 'ten bytes.');
  await ask(app, 'DELETE', cancelled);
  const elsewhere = composeForTest({ world, settings: { uploadKey: Buffer.alloc(32, "another registry's key") } });
  return {
    'no token': path,
    'an empty token': `${path}?_state=`,
    'a token that is none': `${path}?_state=nonsense`,
    'a token of three parts': `${path}?_state=${token}.x`,
    'half a token': `${path}?_state=${payload}`,
    'a forged signature': `${path}?_state=${payload}.${signature.split('').reverse().join('')}`,
    'a forged state': `${path}?_state=${grown}.${signature}`,
    "another upload's token": `${path.replace(/[0-9a-f-]{36}$/, crypto.randomUUID())}?_state=${token}`,
    "another repository's token": good.replace('/team/app/', '/team/other/'),
    'a token of a registry with another key': await uploadOf(elsewhere.app, 'ten bytes.'),
    'a token that is too old': old,
    'the URL of a cancelled upload': cancelled,
  };
}

/** One image, one upload under way, and a week's work of upload URLs. */
async function prepare() {
  let now = Date.now() - 7 * 24 * 3600 * 1000;
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const { app } = composeForTest({ world });
  const old = await uploadOf(app, 'ten bytes.');
  now = Date.now();
  await pushImage(app, repository, 'v1', image);
  const ground: Ground = {
    repository,
    blob: { digest: digestOf(layer), size: layer.length },
    manifest: image,
    upload: await uploadOf(app, 'ten bytes.'),
    badUploads: await badUploads(app, world, old),
  };
  return { app, world, rows: [...wrongRoutes(ground), ...wrongUploads(ground), ...wrongManifests(ground)] };
}

function requestOf({ method, path, body, headers = {} }: WrongRequest): Request {
  return new Request(`http://registry.test${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' }),
  });
}

const { app, world, rows } = await prepare();

describe('a wrong request', () => {
  let before: unknown;
  beforeAll(() => {
    before = stateOf(world);
  });

  it('is one of many', () => {
    expect(rows.length).toBeGreaterThan(400);
  });

  it.each(rows.map((row) => [row.method, row.path.slice(0, 60), row.why, row] as const))(
    '%s %s (%s) is answered with its own status and code',
    async (_method, _path, _why, row) => {
      const answer = await app.fetch(requestOf(row));
      expect(answer.status).toBe(row.status);
      if (row.method !== 'HEAD') {
        const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
        expect(errors[0]?.code).toBe(row.code);
        expect(errors[0]?.message.length).toBeLessThan(5_000);
      }
      expect(
        Object.fromEntries(Object.keys(row.answers ?? {}).map((name) => [name, answer.headers.get(name)])),
      ).toEqual(row.answers ?? {});
    },
  );

  it('leaves the stores as they were', () => {
    expect(stateOf(world)).toEqual(before);
  });
});
