import { describe, expect, it } from 'vitest';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { day, naming, post, push, statusOf, timedLongshore } from './binned.ts';

const repository = 'team/app';
const image = makeImage('signed', 1);
const at = (reference: string) => `/v2/${repository}/manifests/${reference}`;
const signatureTag = `${image.digest.replace(':', '-')}.sig`;

/** The ways in which the deleted image comes back. */
const ways = {
  'restored by its digest': async ({ app }: ReturnType<typeof timedLongshore>) => {
    expect((await post(app, '/api/v1/bin/restore', { repository, digest: image.digest })).status).toBe(200);
  },
  'restored with all of its deletion': async ({ app }: ReturnType<typeof timedLongshore>) => {
    const { items: entries } = (await (await ask(app, 'GET', '/api/v1/bin')).json()) as {
      items: { digest: string; tag?: string; group: string }[];
    };
    const group = entries.find(({ digest, tag }) => digest === image.digest && tag === undefined)?.group;
    expect((await post(app, '/api/v1/bin/restore', { repository, group })).status).toBe(200);
  },
  'pushed again': async ({ app }: ReturnType<typeof timedLongshore>) => {
    await push(app, repository, 'v1', image);
  },
};

describe('a signature that somebody has deleted by its digest', () => {
  it.each(
    Object.entries(ways).flatMap(
      ([name, comeBack]) =>
        [
          [name, 'before', comeBack],
          [name, 'after', comeBack],
        ] as const,
    ),
  )('stays deleted when its image is deleted and %s; it was deleted %s the image', async (_, when, comeBack) => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const [gone, kept] = [makeImage('deleted', 1, naming(image)), makeImage('kept', 1, naming(image))];
    await pushImage(app, repository, 'v1', image);
    for (const each of [gone, kept]) await pushImage(app, repository, each.digest, each);
    const order = when === 'before' ? [gone.digest, image.digest] : [image.digest];
    for (const each of order) expect(await statusOf(app, at(each), 'DELETE')).toBe(202);
    if (when === 'after') {
      // It went along, comes back, and only then does somebody delete it.
      await ways['pushed again'](longshore);
      expect(await statusOf(app, at(gone.digest), 'DELETE')).toBe(202);
      expect(await statusOf(app, at(image.digest), 'DELETE')).toBe(202);
    }
    await comeBack(longshore);
    longshore.passTime(60_000);
    await runDue(longshore);
    expect(await Promise.all([image, kept, gone].map(({ digest }) => statusOf(app, at(digest))))).toEqual([
      200, 200, 404,
    ]);
    const { manifests } = (await (await ask(app, 'GET', `/v2/${repository}/referrers/${image.digest}`)).json()) as {
      manifests: { digest: string }[];
    };
    expect(manifests.map(({ digest }) => digest)).toEqual([kept.digest]);
    // Until somebody asks for it.
    expect((await post(app, '/api/v1/bin/restore', { repository, digest: gone.digest })).status).toBe(200);
    expect(await statusOf(app, at(gone.digest))).toBe(200);
  });

  it.each(Object.entries(ways))(
    'stays deleted, with its tag that names the image, when that is deleted and %s',
    async (_, comeBack) => {
      const longshore = timedLongshore();
      const { app } = longshore;
      const signature = makeImage('by its tag', 1);
      await pushImage(app, repository, 'v1', image);
      await pushImage(app, repository, signatureTag, signature);
      for (const each of [signature.digest, image.digest]) expect(await statusOf(app, at(each), 'DELETE')).toBe(202);
      await comeBack(longshore);
      longshore.passTime(60_000);
      await runDue(longshore);
      expect(
        await Promise.all([image.digest, signature.digest, signatureTag].map((each) => statusOf(app, at(each)))),
      ).toEqual([200, 404, 404]);
      longshore.passTime(15 * day);
      await runDue(longshore);
      expect(await statusOf(app, at('v1'))).toBe(200);
    },
  );
});
