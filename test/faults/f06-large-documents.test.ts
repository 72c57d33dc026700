import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { manifestDocumentSchema } from '../../shared/core/documents/manifest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { deliverEvents } from '../shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { blobIn, configType, digestOfText, foreignLayer, json, layerType, put } from './manifests.ts';

/** A document has this much room, in bytes, for later additions below the limit of Cosmos DB. */
const room = 800_000;
const itemBytes = 2 * 1024 * 1024;

function documentBytes(longshore: ReturnType<typeof composeForTest>): Promise<number[]> {
  return longshore.memory.documents
    .queryDocuments({ container: 'repositories', partition: ['default', 'team/app'], where: [], limit: 1_000 })
    .then(({ documents }) => documents.map(({ document }) => Buffer.byteLength(JSON.stringify(document))));
}

const image = makeImage('child');
const child = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
const platforms = (n: number) =>
  Array.from({ length: n }, (_, at) => ({ ...child, platform: { architecture: `a${at}`, os: 'linux' } }));
const digits = (n: number) => Array.from({ length: n }, (_, at) => String(at)).join('');

describe('a manifest whose descriptors are many or large', () => {
  const cases: readonly [string, (app: ReturnType<typeof composeForTest>['app']) => Promise<[object, string]>][] = [
    [
      'names one layer 15,000 times',
      async (app) => {
        const layer = await blobIn(app, 'team/app', 'layer', layerType);
        return [
          {
            config: await blobIn(app, 'team/app', '{}1', configType),
            layers: Array.from({ length: 15_000 }, () => layer),
          },
          mediaTypes.ociManifest,
        ];
      },
    ],
    [
      'has 2.5 million letters of architecture',
      () =>
        Promise.resolve([
          { manifests: [{ ...child, platform: { architecture: 'a'.repeat(2_500_000), os: 'linux' } }] },
          mediaTypes.ociIndex,
        ]),
    ],
    [
      'lists one child for 15,000 platforms',
      () => Promise.resolve([{ manifests: platforms(15_000) }, mediaTypes.ociIndex]),
    ],
    [
      'has letters that JSON writes in six bytes',
      () =>
        Promise.resolve([
          {
            manifests: Array.from({ length: 900 }, (_, at) => ({
              ...child,
              platform: { architecture: `${'\u0001'.repeat(400)}${at}`, os: 'linux' },
            })),
          },
          mediaTypes.ociIndex,
        ]),
    ],
    [
      'has annotations of three megabytes',
      () => Promise.resolve([{ manifests: [child], annotations: { all: digits(400_000) } }, mediaTypes.ociIndex]),
    ],
    [
      'has 900 foreign layers with the longest types',
      async (app) => [
        {
          config: await blobIn(app, 'team/app', '{}2', configType),
          layers: Array.from({ length: 900 }, (_, at) => ({
            ...foreignLayer(at, 5),
            mediaType: `application/vnd.foreign.${'x'.repeat(100)};${'p'.repeat(50)}=${'v'.repeat(70)}`,
          })),
        },
        mediaTypes.ociManifest,
      ],
    ],
  ];
  it.each(cases)('is taken, counted, deleted, restored and deleted with its repository when it %s', async (_, make) => {
    const longshore = composeForTest();
    const { app } = longshore;
    await pushImage(app, 'team/app', 'child', image);
    const [manifest, type] = await make(app);
    const pushed = await put(app, 'team/app', 'large', manifest, type);
    expect(pushed.status, pushed.text.slice(0, 300)).toBe(201);
    expect(Math.max(...(await documentBytes(longshore)))).toBeLessThan(itemBytes - room);
    await deliverEvents(longshore);
    const whole = await ask(app, 'GET', '/v2/team/app/manifests/large');
    expect(Buffer.from(await whole.arrayBuffer()).equals(pushed.bytes)).toBe(true);
    expect((await ask(app, 'DELETE', `/v2/team/app/manifests/${pushed.digest}`)).status).toBe(202);
    expect(
      (await json(app, 'POST', '/api/v1/bin/restore', { repository: 'team/app', digest: pushed.digest })).status,
    ).toBe(200);
    expect((await ask(app, 'DELETE', '/acr/v1/team/app')).status).toBe(202);
    await deliverEvents(longshore);
  });

  it('is refused with a sentence when it references more than a thousand things, foreign ones among them', async () => {
    const { app } = composeForTest();
    const config = await blobIn(app, 'team/app', '{}', configType);
    const refused = await put(app, 'team/app', 'many', {
      config,
      layers: Array.from({ length: 10_000 }, (_, at) => foreignLayer(at, 5)),
    });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('at most 1000 are allowed');
    expect(
      (
        await put(app, 'team/app', 'many', {
          config,
          layers: Array.from({ length: 999 }, (_, at) => foreignLayer(at, 5)),
        })
      ).status,
    ).toBe(201);
  });
});

describe('a document that an older version wrote to the brim', () => {
  it.each([
    ['one layer many times', (reference: object, at: number) => ({ ...reference, digest: digestOfText('one'), at })],
    ['many layers', (reference: object, at: number) => ({ ...reference, digest: digestOfText(`layer ${at}`) })],
  ])('of %s can still be deleted, and so can its repository', async (_, vary) => {
    const longshore = composeForTest();
    const { app, memory } = longshore;
    await pushImage(app, 'team/app', 'v1', image);
    const partition = ['default', 'team/app'] as const;
    const ref = { container: 'repositories' as const, partition, id: `manifest:${image.digest}` };
    const { document } = (await memory.documents.readDocument(ref)) ?? { document: { id: '' } };
    const full: object[] = [];
    for (let bytes = JSON.stringify(document).length; ;) {
      const reference = vary(
        { role: 'layer', size: 5, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' },
        full.length,
      );
      bytes += JSON.stringify(reference).length + 1;
      if (bytes > 2_093_507) break;
      full.push(reference);
    }
    expect(
      (
        await memory.documents.commitDocuments('repositories', partition, [
          { do: 'replace', document: { ...document, references: full } },
        ])
      ).committed,
    ).toBe(true);
    expect((await ask(app, 'DELETE', `/v2/team/app/manifests/${image.digest}`)).status).toBe(202);
    const binned = await memory.documents.readDocument({ ...ref, id: `binned:${image.digest}` });
    expect(manifestDocumentSchema.shape.references.parse(binned?.document.references).length).toBeGreaterThan(0);
    expect((await ask(app, 'DELETE', '/acr/v1/team/app')).status).toBe(202);
  });
});
