import type { ProtectedHeader } from './attributes.ts';
import { attributesIn, unsignedNames } from './attributes.ts';
import { maxChain } from './certificates.ts';
import type { Envelope } from './envelope.ts';
import { NotationFault, shown } from './fault.ts';
import { isObject, strictJson } from './strict-json.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a JWS in the flattened JSON serialization, which has exactly one signature. The compact form and the general
 * one, which may have several, are refused, and so is a payload that lies elsewhere.
 */
export function jwsIn(bytes: Uint8Array): Envelope {
  const jws = strictJson(bytes, 'The envelope');
  if (!isObject(jws)) throw new NotationFault('The envelope is no JWS in the flattened JSON serialization.');
  if (Object.hasOwn(jws, 'signatures'))
    throw new NotationFault('The envelope is a JWS with a list of signatures: exactly one signature is allowed.');
  const [protectedText, payloadText] = [textIn(jws, 'protected'), textIn(jws, 'payload')];
  const protectedHeader = strictJson(base64url(protectedText, 'protected'), 'The protected header');
  const header = jws['header'];
  if (!isObject(protectedHeader)) throw new NotationFault('The protected header is no object.');
  if (!isObject(header)) throw new NotationFault('The envelope has no header with its certificates.');
  checkApart(protectedHeader, header);
  return {
    algorithm: textIn(protectedHeader, 'alg'),
    signed: Buffer.from(`${protectedText}.${payloadText}`, 'latin1'),
    signature: base64url(textIn(jws, 'signature'), 'signature'),
    contentType: textIn(protectedHeader, 'cty'),
    payload: base64url(payloadText, 'payload'),
    attributes: attributesIn(headerOf(protectedHeader)),
    chain: chainOf(header),
    timestamp: Object.hasOwn(header, unsignedNames.timestamp)
      ? base64(header[unsignedNames.timestamp], unsignedNames.timestamp)
      : undefined,
  };
}

/** RFC 7515, section 4: a name stands in one of the two headers, and `crit` in the protected one. */
function checkApart(protectedHeader: Json, header: Json): void {
  const twice = Object.keys(header).find((each) => each === 'crit' || Object.hasOwn(protectedHeader, each));
  if (twice !== undefined)
    throw new NotationFault(`The parameter ${shown(twice)} must not be in the header that is not protected.`);
}

function headerOf(header: Json): ProtectedHeader {
  return {
    names: new Set(Object.keys(header)),
    critical: header['crit'],
    text: (name) => textIn(header, name),
    time: (name) => timeIn(header, name),
  };
}

function chainOf(header: Json): Buffer[] {
  const chain = header['x5c'];
  if (!Array.isArray(chain) || chain.length === 0) throw new NotationFault('The envelope has no certificates.');
  if (chain.length > maxChain)
    throw new NotationFault(`The chain has ${chain.length} certificates: at most ${maxChain} are read.`);
  return chain.map((each) => base64(each, 'x5c'));
}

function textIn(object: Json, name: string): string {
  const text = Object.hasOwn(object, name) ? object[name] : undefined;
  if (typeof text !== 'string' || text === '') throw new NotationFault(`The envelope has no ${name} that is a text.`);
  return text;
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function timeIn(header: Json, name: string): Date {
  const text = textIn(header, name);
  const time = text.length <= 40 && rfc3339.test(text) ? new Date(text.toUpperCase()) : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new NotationFault(`The signed attribute ${name} is no time in RFC 3339.`);
  return time;
}

/** Decodes base64url without padding; a spelling that is not the only one of its bytes is refused. */
function base64url(text: string, name: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new NotationFault(`The member ${name} is no base64url.`);
  return bytes;
}

function base64(text: unknown, name: string): Buffer {
  if (typeof text !== 'string') throw new NotationFault(`The parameter ${name} is no base64.`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new NotationFault(`The parameter ${name} is no base64.`);
  return bytes;
}
