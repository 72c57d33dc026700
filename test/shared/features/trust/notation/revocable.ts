import { Extension } from './issued.ts';
import { oid, sequence, tlv } from './stamping.ts';

const uri = (text: string) => tlv(0x86, Buffer.from(text));
const plain = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

/** Names an OCSP responder (RFC 5280, section 4.2.2.1). */
export const revocableAt = (url: string) =>
  new Extension('1.3.6.1.5.5.7.1.1', false, plain(sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), uri(url)))));

/** Names a list of revoked certificates (RFC 5280, section 4.2.1.13). */
export const listedAt = (url: string) =>
  new Extension('2.5.29.31', false, plain(sequence(sequence(tlv(0xa0, tlv(0xa0, uri(url)))))));

export const revocable = revocableAt('http://ocsp.example/');
export const listed = listedAt('http://crl.example/acme.crl');
