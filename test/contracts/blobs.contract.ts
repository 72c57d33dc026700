import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Blobs, ByteRange } from '../../shared/core/ports/blobs.ts';
import { bytesOf, someBytes } from './bytes.ts';

export interface BlobsUnderTest {
  readonly blobs: Blobs;
  /** Fetches a signed URL as a client without credentials; `undefined` when it is refused or there is no blob. */
  fetchSigned(url: string): Promise<Uint8Array | undefined>;
  readonly stop: () => Promise<void>;
}

let names = 0;

function newName(): string {
  names += 1;
  return `2026/blob-${process.pid}-${names}`;
}

/** Every sentence of shared/core/ports/blobs.ts, asked of one adapter. */
export function blobsContract(name: string, setup: () => Promise<BlobsUnderTest>): void {
  describe(`blobs: ${name}`, () => {
    let world: BlobsUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());
    const blobs = () => world.blobs;

    blockSentences(blobs);
    wholeBlobSentences(blobs);
    readSentences(blobs);
    listSentences(blobs);
    stageFromSentences(blobs);
    signSentences(blobs, (url) => world.fetchSigned(url));
  });
}

function listSentences(blobs: () => Blobs): void {
  describe('a list', () => {
    it('is of all blobs in the order of their names, a page at a time, and of no staged ones', async () => {
      const named = [newName(), newName(), newName()];
      for (const [at, name] of named.entries()) await blobs().putBlob(name, someBytes(10 + at), { n: String(at) });
      await blobs().stageBlock(newName(), 'a', someBytes(10));
      const listed: Awaited<ReturnType<Blobs['listBlobs']>>['blobs'][number][] = [];
      let continuation: string | undefined;
      do {
        const page = await blobs().listBlobs(2, continuation);
        expect(page.blobs.length).toBeLessThanOrEqual(2);
        listed.push(...page.blobs);
        continuation = page.continuation;
      } while (continuation !== undefined);
      const own = listed.filter(({ name }) => named.includes(name));
      expect(own.map(({ name, size, metadata }) => [name, size, metadata])).toEqual(
        named.map((name, at) => [name, 10 + at, { n: String(at) }]),
      );
      expect(listed.map(({ name }) => name)).toEqual(listed.map(({ name }) => name).toSorted());
      for (const { name, etag } of own) expect((await blobs().statBlob(name))?.etag).toBe(etag);
      const times = own.map(({ modifiedAt }) => modifiedAt.getTime());
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBeGreaterThan(Date.parse('2020-01-01'));
      expect(await blobs().deleteBlob(named[0] ?? '', '"0x0"')).toBe(false);
      expect(await blobs().deleteBlob(named[0] ?? '', own[0]?.etag)).toBe(true);
    });
  });
}

function blockSentences(blobs: () => Blobs): void {
  describe('blocks', () => {
    it('become the blob in the order of the commit, with its metadata', async () => {
      const [name, one, two] = [newName(), someBytes(1000), someBytes(70_000)];
      await blobs().stageBlock(name, 'block-1', one);
      await blobs().stageBlock(name, 'block-2', two);
      expect(await blobs().commitBlocks(name, ['block-2', 'block-1'], { digest: 'sha256:abc' })).toBe('committed');
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.concat([two, one]));
      expect(await blobs().statBlob(name)).toMatchObject({ size: 71_000, metadata: { digest: 'sha256:abc' } });
    });

    it('are no blob before the commit', async () => {
      const name = newName();
      await blobs().stageBlock(name, 'a', someBytes(10));
      expect(await blobs().statBlob(name)).toBeUndefined();
      expect(await blobs().readBlob(name)).toBeUndefined();
    });

    it('are listed while they are uncommitted, under the ids that were given', async () => {
      const name = newName();
      expect(await blobs().listStagedBlocks(name)).toEqual([]);
      await blobs().stageBlock(name, '00 ~/+=1', someBytes(10));
      await blobs().stageBlock(name, '00 ~/+=2', someBytes(20));
      const listed = await blobs().listStagedBlocks(name);
      expect(listed.toSorted((a, b) => a.size - b.size)).toEqual([
        { blockId: '00 ~/+=1', size: 10 },
        { blockId: '00 ~/+=2', size: 20 },
      ]);
      expect(await blobs().commitBlocks(name, ['00 ~/+=1'], {})).toBe('committed');
      expect(await blobs().listStagedBlocks(name)).toEqual([]);
    });

    it('are replaced when they are staged again', async () => {
      const [name, second] = [newName(), someBytes(7)];
      await blobs().stageBlock(name, 'a', someBytes(10));
      await blobs().stageBlock(name, 'a', second);
      expect(await blobs().listStagedBlocks(name)).toEqual([{ blockId: 'a', size: 7 }]);
      await blobs().commitBlocks(name, ['a'], {});
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.from(second));
    });

    it('keep the bytes as they were when staged', async () => {
      const [name, bytes] = [newName(), new Uint8Array([1, 2, 3])];
      await blobs().stageBlock(name, 'a', bytes);
      bytes.fill(9);
      await blobs().commitBlocks(name, ['a'], {});
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.from([1, 2, 3]));
    });

    it('may be a part of a larger buffer', async () => {
      const [name, bytes] = [newName(), someBytes(100)];
      await blobs().stageBlock(name, 'a', bytes.subarray(10, 20));
      await blobs().commitBlocks(name, ['a'], {});
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.from(bytes.subarray(10, 20)));
    });

    it('are missing when one of them was never staged: nothing is committed and the others stay', async () => {
      const name = newName();
      await blobs().stageBlock(name, 'a', someBytes(1));
      expect(await blobs().commitBlocks(name, ['a', 'b'], {})).toBe('missing');
      expect(await blobs().statBlob(name)).toBeUndefined();
      expect(await blobs().listStagedBlocks(name)).toHaveLength(1);
      expect(await blobs().commitBlocks(newName(), ['a'], {})).toBe('missing');
    });

    it('are refused for a name that exists, and the blob is left as it is', async () => {
      const [name, first] = [newName(), someBytes(5)];
      await blobs().stageBlock(name, 'a', first);
      await blobs().commitBlocks(name, ['a'], { n: '1' });
      await blobs().stageBlock(name, 'b', someBytes(6));
      expect(await blobs().commitBlocks(name, ['b'], { n: '2' })).toBe('exists');
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.from(first));
      expect(await blobs().statBlob(name)).toMatchObject({ size: 5, metadata: { n: '1' } });
    });

    it('are committed by exactly one of two', async () => {
      const name = newName();
      await blobs().stageBlock(name, 'a', someBytes(5));
      const outcomes = await Promise.all([1, 2].map(() => blobs().commitBlocks(name, ['a'], {})));
      expect(outcomes.toSorted()).toEqual(['committed', 'exists']);
    });

    it('make an empty blob when the list is empty', async () => {
      const name = newName();
      expect(await blobs().commitBlocks(name, [], {})).toBe('committed');
      expect(await blobs().statBlob(name)).toMatchObject({ size: 0 });
      expect(await bytesOf(await blobs().readBlob(name))).toHaveLength(0);
    });

    it('have ids of one length, of ASCII, and at least one byte', async () => {
      const name = newName();
      await blobs().stageBlock(name, 'aa', someBytes(1));
      await expect(blobs().stageBlock(name, 'b', someBytes(1))).rejects.toThrow(TypeError);
      await expect(blobs().stageBlock(name, 'ü1', someBytes(1))).rejects.toThrow(TypeError);
      await expect(blobs().stageBlock(name, 'cc', new Uint8Array())).rejects.toThrow(TypeError);
    });
  });
}

function wholeBlobSentences(blobs: () => Blobs): void {
  describe('a whole blob', () => {
    it('is written over what is there, with another etag', async () => {
      const [name, second] = [newName(), someBytes(20)];
      await blobs().putBlob(name, someBytes(10), { old: 'yes' });
      const before = await blobs().statBlob(name);
      await blobs().putBlob(name, second, { media: 'application/json; charset="utf-8"' });
      const after = await blobs().statBlob(name);
      expect(after).toMatchObject({ size: 20, metadata: { media: 'application/json; charset="utf-8"' } });
      expect(after?.metadata).not.toHaveProperty('old');
      expect(after?.etag).not.toBe(before?.etag);
      expect(await bytesOf(await blobs().readBlob(name))).toEqual(Buffer.from(second));
    });

    it('may be empty', async () => {
      const name = newName();
      await blobs().putBlob(name, new Uint8Array(), {});
      expect(await blobs().statBlob(name)).toMatchObject({ size: 0, metadata: {} });
    });

    it('is deleted once', async () => {
      const name = newName();
      await blobs().putBlob(name, someBytes(1), {});
      expect(await blobs().deleteBlob(name)).toBe(true);
      expect(await blobs().deleteBlob(name)).toBe(false);
      expect(await blobs().statBlob(name)).toBeUndefined();
    });

    it('is deleted only under the etag that was seen', async () => {
      const name = newName();
      await blobs().putBlob(name, someBytes(1), {});
      const seen = await blobs().statBlob(name);
      await blobs().putBlob(name, someBytes(2), {});
      expect(await blobs().deleteBlob(name, seen?.etag)).toBe(false);
      expect(await blobs().statBlob(name)).toMatchObject({ size: 2 });
      expect(await blobs().deleteBlob(name, (await blobs().statBlob(name))?.etag)).toBe(true);
    });

    it('can be committed again under its name when it was deleted', async () => {
      const name = newName();
      await blobs().putBlob(name, someBytes(1), {});
      await blobs().deleteBlob(name);
      await blobs().stageBlock(name, 'a', someBytes(3));
      expect(await blobs().commitBlocks(name, ['a'], {})).toBe('committed');
    });
  });
}

function readSentences(blobs: () => Blobs): void {
  describe('reading', () => {
    it('answers undefined when there is no such blob', async () => {
      expect(await blobs().readBlob(newName())).toBeUndefined();
      expect(await blobs().readBlob(newName(), { offset: 5, length: 5 })).toBeUndefined();
      expect(await blobs().statBlob(newName())).toBeUndefined();
    });

    const ranges: readonly [string, ByteRange, [from: number, to: number]][] = [
      ['from an offset', { offset: 10 }, [10, 200_000]],
      ['a length', { offset: 0, length: 5 }, [0, 5]],
      ['over the border of two blocks', { offset: 99_990, length: 20 }, [99_990, 100_010]],
      ['past the end', { offset: 199_990, length: 1000 }, [199_990, 200_000]],
      ['all of it and more', { offset: 0, length: 1_000_000 }, [0, 200_000]],
      ['from the end', { offset: 200_000 }, [200_000, 200_000]],
      ['from behind the end', { offset: 300_000, length: 5 }, [200_000, 200_000]],
      ['no bytes', { offset: 5, length: 0 }, [5, 5]],
    ];

    it('gives the bytes of a range', async () => {
      const [name, bytes] = [newName(), Buffer.from(someBytes(200_000))];
      await blobs().stageBlock(name, 'a', bytes.subarray(0, 100_000));
      await blobs().stageBlock(name, 'b', bytes.subarray(100_000));
      await blobs().commitBlocks(name, ['a', 'b'], {});
      for (const [what, range, [from, to]] of ranges) {
        expect(Buffer.compare(await bytesOf(await blobs().readBlob(name, range)), bytes.subarray(from, to)), what).toBe(
          0,
        );
      }
    });

    it('gives no bytes of an empty blob, whatever the range', async () => {
      const name = newName();
      await blobs().putBlob(name, new Uint8Array(), {});
      expect(await bytesOf(await blobs().readBlob(name, { offset: 0, length: 10 }))).toHaveLength(0);
    });

    it("gives chunks that are the reader's own", async () => {
      const name = newName();
      const bytes = someBytes(200_000);
      await blobs().putBlob(name, bytes, {});
      for await (const chunk of (await blobs().readBlob(name)) ?? []) chunk.fill(0);
      expect(Buffer.compare(await bytesOf(await blobs().readBlob(name)), bytes)).toBe(0);
    });

    it('can be given up in the middle', async () => {
      const name = newName();
      await blobs().putBlob(name, someBytes(2_000_000), {});
      const reader = (await blobs().readBlob(name))?.getReader();
      expect((await reader?.read())?.done).toBe(false);
      await reader?.cancel();
      expect((await reader?.read())?.done).toBe(true);
    });
  });
}

function stageFromSentences(blobs: () => Blobs): void {
  describe('a block from a URL', () => {
    it('is a range of what the URL answers, and is staged as any other', async () => {
      const [source, target] = [newName(), newName()];
      const bytes = someBytes(3_000);
      await blobs().putBlob(source, bytes, {});
      const url = await blobs().signBlobUrl(source, 60);
      for (const [id, offset] of [
        ['b', 1_000],
        ['a', 0],
        ['c', 2_000],
      ] as const)
        expect(await blobs().stageBlockFrom(target, id, url, { offset, length: 1_000 })).toBe('staged');
      expect((await blobs().listStagedBlocks(target)).map(({ blockId, size }) => [blockId, size]).sort()).toEqual([
        ['a', 1_000],
        ['b', 1_000],
        ['c', 1_000],
      ]);
      expect(await blobs().commitBlocks(target, ['a', 'b', 'c'], {})).toBe('committed');
      expect(await bytesOf(await blobs().readBlob(target))).toEqual(bytes);
    });

    it('is not staged when there is nothing at the URL, or its time has passed', async () => {
      const [source, target] = [newName(), newName()];
      expect(
        await blobs().stageBlockFrom(target, 'a', await blobs().signBlobUrl(source, 60), { offset: 0, length: 10 }),
      ).toBe('unreadable');
      await blobs().putBlob(source, someBytes(10), {});
      expect(
        await blobs().stageBlockFrom(target, 'a', await blobs().signBlobUrl(source, -1), { offset: 0, length: 10 }),
      ).toBe('unreadable');
      expect(await blobs().listStagedBlocks(target)).toEqual([]);
    });
  });
}

function signSentences(blobs: () => Blobs, fetchSigned: BlobsUnderTest['fetchSigned']): void {
  describe('a signed URL', () => {
    it('reads the blob without credentials, also one with an unusual name', async () => {
      for (const name of [newName(), `${newName()}/sha256:ab c+ü%25`]) {
        const bytes = someBytes(1000);
        await blobs().putBlob(name, bytes, {});
        expect(await fetchSigned(await blobs().signBlobUrl(name, 60))).toEqual(Uint8Array.from(bytes));
      }
    });

    it('is given without a look whether the blob exists', async () => {
      expect(await fetchSigned(await blobs().signBlobUrl(newName(), 60))).toBeUndefined();
    });

    it('is worth nothing when its time has passed', async () => {
      const name = newName();
      await blobs().putBlob(name, someBytes(10), {});
      expect(await fetchSigned(await blobs().signBlobUrl(name, -1))).toBeUndefined();
    });
  });
}
