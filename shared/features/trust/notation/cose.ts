import { encode, Tag } from 'cbor2';
import type { ProtectedHeader } from './attributes.ts';
import { attributesIn, unsignedNames } from './attributes.ts';
import { decodedCbor } from './cbor.ts';
import { maxChain } from './certificates.ts';
import { asBuffer } from './der.ts';
import type { Envelope } from './envelope.ts';
import { NotationFault, shown } from './fault.ts';
import type { SignatureAlgorithm } from './keys.ts';

type Headers = ReadonlyMap<unknown, unknown>;

/** The tag of COSE_Sign1, which has exactly one signature (RFC 9052, section 4.2). */
const sign1 = 18;
const labels = { algorithm: 1, critical: 2, contentType: 3, chain: 33 } as const;
/** The tag of a time in seconds. */
const epoch = 1;

const algorithms: ReadonlyMap<unknown, SignatureAlgorithm> = new Map<unknown, SignatureAlgorithm>([
  [-37, 'PS256'],
  [-38, 'PS384'],
  [-39, 'PS512'],
  [-7, 'ES256'],
  [-35, 'ES384'],
  [-36, 'ES512'],
]);

/** Reads a tagged COSE_Sign1 whose payload it holds itself. */
export function coseIn(bytes: Uint8Array): Envelope {
  const envelope = decodedCbor(bytes, 'The envelope');
  const members: unknown = envelope instanceof Tag && envelope.tag === sign1 ? envelope.contents : undefined;
  if (!Array.isArray(members) || members.length !== 4)
    throw new NotationFault('The envelope is no tagged COSE_Sign1, which has four members.');
  const [protectedMember, unprotected, payload, signature] = members as unknown[];
  const protectedBytes = bytesIn(protectedMember, 'protected header');
  const header = decodedCbor(protectedBytes, 'The protected header');
  if (!(header instanceof Map) || !(unprotected instanceof Map))
    throw new NotationFault('A header of the envelope is no map.');
  checkApart(header, unprotected);
  const payloadBytes = bytesIn(payload, 'payload');
  return {
    algorithm: algorithms.get(header.get(labels.algorithm)) ?? shown(header.get(labels.algorithm)),
    signed: signedBytes(protectedBytes, payloadBytes),
    signature: bytesIn(signature, 'signature'),
    contentType: textIn(header, labels.contentType),
    payload: payloadBytes,
    attributes: attributesIn(headerOf(header)),
    chain: chainOf(header.has(labels.chain) ? header : unprotected),
    timestamp: unprotected.has(unsignedNames.timestamp)
      ? bytesIn(unprotected.get(unsignedNames.timestamp), 'timestamp')
      : undefined,
  };
}

/** The Sig_structure of RFC 9052, section 4.4, over the protected header as it was received. */
function signedBytes(protectedBytes: Uint8Array, payload: Uint8Array): Buffer {
  // The encoder knows plain arrays of bytes alone: a Buffer would become what its JSON is.
  return asBuffer(encode(['Signature1', new Uint8Array(protectedBytes), new Uint8Array(), new Uint8Array(payload)]));
}

/** RFC 9052, section 3: a label stands in one of the two headers, and the list of critical ones in the protected one. */
function checkApart(header: Headers, unprotected: Headers): void {
  for (const label of unprotected.keys())
    if (header.has(label) || label === labels.critical)
      throw new NotationFault(`The parameter ${shown(label)} must not be in the header that is not protected.`);
}

function headerOf(header: Headers): ProtectedHeader {
  const names = new Set<string | number>();
  for (const name of header.keys()) {
    if (typeof name !== 'string' && typeof name !== 'number')
      throw new NotationFault('A label of the protected header is neither a text nor a number.');
    names.add(name);
  }
  return {
    names,
    critical: header.get(labels.critical),
    text: (name) => textIn(header, name),
    time: (name) => timeIn(header, name),
  };
}

function chainOf(header: Headers): Buffer[] {
  const chain = header.get(labels.chain);
  if (!Array.isArray(chain) || chain.length === 0) throw new NotationFault('The envelope has no certificates.');
  if (chain.length > maxChain)
    throw new NotationFault(`The chain has ${chain.length} certificates: at most ${maxChain} are read.`);
  return chain.map((each) => bytesIn(each, 'chain'));
}

function bytesIn(value: unknown, name: string): Buffer {
  if (!(value instanceof Uint8Array) || value.length === 0)
    throw new NotationFault(`The ${name} of the envelope is missing, or is no string of bytes.`);
  return asBuffer(value);
}

function textIn(header: Headers, name: string | number): string {
  const text = header.get(name);
  if (typeof text !== 'string' || text === '')
    throw new NotationFault(`The protected header has no ${shown(name)} that is a text.`);
  return text;
}

function timeIn(header: Headers, name: string): Date {
  const tagged = header.get(name);
  const seconds: unknown = tagged instanceof Tag && tagged.tag === epoch ? tagged.contents : undefined;
  const time = typeof seconds === 'number' ? new Date(seconds * 1000) : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new NotationFault(`The signed attribute ${name} is no time in seconds.`);
  return time;
}
