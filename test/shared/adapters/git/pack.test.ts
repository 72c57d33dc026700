import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { GitFault } from '../../../../shared/adapters/git/fault.ts';
import { checkPack, packLimits } from '../../../../shared/adapters/git/pack.ts';
import { deltaSizes, packed, packOf, zeros } from '../../../contracts/git-packs.ts';

const blob = Buffer.from('hello '.repeat(100));
const refusal = (pack: Uint8Array, limits = packLimits) =>
  checkPack(pack, limits).then(
    () => undefined,
    (error: unknown) => (error instanceof GitFault ? error.message : Promise.reject(error as Error)),
  );

/** Returns a delta that copies the whole of `hello ` so many times, and claims this size for its result. */
const copies = (times: number, said = times * blob.length) =>
  Buffer.concat([
    deltaSizes(blob.length, said),
    ...Array.from({ length: times }, () => Buffer.from([0b1011_0000, blob.length & 255, blob.length >> 8])),
  ]);

describe('a pack of git', () => {
  let real: Buffer;
  beforeAll(async () => {
    real = await packedByGit();
  });

  it('as git itself makes it, with deltas, passes', async () => {
    await checkPack(real);
    await checkPack(packOf([]));
    await checkPack(packOf([packed(3, Buffer.alloc(0)), packed(3, blob)]));
  });

  it('passes with a delta whose copies and insertions make what it says', async () => {
    const first = packed(3, blob);
    const delta = Buffer.concat([copies(3, 3 * blob.length + 2), Buffer.from([2, 65, 66])]);
    await checkPack(
      packOf([
        first,
        packed(6, delta, { back: first.deflated.length + 2 }),
        packed(7, delta, { base: Buffer.alloc(20) }),
      ]),
    );
  });

  it.each([
    [
      'an object that is larger than allowed',
      [{ type: 3, size: 2 ** 40, deflated: Buffer.alloc(9) }],
      'has 1099511627776 bytes',
    ],
    [
      'a size beyond any number',
      [{ type: 3, size: 2 ** 60, deflated: Buffer.alloc(9) }],
      'an impossible size of an object',
    ],
    ['an object that is larger than it says', [{ ...packed(3, blob), size: 5 }], 'another size'],
    ['an object that is smaller than it says', [{ ...packed(3, blob), size: 5_000 }], 'another size'],
    ['an object that is nothing deflated', [{ type: 3, size: 5, deflated: Buffer.from('hello') }], 'another size'],
    ['a type that there is not', [packed(5, blob)], 'type 5'],
    [
      'a delta that makes too much',
      [packed(7, copies(1, 2 ** 33), { base: Buffer.alloc(20) })],
      'has 8589934592 bytes',
    ],
    [
      'a delta that makes more than it says',
      [packed(7, copies(10, 5), { base: Buffer.alloc(20) })],
      'does not make the object',
    ],
    [
      'a delta that makes less than it says',
      [packed(7, copies(10, 50_000), { base: Buffer.alloc(20) })],
      'does not make the object',
    ],
    [
      'a delta of a step that is reserved',
      [packed(7, Buffer.concat([deltaSizes(5, 5), Buffer.from([0])]), { base: Buffer.alloc(20) })],
      'does not make the object',
    ],
    [
      'a delta of millions of steps',
      [
        packed(7, Buffer.concat([deltaSizes(5, 2_000_000), Buffer.alloc(4_000_000, Buffer.from([1, 65]))]), {
          base: Buffer.alloc(20),
        }),
      ],
      'more than 500000 steps',
    ],
  ])('with %s is refused', async (_, objects, why) => {
    expect(await refusal(packOf(objects))).toContain(why);
  });

  it('is refused by what all of it unpacks to, results of deltas included, and by its count', async () => {
    const two = packOf([packed(3, blob), packed(3, Buffer.from(blob).reverse())]);
    await checkPack(two, { ...packLimits, bytes: 1_200 });
    expect(await refusal(two, { ...packLimits, bytes: 1_199 })).toContain('unpacks to more than 1199 bytes');
    expect(
      await refusal(packOf([packed(7, copies(3), { base: Buffer.alloc(20) })]), { ...packLimits, bytes: 1_800 }),
    ).toContain('unpacks to more than 1800 bytes');
    expect(await refusal(two, { ...packLimits, objects: 1 })).toContain('has 2 files and folders');
    expect(await refusal(packOf([packed(3, blob)], 2))).toContain('ends within an object');
    expect(await refusal(Buffer.concat([real.subarray(0, -20), Buffer.alloc(30)]))).toContain('bytes follow');
  });

  it('of a megabyte with a gigabyte in it is refused in little memory, whatever it says of itself', async () => {
    const deflated = zeros(1024 ** 3);
    const before = process.memoryUsage().rss;
    for (const size of [1024 ** 3, 10, 40 * 1024 ** 2])
      expect(await refusal(packOf([{ type: 3, size, deflated }]))).toBeDefined();
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 ** 2);
  });

  it('with any of its bytes changed, left out or repeated passes or is refused, and never fails otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.nat({ max: real.length - 1 }),
            by: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constant(undefined)),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        async (changes) => {
          let bytes = real;
          for (const { at, by } of changes)
            bytes = Buffer.concat([
              bytes.subarray(0, at),
              by ?? Buffer.alloc(0),
              bytes.subarray(by === undefined ? at + 3 : at + by.length),
            ]);
          await refusal(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of anything at all passes or is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 8 }), async (bytes, type) => {
        await refusal(packOf([{ type, size: 20, deflated: bytes }]));
      }),
      { numRuns: 500 },
    );
  });
});

/** A file in two versions, so that one is a delta, and a few others. */
async function packedByGit(): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-test-pack-'));
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args]))
      .stdout;
  await git('init', '-q');
  for (const text of ['one', 'two', 'three']) {
    const lines = Array.from({ length: 300 }, (_, line) => `${line} is a line`);
    lines[150] = text;
    await writeFile(join(dir, 'file'), lines.join('\n'));
    await writeFile(join(dir, text), text);
    await git('add', '-A');
    await git('commit', '-q', '-m', text);
  }
  const objects = (await git('rev-list', '--objects', 'HEAD')).replace(/ .*/g, '');
  const child = spawn('git', ['-C', dir, 'pack-objects', '--stdout', '--delta-base-offset', '-q'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(objects);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  await rm(dir, { recursive: true });
  return Buffer.concat(chunks);
}
