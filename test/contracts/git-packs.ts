import { createHash } from 'node:crypto';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';

/**
 * As a pack has it (gitformat-pack): 1 commit, 2 tree, 3 blob, 4 tag, 6 a delta on what lies `back` bytes before, 7 one
 * on `base`.
 */
export interface PackedObject {
  readonly type: number;
  /** The size that the object's header claims, in bytes. */
  readonly size: number;
  readonly deflated: Uint8Array;
  readonly back?: number;
  readonly base?: Buffer;
}

export const packed = (type: number, bytes: Uint8Array, more: Partial<PackedObject> = {}): PackedObject => ({
  type,
  size: bytes.length,
  deflated: deflateSync(bytes),
  ...more,
});

export function packOf(objects: readonly PackedObject[], count = objects.length): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  header.writeUInt32BE(count, 8);
  const body = Buffer.concat([
    header,
    ...objects.flatMap(({ type, size, deflated, back, base }) => [
      head(type, size),
      ...(back === undefined ? [] : [offset(back)]),
      ...(base === undefined ? [] : [base]),
      deflated,
    ]),
  ]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function head(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size % 16)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(rest % 128);
  }
  return Buffer.from(bytes);
}

function offset(back: number): Buffer {
  const bytes = [back % 128];
  for (let rest = Math.floor(back / 128) - 1; rest >= 0; rest = Math.floor(rest / 128) - 1)
    bytes.unshift((rest % 128) | 128);
  return Buffer.from(bytes);
}

/** The two sizes that a delta begins with. */
export function deltaSizes(source: number, target: number): Buffer {
  const size = (of: number) => {
    const bytes = [];
    let rest = of;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    return Buffer.from([...bytes, rest]);
  };
  return Buffer.concat([size(source), size(target)]);
}

/** So many bytes of 0 as zlib deflates them (RFC 1950): a mebibyte is deflated, and repeated. */
export function zeros(bytes: number): Buffer {
  const mebibyte = 1024 ** 2;
  const one = deflateRawSync(Buffer.alloc(mebibyte), { finishFlush: constants.Z_FULL_FLUSH });
  const checksum = Buffer.alloc(4);
  // Adler-32, whose one half is the sum of all bytes and one, and whose other half is the sum of those sums.
  checksum.writeUInt16BE(bytes % 65_521, 0);
  checksum.writeUInt16BE(1, 2);
  return Buffer.concat([
    Buffer.from([0x78, 0x9c]),
    ...Array<Buffer>(Math.floor(bytes / mebibyte)).fill(one),
    deflateRawSync(Buffer.alloc(bytes % mebibyte)),
    checksum,
  ]);
}

/** As git's smart HTTP protocol sends a pack, in lines of at most 65,520 bytes. */
export function inSideband(pack: Buffer): Buffer {
  const lines: Uint8Array[] = [Buffer.from('0008NAK\n')];
  for (let at = 0; at < pack.length; at += 65_515) {
    const part = pack.subarray(at, at + 65_515);
    lines.push(Buffer.from((part.length + 5).toString(16).padStart(4, '0') + '\x01'), part);
  }
  return Buffer.concat([...lines, Buffer.from('0000')]);
}
