import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { DocumentChange } from '../../../../shared/core/ports/documents.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';
import { statusOf } from '../recycle-bin/binned.ts';

const repository = 'team/app';
const [image, next] = [makeImage('there', 1), makeImage('next', 1, {}, 'there')];
const attributesAt = (of: 'tag' | 'manifest') =>
  `/acr/v1/${repository}/${of === 'tag' ? '_tags/v1' : `_manifests/${image.digest}`}`;

/**
 * `v1` names `image`. Another process does `what`, and between its reads and its commit somebody sets attributes of the
 * tag or of the manifest.
 */
async function interrupted(
  of: 'tag' | 'manifest',
  attributes: object,
  what: (app: ReturnType<typeof composeForTest>['app']) => Promise<Response>,
) {
  const { app, world } = composeForTest();
  await pushImage(app, repository, 'v1', image);
  await pushImage(app, repository, 'other', next);
  let isSet = false;
  const calls = new CallPlan().delay(async ({ name, input }) => {
    const isIts = ({ do: does, ...change }: DocumentChange) =>
      does !== 'patch' && JSON.stringify(change).includes(of === 'tag' ? 'tag:v1' : `manifest:${image.digest}`);
    if (isSet || name !== 'documents.commit' || !(input as { changes: readonly DocumentChange[] }).changes.some(isIts))
      return;
    isSet = true;
    expect((await ask(app, 'PATCH', attributesAt(of), { body: JSON.stringify(attributes) })).status).toBe(200);
  });
  const answer = await what(composeForTest({ world, connection: { calls } }).app);
  expect(isSet).toBe(true);
  const shown = (await (await ask(app, 'GET', attributesAt(of))).json()) as Partial<
    Record<'tag' | 'manifest', { digest: string; changeableAttributes: object }>
  >;
  return { app, status: answer.status, shown: shown[of] };
}

describe('a lock that is set between the reads of a push and its commit', () => {
  it('of the tag holds: the push is refused, and the tag stays where it is', async () => {
    const { status, shown } = await interrupted('tag', { writeEnabled: false }, (app) =>
      putManifest(app, repository, 'v1', next),
    );
    expect(status).toBe(405);
    expect(shown).toMatchObject({ digest: image.digest, changeableAttributes: { writeEnabled: false } });
  });

  it('of one tag holds for a push of several', async () => {
    const { app, status, shown } = await interrupted('tag', { writeEnabled: false }, (each) =>
      putManifest(each, repository, `${next.digest}?tag=v2&tag=v1`, next),
    );
    expect(status).toBe(405);
    expect(shown).toMatchObject({ digest: image.digest });
    expect(await statusOf(app, `/v2/${repository}/manifests/v2`)).toBe(404);
  });

  it('of the manifest holds: it is not pushed again', async () => {
    const { app, status, shown } = await interrupted('manifest', { writeEnabled: false }, (each) =>
      putManifest(each, repository, 'v2', image),
    );
    expect(status).toBe(405);
    expect(shown).toMatchObject({ changeableAttributes: { writeEnabled: false } });
    expect(await statusOf(app, `/v2/${repository}/manifests/v2`)).toBe(404);
  });
});

describe('another attribute that is set between the reads of a push and its commit', () => {
  it.each([{ deleteEnabled: false }, { listEnabled: false }, { readEnabled: false }])(
    'of the tag is kept, and the tag moves: %j',
    async (attributes) => {
      const { status, shown } = await interrupted('tag', attributes, (app) => putManifest(app, repository, 'v1', next));
      expect(status).toBe(201);
      expect(shown).toMatchObject({ digest: next.digest, changeableAttributes: attributes });
    },
  );

  it.each([{ deleteEnabled: false }, { listEnabled: false }, { readEnabled: false }])(
    'of the manifest is kept: %j',
    async (attributes) => {
      const { status, shown } = await interrupted('manifest', attributes, (app) =>
        putManifest(app, repository, 'v2', image),
      );
      expect(status).toBe(201);
      expect(shown).toMatchObject({ changeableAttributes: attributes });
    },
  );
});

describe('a lock that is set between the reads of a deletion and its commit', () => {
  it.each([
    ['tag', 'v1'],
    ['tag', image.digest],
    ['manifest', image.digest],
  ] as const)('of the %s holds: %s stays', async (of, reference) => {
    const { app, status, shown } = await interrupted(of, { deleteEnabled: false }, (each) =>
      ask(each, 'DELETE', `/v2/${repository}/manifests/${reference}`),
    );
    expect(status).toBe(405);
    expect(shown).toMatchObject({ digest: image.digest, changeableAttributes: { deleteEnabled: false } });
    for (const each of ['v1', image.digest])
      expect(await statusOf(app, `/v2/${repository}/manifests/${each}`)).toBe(200);
  });
});
