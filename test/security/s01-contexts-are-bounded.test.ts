import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { TarRefused, TarWalk } from '../../shared/core/oci/tar-walk.ts';
import { fileIn } from '../../shared/features/builds/tasks/context.ts';

const bounds = { bytes: 1024 * 1024, entries: 100 };

/** One header as it lies in an archive, with a sum that is right. */
function header(name: string, kind: string, size: number | bigint): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write(name.slice(0, 100), 0);
  bytes.write('0000644\0', 100);
  if (typeof size === 'bigint') {
    bytes[124] = 0x80;
    bytes.writeBigUInt64BE(size, 128);
  } else bytes.write(size.toString(8).padStart(11, '0'), 124);
  bytes.write(kind, 156);
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.fill(0x20, 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

const padded = (text: string) => Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
const end = Buffer.alloc(1024);
const record = (text: string) => {
  for (let length = text.length + 3; ; length += 1)
    if (`${length} ${text}\n`.length === length) return `${length} ${text}\n`;
};
const file = (name: string, text: string) => Buffer.concat([header(name, '0', text.length), padded(text)]);
const pax = (kind: string, text: string) => Buffer.concat([header('pax', kind, text.length), padded(text)]);

/** As it comes: in pieces that end anywhere. */
async function walked(archive: Buffer, piece = 700): Promise<Buffer> {
  const passed: Buffer[] = [];
  const pieces = Array.from({ length: Math.ceil(archive.length / piece) }, (_, at) =>
    archive.subarray(at * piece, (at + 1) * piece),
  );
  await pipeline(Readable.from(pieces), new TarWalk(bounds), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) passed.push(chunk);
  });
  return Buffer.concat(passed);
}

describe('an archive of a context', () => {
  it('passes as it is, whatever the pieces it comes in', async () => {
    const writer = pack();
    writer.entry({ name: 'Dockerfile' }, 'FROM scratch\n');
    writer.entry({ name: `${'long/'.repeat(60)}file` }, 'x'.repeat(3_000));
    writer.entry({ name: 'folder/', type: 'directory' });
    writer.entry({ name: 'link', type: 'symlink', linkname: 'Dockerfile' });
    writer.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of writer as AsyncIterable<Buffer>) chunks.push(chunk);
    const archive = Buffer.concat(chunks);
    for (const piece of [1, 511, 512, 513, 100_000]) expect((await walked(archive, piece)).equals(archive)).toBe(true);
  });

  it.each<[string, Buffer]>([
    ['a file that says it is larger than all may be', Buffer.concat([header('big', '0', 8n * 1024n ** 4n), end])],
    ['many files', Buffer.concat([...Array.from({ length: 101 }, (_, at) => header(`f${at}`, '0', 0)), end])],
    [
      'more bytes than it may have',
      Buffer.concat([...Array.from({ length: 20 }, (_, at) => file(`f${at}`, 'x'.repeat(60_000))), end]),
    ],
    ['a pax header without end', Buffer.concat([header('pax', 'x', 1_000_000), Buffer.alloc(512)])],
    ['a global pax header without end', Buffer.concat([header('pax', 'g', 65_537), Buffer.alloc(512)])],
    ['a name of GNU tar without end', Buffer.concat([header('long', 'L', 8n * 1024n ** 3n), Buffer.alloc(512)])],
    ['a link of GNU tar without end', Buffer.concat([header('long', 'K', 100_000), Buffer.alloc(512)])],
    ['a device', Buffer.concat([header('sda', '4', 0), end])],
    ['a character device', Buffer.concat([header('mem', '3', 0), end])],
    ['a pipe', Buffer.concat([header('pipe', '6', 0), end])],
    ['a sparse file', Buffer.concat([header('sparse', 'S', 0), end])],
    [
      'a sparse file by pax',
      Buffer.concat([pax('x', record('GNU.sparse.realsize=9223372036854775807')), file('s', ''), end]),
    ],
    ['a kind that nobody knows', Buffer.concat([header('v', 'V', 0), end])],
    [
      'a size by pax that is larger than all may be',
      Buffer.concat([pax('x', record('size=99999999999')), file('s', ''), end]),
    ],
    ['a size for all entries', Buffer.concat([pax('g', record('size=5')), file('s', ''), end])],
    ['a negative size', Buffer.concat([pax('x', record('size=-1')), file('s', ''), end])],
    ['a damaged pax header', Buffer.concat([pax('x', '999999 a=b\n'), file('s', ''), end])],
    ['a pax record of no length', Buffer.concat([pax('x', '0 a=b\n'), file('s', ''), end])],
    ['a folder with bytes', Buffer.concat([header('d/', '5', 512), Buffer.alloc(512), end])],
    ['a wrong sum', Buffer.concat([Buffer.from(file('s', 'x')).fill(0x61, 0, 3), end])],
    ['another archive behind its end', Buffer.concat([file('s', 'x'), end, file('t', 'y'), end])],
    ['half an entry', file('s', 'x'.repeat(2_000)).subarray(0, 1_100)],
    ['nothing', Buffer.alloc(0)],
    ['no archive', Buffer.from('x'.repeat(2_048))],
  ])('is refused with %s', async (_, archive) => {
    await expect(walked(archive)).rejects.toThrow(TarRefused);
  });

  it('hides no header behind a size that pax gives', async () => {
    // A reader that took the header's own size of 0 would read a device from the bytes of the file.
    const hidden = Buffer.concat([pax('x', record('size=512')), header('s', '0', 0), header('sda', '4', 0), end]);
    await expect(walked(hidden)).resolves.toBeDefined();
    const shown = Buffer.concat([pax('x', record('size=0')), header('s', '0', 512), header('sda', '4', 0), end]);
    await expect(walked(shown)).rejects.toThrow('a block device');
  });
});

describe('a Dockerfile in an archive', () => {
  const stream = (bytes: Buffer) => new Blob([new Uint8Array(bytes)]).stream();

  it('is found, compressed or not', async () => {
    const archive = Buffer.concat([file('./Dockerfile', 'FROM scratch\n'), end]);
    expect(await fileIn(stream(archive), 'Dockerfile')).toBe('FROM scratch\n');
    expect(await fileIn(stream(gzipSync(archive)), 'Dockerfile')).toBe('FROM scratch\n');
  });

  it('is not looked for in a pax header of many megabytes, which costs no memory', async () => {
    const large = 256 * 1024 ** 2;
    const bomb = gzipSync(Buffer.concat([header('pax', 'x', large), Buffer.alloc(large)]), { level: 1 });
    const before = process.memoryUsage.rss();
    await expect(fileIn(stream(bomb), 'Dockerfile')).rejects.toThrow('a header of 268435456 bytes');
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 ** 2);
  });

  it('is not looked for behind more bytes than a context may have', async () => {
    await expect(
      fileIn(
        stream(gzipSync(Buffer.concat([header('big', '0', 4n * 1024n ** 3n), Buffer.alloc(1024 * 1024)]))),
        'Dockerfile',
      ),
    ).rejects.toThrow('bytes unpacked');
  });

  it('is not looked for in what breaks off, or is damaged', async () => {
    const zipped = gzipSync(Buffer.concat([file('a', 'x'.repeat(60_000)), end]));
    await expect(fileIn(stream(zipped.subarray(0, zipped.length / 2)), 'Dockerfile')).rejects.toThrow(
      /not a tar archive/,
    );
  });
});
