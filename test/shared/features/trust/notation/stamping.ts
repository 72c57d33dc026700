import { createHash, sign } from 'node:crypto';
import { derItem, membersOf } from '../../../../../shared/features/trust/notation/der.ts';
import type { Issued } from './issued.ts';
import { issued, nameOf, stampingExtensions } from './issued.ts';

/** The faults that a time-stamp of these tests can have. */
export interface Stamp {
  readonly at?: Date;
  /** The fraction of a second behind the time, in digits. */
  readonly fraction?: string;
  readonly accuracy?: Buffer;
  readonly policy?: string;
  readonly imprint?: Buffer;
  readonly contentType?: string;
  /** The certificate that the token pins; `undefined` leaves the attribute out. */
  readonly pinned?: Buffer | undefined;
  readonly certificates?: readonly Buffer[];
  readonly digest?: Buffer;
  readonly signers?: number;
  readonly hash?: 'sha1' | 'sha256';
}

export interface Authority {
  readonly root: Issued;
  readonly leaf: Issued;
}

export async function authority(leaf: Parameters<typeof issued>[0] = {}): Promise<Authority> {
  const root = await issued({ name: nameOf('time root') });
  return {
    root,
    leaf: await issued({ name: nameOf('time'), issuer: root, extensions: stampingExtensions, ...leaf }),
  };
}

const oids = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  ecdsa: '1.2.840.10045.4.3.2',
  signedData: '1.2.840.113549.1.7.2',
  info: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  pinned: '1.2.840.113549.1.9.16.2.47',
} as const;

/** Makes a token over bytes, by RFC 3161 and RFC 5652. */
export function stampOf(bytes: Uint8Array, { leaf }: Authority, stamp: Stamp = {}): Buffer {
  const { at = new Date('2025-06-01T12:00:01Z'), hash = 'sha256', contentType = oids.info } = stamp;
  const imprint = stamp.imprint ?? createHash(hash).update(bytes).digest();
  const time = at.toISOString().replace(/[-:T]/g, '').slice(0, 14) + (stamp.fraction ?? '');
  const info = sequence(
    tlv(2, Buffer.from([1])),
    oid(stamp.policy ?? '1.2.3.4'),
    sequence(sequence(oid(oids[hash])), tlv(4, imprint)),
    tlv(2, Buffer.from([7])),
    tlv(0x18, Buffer.from(`${time}Z`)),
    ...(stamp.accuracy === undefined ? [] : [stamp.accuracy]),
  );
  const pinned = 'pinned' in stamp ? stamp.pinned : leaf.der;
  const attributes = Buffer.concat([
    attribute(oids.contentType, oid(contentType)),
    attribute(oids.messageDigest, tlv(4, stamp.digest ?? createHash('sha256').update(info).digest())),
    ...(pinned === undefined
      ? []
      : [attribute(oids.pinned, sequence(sequence(sequence(tlv(4, createHash('sha256').update(pinned).digest())))))]),
  ]);
  const signer = sequence(
    tlv(2, Buffer.from([1])),
    identity(leaf.der),
    sequence(oid(oids.sha256)),
    tlv(0xa0, attributes),
    sequence(oid(oids.ecdsa)),
    tlv(4, sign('sha256', tlv(0x31, attributes), leaf.privateKey)),
  );
  const message = sequence(
    tlv(2, Buffer.from([3])),
    tlv(0x31, sequence(oid(oids.sha256))),
    sequence(oid(contentType), tlv(0xa0, tlv(4, info))),
    tlv(0xa0, ...(stamp.certificates ?? [leaf.der])),
    tlv(0x31, ...Array.from({ length: stamp.signers ?? 1 }, () => signer)),
  );
  return sequence(oid(oids.signedData), tlv(0xa0, message));
}

const attribute = (type: string, value: Buffer) => sequence(oid(type), tlv(0x31, value));

/** The issuer and the serial number of a certificate, by which a signer is named. */
function identity(der: Buffer): Buffer {
  const [tbs] = membersOf(derItem(der));
  const [, serial, , issuer] = tbs === undefined ? [] : membersOf(tbs);
  return sequence(issuer?.whole ?? Buffer.alloc(0), serial?.whole ?? Buffer.alloc(0));
}

export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(
    body.length.toString(16).padStart(body.length < 0x100 ? 2 : body.length < 0x1_0000 ? 4 : 6, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

export const sequence = (...parts: readonly Buffer[]) => tlv(0x30, ...parts);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let more = arc >>> 7; more > 0; more >>>= 7) groups.unshift((more & 0x7f) | 0x80);
    return groups;
  });
  return tlv(6, Buffer.from(bytes));
}
