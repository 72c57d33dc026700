import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { JsonBounds, JsonOutOfBounds, maxJsonDepth, maxJsonValues, parseJson } from '../../shared/core/oci/json.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, host, reasonOf, registry } from '../shared/features/builds/bases/building.ts';
import { ask, pushBlob } from '../shared/image.ts';

type Shape = readonly [open: string, close: string];

const nested = (depth: number, [open, close]: Shape) => `${open.repeat(depth)}1${close.repeat(depth)}`;
const arrays: Shape = ['[', ']'];
const shapes: readonly Shape[] = [arrays, ['{"a":', '}'], ['[{"a":', '}]']];

describe('JSON from outside', () => {
  it('may be nested to a bound, which brackets within strings do not count against', () => {
    expect(parseJson(nested(maxJsonDepth, arrays))).toBeDefined();
    expect(() => parseJson(nested(maxJsonDepth + 1, arrays))).toThrow(`more than ${maxJsonDepth} levels`);
    expect(parseJson(JSON.stringify({ a: '['.repeat(1_000), [`\\"${'{'.repeat(1_000)}`]: '\\' }))).toBeDefined();
    expect(parseJson(`[${'[],'.repeat(10_000)}[]]`)).toBeDefined();
  });

  it('may have members and elements to a bound, be they many small ones or spread over levels', () => {
    expect(parseJson(`[${'1,'.repeat(maxJsonValues - 2)}1]`)).toHaveLength(maxJsonValues - 1);
    for (const text of [
      `[${'1,'.repeat(maxJsonValues)}1]`,
      `[${'[],'.repeat(maxJsonValues / 2)}1]`,
      `[${'{"a":[]},'.repeat(maxJsonValues / 2)}1]`,
    ])
      expect(() => parseJson(text)).toThrow(`more than ${maxJsonValues} members`);
    expect(parseJson(JSON.stringify({ a: ','.repeat(2 * maxJsonValues) }))).toBeDefined();
  });

  it('is read the same, however it is cut into parts', () => {
    const text = Buffer.from(JSON.stringify({ a: `\\"[${'['.repeat(maxJsonDepth)}é`, b: [[1, { c: '\\\\' }]] }));
    const open = Buffer.from('['.repeat(maxJsonDepth + 1));
    for (const parts of [1, 2, 3, 7]) {
      const bounds = new JsonBounds();
      for (let at = 0; at < text.length; at += parts) bounds.add(text.subarray(at, at + parts));
      for (let at = 0; at < maxJsonDepth; at += parts)
        bounds.add(open.subarray(at, Math.min(at + parts, maxJsonDepth)));
      expect(() => bounds.add(open.subarray(0, 1))).toThrow(JsonOutOfBounds);
    }
  });

  it('of 4 MiB that opens and never closes costs a few milliseconds', () => {
    const text = '{"a":['.repeat(700_000);
    const begun = performance.now();
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe('a manifest that is nested too deep', () => {
  const put = (of: Registry, property: string) =>
    ask(of.app, 'PUT', '/v2/app/manifests/1', {
      body: `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[],"x":${property}}`,
      headers: { 'content-type': mediaTypes.ociIndex },
    });

  it.each(shapes)('is refused at its push, and the answer names the limit: %s', async (...shape) => {
    const of = registry();
    for (const depth of [maxJsonDepth + 1, 100_000]) {
      const answer = await put(of, nested(depth, shape));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        errors: [
          { code: 'MANIFEST_INVALID', message: expect.stringContaining(`at most ${maxJsonDepth} levels`) as unknown },
        ],
      });
    }
    expect((await put(of, nested(20, shape))).status).toBe(201);
  });
});

/** `app:1` on `base:1`, whose config is this text. */
async function pushWithConfig(of: Registry, config: string): Promise<void> {
  const app = build('app', 'app', { base: build('base', 'base 1'), says: `${host}/base:1` });
  for (const blob of [...app.blobs, Buffer.from(config)]) await pushBlob(of.app, 'app', blob);
  const bytes = Buffer.from(config);
  const manifest = {
    ...(JSON.parse(Buffer.from(app.bytes).toString()) as object),
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(bytes), size: bytes.length },
  };
  expect(
    (
      await ask(of.app, 'PUT', '/v2/app/manifests/1', {
        body: JSON.stringify(manifest),
        headers: { 'content-type': mediaTypes.ociManifest },
      })
    ).status,
  ).toBe(201);
}

describe('an image whose JSON is nested too deep', () => {
  it("fails at once where its config is, says why, and holds up nobody else's rebuild", async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const base = build('base', 'base 1');
    await of.push(base, '1');
    const text = JSON.stringify(build('app', 'app', { base }).config);
    await pushWithConfig(of, `${text.slice(0, -1)},"x":${nested(100_000, arrays)}}`);
    await of.push(build('honest', 'honest', { base, says: `${host}/base:1` }), '1');
    await of.settle();
    await of.push(build('base', 'base 2'), '1');
    await of.settle();
    expect((await of.pull('honest:1')).layers[0]).toBe('layer base 2');
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('failed');
    const [failed] = of.events('Longshore.BuildFailed');
    expect(JSON.stringify(failed)).toContain(`${maxJsonDepth} levels`);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { state: string }[] };
    expect(builds.every(({ state }) => state === 'finished')).toBe(true);
  });

  it('fails at once where an older version has let its manifest in', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const base = build('base', 'base 1');
    await of.push(base, '1');
    const app = build('app', 'app', { base, says: `${host}/base:1` });
    await of.push(app, '1');
    await of.push(build('honest', 'honest', { base, says: `${host}/base:1` }), '1');
    await of.settle();
    const text = Buffer.from(app.bytes).toString();
    await connectMemory(of.world).documents.commitDocuments(
      'repositories',
      ['default', 'app'],
      [
        {
          do: 'patch',
          id: `manifest:${app.digest}`,
          set: { content: { text: `${text.slice(0, -1)},"x":${nested(100_000, arrays)}}` } },
        },
      ],
    );
    await of.push(build('base', 'base 2'), '1');
    await of.settle();
    expect((await of.pull('honest:1')).layers[0]).toBe('layer base 2');
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('failed');
  });
});

describe('a body of the management API that is nested too deep', () => {
  it.each([
    ['PUT', '/tasks/app'],
    ['PUT', '/builds/policies/all'],
    ['PUT', '/purge/policies/all'],
    ['PUT', '/webhooks/hook12'],
    ['PUT', '/tokens/app'],
    ['PUT', '/scope-maps/app'],
    ['PATCH', '/registry'],
    ['PUT', '/in-use/cluster'],
  ])('is refused as any other that is wrong: %s %s', async (method, path) => {
    const of = registry();
    for (const shape of shapes) {
      for (const body of [
        nested(100_000, shape),
        `{"image":${nested(100_000, shape)}}`,
        `{"unknown":${nested(100_000, shape)}}`,
      ]) {
        const { status } = await ask(of.app, method, `/api/v1${path}`, {
          body,
          headers: { 'content-type': 'application/json' },
        });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }
    }
  });
});
