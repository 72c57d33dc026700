import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { RegistryError } from '../../../../shared/core/oci/faults.ts';
import { parseManifest } from '../../../../shared/core/oci/manifest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import { sized } from '../../../deep.ts';
import { makeImage, pushImage } from '../../image.ts';

const image = makeImage('fuzz', 1);
const { app } = composeForTest();
await pushImage(app, 'team/app', 'v1', image);

/** Words of the routes beside anything, so that paths come near the endpoints. */
const segment = fc.oneof(
  fc.constantFrom(
    'v2',
    '',
    '.',
    '..',
    '%2F',
    '%',
    'team',
    'app',
    'manifests',
    'blobs',
    'uploads',
    'tags',
    'list',
    'referrers',
    'v1',
    image.digest,
    'sha512:00',
  ),
  fc.string({ maxLength: 12, unit: 'binary' }).map(encodeURI),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[\s?#\\]/g, '')),
);
const parameter = fc.tuple(
  fc.constantFrom('n', 'last', 'digest', 'mount', 'from', 'tag', 'artifactType', 'digest-algorithm', '_state'),
  fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom(image.digest, 'team/app', '0', '1e9', 'a.b')),
);
const header = fc.tuple(
  fc.constantFrom('range', 'content-range', 'content-type', 'if-none-match', 'if-range', 'content-length', 'accept'),
  fc.oneof(
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
    fc.constantFrom('bytes=0-', 'bytes=-1', '0-4', '*', mediaTypes.ociManifest, '5'),
  ),
);
const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
  path: fc.array(segment, { maxLength: 8 }).map((parts) => `/v2/${parts.join('/')}`),
  query: fc.array(parameter, { maxLength: 3 }).map((pairs) => new URLSearchParams(pairs).toString()),
  headers: fc.array(header, { maxLength: 3 }),
  body: fc.string({ maxLength: 20 }),
});

/** A manifest with one thing in it replaced by anything. */
function mutated(json: unknown, path: readonly number[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof json !== 'object' || json === null) return value;
  const keys = Object.keys(json);
  if (keys.length === 0) return value;
  const key = keys[step % keys.length] ?? '';
  const changed = mutated((json as Record<string, unknown>)[key], rest, value);
  return Array.isArray(json)
    ? json.map((each: unknown, index) => (String(index) === key ? changed : each))
    : { ...json, [key]: changed };
}

describe('whatever is asked', () => {
  it('no path, query, header or body makes the registry fail', async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, headers, body }) => {
        const answer = await app.fetch(
          new Request(`http://registry.test${path}?${query}`, {
            method,
            headers,
            ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
          }),
        );
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400 && answer.body !== null) expect(await answer.json()).toHaveProperty('errors.0.code');
      }),
      { numRuns: sized(600, 3_000) },
    );
  });

  it('no manifest that is nearly one makes the registry fail', async () => {
    const good: unknown = JSON.parse(Buffer.from(image.bytes).toString());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(8), { maxLength: 4 }), fc.jsonValue(), async (path, value) => {
        const body = JSON.stringify(mutated(good, path, value));
        const answer = await app.fetch(
          new Request('http://registry.test/v2/team/app/manifests/fuzzed', {
            method: 'PUT',
            body,
            headers: { 'content-type': mediaTypes.ociManifest },
          }),
        );
        expect([201, 400, 404]).toContain(answer.status);
      }),
      { numRuns: sized(300, 1_000) },
    );
  });

  it('no bytes make the parser of manifests throw anything but what is wrong with them', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        fc.option(fc.string({ maxLength: 60 }), { nil: undefined }),
        (bytes, contentType) => {
          try {
            parseManifest(bytes, contentType);
          } catch (error) {
            expect(error).toBeInstanceOf(RegistryError);
          }
        },
      ),
      { numRuns: sized(600, 3_000) },
    );
  });
});
