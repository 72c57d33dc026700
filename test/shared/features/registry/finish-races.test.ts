import { describe, expect, it } from 'vitest';
import type { Call } from '../../../../shared/adapters/memory/calls.ts';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { DocumentChange } from '../../../../shared/core/ports/documents.ts';
import { ask, location, pushBlob, withDigest } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import type { Timed } from '../recycle-bin/binned.ts';
import { day, timedLongshore } from '../recycle-bin/binned.ts';

const bytes = Buffer.from('bytes that several push at once');
const digest = digestOf(bytes);

interface Commit {
  readonly container: string;
  readonly changes: readonly DocumentChange[];
}

/** Says whether a call commits a change that `matches`. */
const commits =
  (matches: (change: DocumentChange) => boolean) =>
  ({ name, input }: Call) =>
    name === 'documents.commit' && (input as Commit).container === 'blobs' && (input as Commit).changes.some(matches);
const createsBlob = commits((change) => change.do === 'create' && change.document.type === 'blob');
const linksStored = commits((change) => change.do === 'patch' && change.id === 'blob');

/** Another process over the same world; before the first call that `matches` reaches the store, `first` happens. */
function meanwhile(
  { world }: Timed,
  ...happenings: readonly (readonly [(call: Call) => boolean, () => Promise<unknown>])[]
) {
  const left = [...happenings];
  const calls = new CallPlan().delay(async (call) => {
    const [next] = left;
    if (next?.[0](call) !== true) return;
    left.shift();
    await next[1]();
  });
  return { app: composeForTest({ world, connection: { calls } }).app, happened: () => left.length === 0 };
}

/** The upload of `content`, all but its last request. */
async function uploaded(app: App, repository: string, content: Uint8Array): Promise<string> {
  const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/`);
  return withDigest(
    location(content.length === 0 ? started : await ask(app, 'PATCH', location(started), { body: content })),
    digestOf(content),
  );
}

/** Pulls the blob as a client does; `undefined` where the URL leads to nothing. */
async function pulled({ app, world }: Timed, repository: string, of: string = digest): Promise<Buffer | undefined> {
  const answer = await ask(app, 'GET', `/v2/${repository}/blobs/${of}`);
  expect(answer.status).toBe(307);
  const url = new URL(location(answer));
  const stored = world.storeAt(url.host).get(decodeURIComponent(url.pathname.slice(1)));
  return stored === undefined ? undefined : Buffer.concat(stored.chunks);
}

/** Nobody links the blob any more, and its own check is due. */
async function forgotten(longshore: Timed): Promise<void> {
  longshore.passTime(day + 1);
  await runDue(longshore);
  longshore.passTime(day + 1);
}

describe('an upload whose digest is collected and stored anew, under another name, before its link is written', () => {
  const collectedAndStoredAnew = (longshore: Timed) => async () => {
    await runDue(longshore);
    expect(longshore.world.region().blobs.names()).toEqual([]);
    await pushBlob(longshore.app, 'team/third', bytes);
  };

  it('is linked to the new name, when the digest was known as it ended', async () => {
    const longshore = timedLongshore();
    await pushBlob(longshore.app, 'team/first', bytes);
    await forgotten(longshore);
    const url = await uploaded(longshore.app, 'team/second', bytes);
    const second = meanwhile(longshore, [linksStored, collectedAndStoredAnew(longshore)]);
    expect((await ask(second.app, 'PUT', url)).status).toBe(201);
    expect(second.happened()).toBe(true);
    expect(await pulled(longshore, 'team/second')).toEqual(bytes);
    expect(longshore.world.region().blobs.names()).toHaveLength(1);
  });

  it('is linked to the new name, when another had stored the digest while it ended', async () => {
    const longshore = timedLongshore();
    const url = await uploaded(longshore.app, 'team/second', bytes);
    const second = meanwhile(
      longshore,
      [
        createsBlob,
        async () => {
          await pushBlob(longshore.app, 'team/first', bytes);
          await forgotten(longshore);
        },
      ],
      [
        linksStored,
        async () => {
          // Its own bytes are no blob yet.
          await runDue(longshore);
          await pushBlob(longshore.app, 'team/third', bytes);
        },
      ],
    );
    expect((await ask(second.app, 'PUT', url)).status).toBe(201);
    expect(second.happened()).toBe(true);
    expect(await pulled(longshore, 'team/second')).toEqual(bytes);
    expect(longshore.world.region().blobs.names()).toHaveLength(1);
  });

  it('is the blob itself, when that was collected and nobody has stored it anew', async () => {
    const longshore = timedLongshore();
    const url = await uploaded(longshore.app, 'team/second', bytes);
    const second = meanwhile(
      longshore,
      [
        createsBlob,
        async () => {
          await pushBlob(longshore.app, 'team/first', bytes);
          await forgotten(longshore);
        },
      ],
      [linksStored, () => runDue(longshore)],
    );
    expect((await ask(second.app, 'PUT', url)).status).toBe(201);
    expect(second.happened()).toBe(true);
    expect(await pulled(longshore, 'team/second')).toEqual(bytes);
  });
});

describe('of two that end uploads of one digest at once', () => {
  it.each([
    ['another repository', 'team/second'],
    ['the same repository', 'team/first'],
  ])('the second one leaves no bytes, and reads those of the first: %s', async (_, repository) => {
    const longshore = timedLongshore();
    const [first, second] = [
      await uploaded(longshore.app, 'team/first', bytes),
      await uploaded(longshore.app, repository, bytes),
    ];
    const late = meanwhile(longshore, [
      createsBlob,
      async () => expect((await ask(longshore.app, 'PUT', first)).status).toBe(201),
    ]);
    expect((await ask(late.app, 'PUT', second)).status).toBe(201);
    expect(late.happened()).toBe(true);
    // At once, not when the leftovers are looked for.
    expect(longshore.world.region().blobs.names()).toHaveLength(1);
    for (const each of ['team/first', repository]) expect(await pulled(longshore, each)).toEqual(bytes);
    // Nor does what was deleted take the winner's along: it stays while there is a link.
    await longshore.timers['collection-leftovers']();
    expect(await pulled(longshore, repository)).toEqual(bytes);
  });

  it('the request that is sent again does not delete the bytes that it has stored itself', async () => {
    const longshore = timedLongshore();
    const url = await uploaded(longshore.app, 'team/first', bytes);
    const again = meanwhile(longshore, [
      createsBlob,
      async () => expect((await ask(longshore.app, 'PUT', url)).status).toBe(201),
    ]);
    expect((await ask(again.app, 'PUT', url)).status).toBe(201);
    expect(again.happened()).toBe(true);
    expect(await pulled(longshore, 'team/first')).toEqual(bytes);
  });
});

describe('an empty upload that is sent again after its blob was collected', () => {
  it('keeps its bytes, though the note of the collection names them', async () => {
    const nothing = Buffer.alloc(0);
    const longshore = timedLongshore();
    const url = await uploaded(longshore.app, 'team/first', nothing);
    expect((await ask(longshore.app, 'PUT', url)).status).toBe(201);
    await forgotten(longshore);
    // The collector dies before it deletes the bytes: the note stays.
    const dying = composeForTest({
      world: longshore.world,
      connection: { calls: new CallPlan().failOn('blobs.delete') },
    });
    await runDue(dying);
    expect((await ask(longshore.app, 'GET', `/v2/team/first/blobs/${digestOf(nothing)}`)).status).toBe(404);
    expect(longshore.world.region().blobs.names()).toHaveLength(1);
    expect((await ask(longshore.app, 'PUT', url)).status).toBe(201);
    longshore.passTime(11 * 60_000);
    await runDue(longshore);
    expect(await pulled(longshore, 'team/first', digestOf(nothing))).toEqual(nothing);
    // And when nobody needs it any more, it goes like any other.
    await forgotten(longshore);
    await runDue(longshore);
    expect(longshore.world.region().blobs.names()).toEqual([]);
  });
});
