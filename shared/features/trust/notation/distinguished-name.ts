import type { DerItem } from './der.ts';
import { derItem, membersOfTag, oidOf, tags } from './der.ts';
import { NotationFault } from './fault.ts';

/** The attributes of a subject by their short names in capitals, or by their dotted identifiers. */
export type NameAttributes = ReadonlyMap<string, string>;

export type NameReading =
  { readonly is: 'name'; readonly attributes: NameAttributes } | { readonly is: 'faulty'; readonly why: string };

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.17': 'POSTALCODE',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'EMAILADDRESS',
};
const known = new Set(Object.values(shortNames));
/** Other spellings of the same attributes. */
const aliases: Readonly<Record<string, string>> = { S: 'ST', E: 'EMAILADDRESS' };

const maxTextLength = 2_000;
const maxAttributes = 50;

/**
 * Reads the text of a trusted identity (RFC 4514, with the limits of Notary Project): it must have a country, a state
 * and an organization, and each attribute once.
 */
export function identityIn(text: string): NameReading {
  try {
    if (text.length > maxTextLength) return { is: 'faulty', why: `it is longer than ${maxTextLength} characters` };
    const attributes = collected(partsOf(text));
    const missing = ['C', 'ST', 'O'].filter((each) => !attributes.has(each));
    return missing.length === 0
      ? { is: 'name', attributes }
      : { is: 'faulty', why: `it lacks ${missing.join(', ')}: C, ST and O are needed` };
  } catch (error) {
    return { is: 'faulty', why: error instanceof NotationFault ? error.message : 'it cannot be read' };
  }
}

/** Reads the subject of a certificate, so that it can be compared with trusted identities. */
export function subjectIn(der: Uint8Array): NameReading {
  try {
    const parts = membersOfTag(derItem(der), tags.sequence).map((set): Part => {
      const [only, ...more] = attributesIn(set);
      if (only === undefined || more.length > 0) throw new NotationFault('it has several attributes in one part');
      return only;
    });
    return { is: 'name', attributes: collected(parts) };
  } catch (error) {
    return { is: 'faulty', why: error instanceof NotationFault ? error.message : 'it cannot be read' };
  }
}

/** Says whether every attribute that is wanted is in the subject, with the same value. The order is of no account. */
export function isSubset(wanted: NameAttributes, subject: NameAttributes): boolean {
  return [...wanted].every(([type, value]) => subject.get(type) === value);
}

/** Writes a name for people to read. It is never compared: several names may be written alike. */
export function nameAsText(der: Uint8Array): string {
  try {
    return membersOfTag(derItem(der), tags.sequence)
      .map((set) =>
        attributesIn(set)
          .map(([type, value]) => `${type}=${value.replace(/[\\,;+"]/g, '\\$&')}`)
          .join('+'),
      )
      .join(', ');
  } catch {
    return 'a name that cannot be read';
  }
}

type Part = readonly [type: string, value: string];

function collected(parts: readonly Part[]): NameAttributes {
  const attributes = new Map<string, string>();
  if (parts.length > maxAttributes) throw new NotationFault(`it has more than ${maxAttributes} attributes`);
  for (const [type, value] of parts) {
    if (attributes.has(type)) throw new NotationFault(`it has ${type} twice`);
    attributes.set(type, value);
  }
  return attributes;
}

function attributesIn(set: DerItem): Part[] {
  return membersOfTag(set, tags.set).map((each) => {
    const [type, value] = membersOfTag(each, tags.sequence);
    const oid = oidOf(type);
    return [shortNames[oid] ?? oid, stringOf(value)];
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function stringOf(item: DerItem | undefined): string {
  switch (item?.tag) {
    case tags.utf8String:
      return decoded(item.body);
    case tags.printableString:
    case tags.numericString:
    case tags.ia5String:
    case tags.t61String:
      return item.body.toString('latin1');
    case tags.bmpString:
      return item.body.length % 2 === 0 ? Buffer.from(item.body).swap16().toString('utf16le') : malformed();
    default:
      return malformed();
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return malformed();
  }
}

function malformed(): never {
  throw new NotationFault('it has a value that is no text');
}

const escapable = new Set('"+,;<>\\ #=');
const hexPair = /^[0-9a-fA-F]{2}$/;

/** Parts a name at its commas, each part into type and value. Each character is read once. */
function partsOf(text: string): Part[] {
  const characters = Array.from(text);
  const parts: Part[] = [];
  for (let at = 0; at <= characters.length;) {
    const equals = characters.indexOf('=', at);
    if (equals === -1) throw new NotationFault('it has a part without "="');
    const value = valueAt(characters, equals + 1);
    parts.push([typeIn(characters.slice(at, equals).join('')), value.text]);
    at = value.end + 1;
    if (parts.length > maxAttributes) break;
  }
  return parts;
}

function typeIn(text: string): string {
  const type = text.trim().toUpperCase();
  const name = aliases[type] ?? shortNames[type] ?? type;
  if (!known.has(name) && !/^[0-2](?:\.[0-9]+)+$/.test(name))
    throw new NotationFault('it has an attribute that is not known');
  return name;
}

function valueAt(characters: readonly string[], from: number): { readonly text: string; readonly end: number } {
  const bytes: Buffer[] = [];
  // Spaces around a value are no part of it, unless they are escaped.
  let [at, kept] = [from, 0];
  while (characters[at] === ' ') at += 1;
  if (characters[at] === '#') throw new NotationFault('it has a value in hexadecimal, which is not supported');
  for (; at < characters.length && characters[at] !== ','; at++) {
    const character = characters[at] ?? '';
    if (character === '+')
      throw new NotationFault('it has several attributes in one part; a "+" in a value must be escaped');
    if (character === ';' || character === '"') throw new NotationFault(`it has an unescaped ${character}`);
    if (character !== '\\') bytes.push(Buffer.from(character));
    else {
      const next = characters[at + 1] ?? '';
      const pair = next + (characters[at + 2] ?? '');
      if (!escapable.has(next) && !hexPair.test(pair)) throw new NotationFault('it has an escape that means nothing');
      bytes.push(escapable.has(next) ? Buffer.from(next) : Buffer.from(pair, 'hex'));
      at += escapable.has(next) ? 1 : 2;
    }
    if (character !== ' ') kept = bytes.length;
  }
  const value = decoded(Buffer.concat(bytes.slice(0, kept)));
  if (value === '') throw new NotationFault('it has an attribute without a value');
  return { text: value, end: at };
}
