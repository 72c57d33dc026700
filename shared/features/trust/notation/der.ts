import { NotationFault } from './fault.ts';

/** One item of DER: a tag, a length, and the bytes of that length. */
export interface DerItem {
  /** The tag's byte, with the bits of its class and of "constructed". */
  readonly tag: number;
  readonly body: Buffer;
  /** The bytes with tag and length, as they were received: signatures and hashes are over these. */
  readonly whole: Buffer;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of an alternative or optional member: `[number]`, constructed unless said otherwise. */
export function contextTag(number: number, form: 'constructed' | 'primitive' = 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

/**
 * Reads bytes that are exactly one item. It reads one level, and the members when they are asked for, so that
 * nesting costs nothing. BER's other encodings (indefinite and overlong lengths) are refused: two readers of the same bytes
 * could see two certificates in them.
 */
export function derItem(bytes: Uint8Array): DerItem {
  const item = itemAt(asBuffer(bytes), 0);
  if (item.whole.length !== bytes.length) throw new NotationFault('A DER structure is followed by other bytes.');
  return item;
}

/** Returns the members of a constructed item. */
export function membersOf(item: DerItem): DerItem[] {
  if ((item.tag & 0x20) === 0) throw new NotationFault('A DER structure has a plain value where it must have members.');
  return itemsIn(item.body);
}

/** Returns the members of a constructed item that must have this tag. */
export function membersOfTag(item: DerItem | undefined, tag: number): DerItem[] {
  return membersOf(withTag(item, tag));
}

/** Returns the item where it is there and has the tag. */
export function withTag(item: DerItem | undefined, tag: number): DerItem {
  if (item?.tag !== tag) throw new NotationFault('A DER structure lacks a member, or has one of another type.');
  return item;
}

function itemsIn(body: Buffer): DerItem[] {
  const items: DerItem[] = [];
  for (let at = 0; at < body.length;) {
    const item = itemAt(body, at);
    items.push(item);
    at += item.whole.length;
  }
  return items;
}

function itemAt(bytes: Buffer, from: number): DerItem {
  const [tag, first] = [bytes[from], bytes[from + 1]];
  if (tag === undefined || first === undefined) throw new NotationFault('A DER structure is cut off.');
  if ((tag & 0x1f) === 0x1f) throw new NotationFault('A DER structure has a tag of several bytes.');
  const [length, start] = first < 0x80 ? [first, from + 2] : longLength(bytes, from + 2, first & 0x7f);
  if (start + length > bytes.length) throw new NotationFault('A DER structure is cut off.');
  return { tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(from, start + length) };
}

function longLength(bytes: Buffer, from: number, count: number): readonly [length: number, start: number] {
  if (count === 0) throw new NotationFault('A DER structure has an indefinite length.');
  if (count > 4 || from + count > bytes.length) throw new NotationFault('A DER structure is cut off.');
  const length = bytes.readUIntBE(from, count);
  if (length < 0x80 || bytes[from] === 0) throw new NotationFault('A DER structure has an overlong length.');
  return [length, from + count];
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Returns an object identifier in its dotted form. */
export function oidOf(item: DerItem | undefined): string {
  const { body } = withTag(item, tags.oid);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new NotationFault('An object identifier has a number that is too large.');
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  if (arcs.length === 0 || ((body.at(-1) ?? 0) & 0x80) !== 0)
    throw new NotationFault('An object identifier is cut off.');
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** Returns a small number that is not negative. */
export function smallNumberOf(item: DerItem | undefined, tag: number = tags.integer): number {
  const { body } = withTag(item, tag);
  if (body.length === 0 || body.length > 5 || ((body[0] ?? 0) & 0x80) !== 0)
    throw new NotationFault('A number of a DER structure is out of bounds.');
  return body.readUIntBE(0, body.length);
}

export function booleanOf(item: DerItem | undefined): boolean {
  const { body } = withTag(item, tags.boolean);
  if (body.length !== 1 || (body[0] !== 0 && body[0] !== 0xff))
    throw new NotationFault('A DER structure has a truth value that is neither true nor false.');
  return body[0] === 0xff;
}

/** Returns a bit string that is made of whole bytes, as keys and signatures are. */
export function bytesOfBitString(item: DerItem | undefined): Buffer {
  const { body } = withTag(item, tags.bitString);
  if (body[0] !== 0) throw new NotationFault('A bit string of a DER structure is not made of whole bytes.');
  return body.subarray(1);
}

/** Returns the numbers of the bits that are set, in a bit string that is a list of flags. */
export function flagsOf(item: DerItem | undefined): ReadonlySet<number> {
  const [unused = 8, ...bytes] = withTag(item, tags.bitString).body;
  if (unused > 7 || bytes.length > 8) throw new NotationFault('A list of flags of a DER structure is malformed.');
  const flags = new Set<number>();
  const count = bytes.length * 8 - unused;
  for (let bit = 0; bit < count; bit++) if (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) flags.add(bit);
  return flags;
}

const utcTime = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const generalizedTime = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?Z$/;

/**
 * Returns a point in time. The fraction of a second that a time-stamp may have is kept to milliseconds; certificates
 * have none.
 */
export function timeOf(item: DerItem | undefined): Date {
  const text = item?.body.length !== undefined && item.body.length <= 30 ? item.body.toString('latin1') : '';
  const match = item?.tag === tags.utcTime ? utcTime.exec(text) : generalizedTime.exec(text);
  if (match === null || (item?.tag !== tags.utcTime && item?.tag !== tags.generalizedTime))
    throw new NotationFault('A DER structure has a time that cannot be read.');
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number);
  const century = item.tag === tags.generalizedTime ? 0 : year >= 50 ? 1900 : 2000;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const time = new Date(Date.UTC(century + year, month - 1, day, hours, minutes, seconds, milliseconds));
  // The constructor carries over what is too large: the 31st of February would be a day in March.
  if (time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day || hours > 23 || minutes > 59 || seconds > 59)
    throw new NotationFault('A DER structure has a time that does not exist.');
  return time;
}
