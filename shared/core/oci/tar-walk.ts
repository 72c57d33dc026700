import type { TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';

/** Limits of an archive that comes from outside. */
export interface TarBounds {
  /** The bytes of the whole archive, unpacked. */
  readonly bytes: number;
  /** The files, folders and links together. */
  readonly entries: number;
}

/** Thrown for an archive that is refused; the message is for its author. */
export class TarRefused extends Error {
  override readonly name = 'TarRefused';
}

const block = 512;

/**
 * The bytes allowed for names and attributes of one entry that do not fit its header: a path has at most 4,096 bytes,
 * and a link one more.
 */
const maxExtraBytes = 64 * 1024;

/** The letters that tell each kind of entry: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const kinds = { files: '0\0' + '7', links: '12', folder: '5', extra: 'xgLK' };

const refusedKinds: Readonly<Record<string, string>> = {
  3: 'a character device',
  4: 'a block device',
  6: 'a named pipe',
  S: 'a sparse file',
};

interface Header {
  readonly kind: string;
  readonly size: number;
}

/**
 * Passes an unpacked tar archive on unchanged, and checks each header before it goes: it refuses an archive that is
 * larger than allowed, or holds what no build context needs. Readers of tar keep the headers of pax and GNU in memory
 * whatever their size, make devices, and unpack a few bytes to an endless sparse file.
 */
export class TarWalk extends Transform {
  readonly #bounds: TarBounds;
  #bytes = 0;
  #entries = 0;
  /** The bytes left of the entry that is passing, with its padding. */
  #left = 0;
  #header = Buffer.alloc(0);
  #extra: { readonly kind: string; readonly size: number; text: Buffer } | undefined;
  /** The size that a pax header gives the next entry. */
  #nextSize: number | undefined;
  #isAtEnd = false;

  constructor(bounds: TarBounds) {
    super();
    this.#bounds = bounds;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#bounds.bytes)
        throw new TarRefused(`it has more than ${this.#bounds.bytes} bytes unpacked`);
      this.#walk(chunk);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    const isWhole = this.#left === 0 && this.#header.length === 0 && this.#bytes > 0;
    done(isWhole ? null : new TarRefused('it is no tar archive, or ends in the middle of an entry'));
  }

  #walk(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) at += this.#passContent(chunk.subarray(at));
      else at += this.#passHeader(chunk.subarray(at));
    }
  }

  #passContent(chunk: Buffer): number {
    const part = chunk.subarray(0, this.#left);
    if (this.#extra !== undefined) this.#extra.text = Buffer.concat([this.#extra.text, part]);
    this.#left -= part.length;
    if (this.#left === 0 && this.#extra !== undefined) this.#readRecords();
    return part.length;
  }

  #passHeader(chunk: Buffer): number {
    const part = chunk.subarray(0, block - this.#header.length);
    this.#header = Buffer.concat([this.#header, part]);
    if (this.#header.length < block) return part.length;
    const bytes = this.#header;
    this.#header = Buffer.alloc(0);
    const header = readHeader(bytes);
    // The end is two empty blocks, and what follows them is no part of the archive.
    if (header === undefined) this.#isAtEnd = true;
    else if (this.#isAtEnd) throw new TarRefused('it continues after its end');
    else this.#beginEntry(header);
    return part.length;
  }

  #beginEntry({ kind, size }: Header): void {
    const isExtra = kinds.extra.includes(kind);
    if (!isExtra) this.#entries += 1;
    if (this.#entries > this.#bounds.entries)
      throw new TarRefused(`it has more than ${this.#bounds.entries} files and folders`);
    const refused = Object.hasOwn(refusedKinds, kind) ? refusedKinds[kind] : undefined;
    if (refused !== undefined)
      throw new TarRefused(`it has ${refused}: a context may have files, folders and links only`);
    if (!isExtra && !`${kinds.files}${kinds.links}${kinds.folder}`.includes(kind))
      throw new TarRefused(`it has an entry of the unknown kind ${JSON.stringify(kind)}`);
    if (isExtra && size > maxExtraBytes)
      throw new TarRefused(`it has a header of ${size} bytes; at most ${maxExtraBytes} are allowed`);
    // GNU tar ignores a size of links and folders: only files have bytes. An archive that says otherwise is read
    // differently by other readers.
    const real = isExtra ? size : (this.#nextSize ?? size);
    if (!isExtra) this.#nextSize = undefined;
    if (real > 0 && !isExtra && !kinds.files.includes(kind))
      throw new TarRefused('it has a folder or a link with bytes of its own');
    this.#extra = isExtra && size > 0 ? { kind, size, text: Buffer.alloc(0) } : undefined;
    this.#left = Math.ceil(real / block) * block;
    if (this.#bytes + real > this.#bounds.bytes + maxExtraBytes)
      throw new TarRefused(`it has more than ${this.#bounds.bytes} bytes unpacked`);
  }

  /** Reads the records of a whole pax header: `SIZE KEY=VALUE\n`, again and again. */
  #readRecords(): void {
    const { kind = '', size = 0, text = Buffer.alloc(0) } = this.#extra ?? {};
    this.#extra = undefined;
    if (kind !== 'x' && kind !== 'g') return;
    for (const [key, value] of recordsIn(text.subarray(0, size))) {
      if (key.startsWith('GNU.sparse'))
        throw new TarRefused('it has a sparse file: a context may have files, folders and links only');
      if (key !== 'size') continue;
      if (kind === 'g' || !/^\d{1,15}$/.test(value))
        throw new TarRefused('it has a header that gives other entries a size');
      this.#nextSize = Number(value);
    }
  }
}

function recordsIn(bytes: Buffer): [string, string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space === -1 ? 0 : Number(bytes.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at + 1 || at + length > bytes.length)
      throw new TarRefused('it has a damaged header');
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    at += length;
  }
  return records;
}

/** Reads a header; absent for a block of zeros. */
function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined;
  // The sum counts its own bytes as spaces.
  const sum = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum !== octalIn(bytes, 148, 8)) throw new TarRefused('it is no tar archive, or it is damaged');
  return { kind: bytes.toString('latin1', 156, 157), size: sizeIn(bytes) };
}

/** Reads octal digits, or, for larger sizes, a number whose first bit is set. */
function sizeIn(bytes: Buffer): number {
  const first = bytes[124] ?? 0;
  if (first < 0x80) return octalIn(bytes, 124, 12);
  const size = first === 0x80 ? bytes.subarray(125, 136).reduce((total, byte) => total * 256 + byte, 0) : -1;
  if (!Number.isSafeInteger(size) || size < 0) throw new TarRefused('it has an entry with an impossible size');
  return size;
}

function octalIn(bytes: Buffer, from: number, length: number): number {
  // There are at most twelve letters: `trim` removes the blanks of both ends, and the zeros stand behind the number
  // alone.
  const text = (bytes.toString('latin1', from, from + length).split('\0', 1)[0] ?? '').trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarRefused('it is no tar archive, or it is damaged');
  return Number.parseInt(text, 8);
}
