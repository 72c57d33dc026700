import { createHash, sign } from 'node:crypto';
import { bytesOfBitString, derItem, membersOf } from '../../../../../shared/features/trust/notation/der.ts';
import type { Issued } from './issued.ts';
import { oid, sequence, tlv } from './stamping.ts';

const ecdsa = sequence(oid('1.2.840.10045.4.3.2'));
const number = (value: number) => tlv(2, Buffer.from([value]));
const nothing = Buffer.alloc(0);

export const timeOf = (time: Date) =>
  tlv(0x18, Buffer.from(`${time.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
export const extension = (id: string, value: Buffer, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [tlv(1, Buffer.from([0xff]))] : []), tlv(4, value));

/** The fields of a certificate's inner part that names of it need. */
function fieldsOf({ der }: Issued) {
  const [tbs] = membersOf(derItem(der));
  const [, serial, , , , subject, key] = tbs === undefined ? [] : membersOf(tbs);
  if (serial === undefined || subject === undefined || key === undefined) throw new Error('no certificate');
  return { serial: serial.whole, subject: subject.whole, key: bytesOfBitString(membersOf(key)[1]) };
}

const signedWith = (tbs: Buffer, { privateKey }: Issued) => [
  tbs,
  ecdsa,
  tlv(3, Buffer.from([0]), sign('sha256', tbs, privateKey)),
];

interface Times {
  readonly from?: Date;
  readonly to?: Date | undefined;
}

const from = new Date('2025-12-01T00:00:00Z');
const to = new Date('2026-02-01T00:00:00Z');

export interface ListShape extends Times {
  readonly revoked?: readonly Issued[];
  /** The extensions of each entry, and of the list. */
  readonly ofEntry?: readonly Buffer[];
  readonly extensions?: readonly Buffer[];
  readonly named?: Issued;
}

/** Makes a list of revoked certificates, by RFC 5280. */
export function listOf(issuer: Issued, shape: ListShape = {}): Buffer {
  const { revoked = [], ofEntry = [], extensions = [] } = shape;
  const until = 'to' in shape ? shape.to : to;
  const entries = revoked.map((each) =>
    sequence(fieldsOf(each).serial, timeOf(from), ofEntry.length === 0 ? nothing : sequence(...ofEntry)),
  );
  const tbs = sequence(
    number(1),
    ecdsa,
    fieldsOf(shape.named ?? issuer).subject,
    timeOf(shape.from ?? from),
    until === undefined ? nothing : timeOf(until),
    entries.length === 0 ? nothing : sequence(...entries),
    extensions.length === 0 ? nothing : tlv(0xa0, sequence(...extensions)),
  );
  return sequence(...signedWith(tbs, issuer));
}

export interface AnswerShape extends Times {
  readonly state?: Buffer;
  readonly about?: Issued;
  readonly signer?: Issued;
  readonly status?: number;
  readonly extensions?: readonly Buffer[];
}

export const states = {
  good: tlv(0x80),
  revoked: tlv(0xa1, timeOf(from)),
  unknown: tlv(0x82),
} as const;

/** Makes the answer of a responder, by RFC 6960. */
export function answerOf(certificate: Issued, issuer: Issued, shape: AnswerShape = {}): Buffer {
  const { state = states.good, signer = issuer, status = 0, extensions = [] } = shape;
  const until = 'to' in shape ? shape.to : to;
  const { subject, key } = fieldsOf(issuer);
  const sha1 = (bytes: Buffer) => tlv(4, createHash('sha1').update(bytes).digest());
  const id = sequence(
    sequence(oid('1.3.14.3.2.26')),
    sha1(subject),
    sha1(key),
    fieldsOf(shape.about ?? certificate).serial,
  );
  const single = sequence(
    id,
    state,
    timeOf(shape.from ?? from),
    until === undefined ? nothing : tlv(0xa0, timeOf(until)),
    extensions.length === 0 ? nothing : tlv(0xa1, sequence(...extensions)),
  );
  const data = sequence(tlv(0xa1, fieldsOf(signer).subject), timeOf(from), sequence(single));
  const certificates = signer === issuer ? nothing : tlv(0xa0, sequence(signer.der));
  const basic = sequence(...signedWith(data, signer), certificates);
  return sequence(tlv(0x0a, Buffer.from([status])), tlv(0xa0, sequence(oid('1.3.6.1.5.5.7.48.1.1'), tlv(4, basic))));
}
