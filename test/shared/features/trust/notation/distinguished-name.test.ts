import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificateIn } from '../../../../../shared/features/trust/notation/certificate.ts';
import type { NameReading } from '../../../../../shared/features/trust/notation/distinguished-name.ts';
import {
  identityIn,
  isSubset,
  nameAsText,
  subjectIn,
} from '../../../../../shared/features/trust/notation/distinguished-name.ts';
import { issued } from './issued.ts';

const attributesOf = (reading: NameReading) =>
  reading.is === 'name' ? Object.fromEntries(reading.attributes) : reading.why;
const read = (text: string) => attributesOf(identityIn(text));
const own = (more: object) => ({ C: 'US', ST: 'WA', O: 'acme', ...more });

describe('a trusted identity', () => {
  it('is read in any order, with S for ST, and with types in any case', () => {
    expect(read('C=US, ST=WA, O=acme')).toEqual(own({}));
    expect(read('o=acme,s=WA,  c=US ,CN=signer')).toEqual(own({ CN: 'signer' }));
    expect(read('C=US,ST=WA,O=acme,1.2.3.4=x')).toEqual(own({ '1.2.3.4': 'x' }));
    expect(read('C=US,ST=WA,O=acme,2.5.4.3=signer')).toEqual(own({ CN: 'signer' }));
  });

  it('has escapes, of which spaces at the ends are part of the value', () => {
    expect(read('C=US,ST=WA,O=acme\\, Inc\\; \\"x\\" \\\\ \\+\\#')).toEqual(own({ O: 'acme, Inc; "x" \\ +#' }));
    expect(read('C=US,ST=WA,O=\\ acme\\ ')).toEqual(own({ O: ' acme ' }));
    expect(read('C=US,ST=WA,O=  acme  ')).toEqual(own({ O: 'acme' }));
    expect(read('C=US,ST=WA,O=M\\C3\\BCller')).toEqual(own({ O: 'Müller' }));
    expect(read('C=US,ST=WA,O=a=b')).toEqual(own({ O: 'a=b' }));
  });

  it.each([
    ['C=US,ST=WA', 'it lacks O: C, ST and O are needed'],
    ['', 'it has a part without "="'],
    ['C=US,ST=WA,O=acme,', 'it has a part without "="'],
    ['C=US,ST=WA,O=acme,C=DE', 'it has C twice'],
    ['C=US,ST=WA,S=OR,O=acme', 'it has ST twice'],
    ['C=US,ST=WA,O=acme+OU=x', 'it has several attributes in one part; a "+" in a value must be escaped'],
    ['C=US,ST=WA,O=acme;CN=x', 'it has an unescaped ;'],
    ['C=US,ST=WA,O="acme"', 'it has an unescaped "'],
    ['C=US,ST=WA,O=#0403', 'it has a value in hexadecimal, which is not supported'],
    ['C=US,ST=WA,O=', 'it has an attribute without a value'],
    ['C=US,ST=WA,O=acme,XX=1', 'it has an attribute that is not known'],
    ['C=US,ST=WA,O=acme\\x', 'it has an escape that means nothing'],
    ['C=US,ST=WA,O=acme\\FF', 'it has a value that is no text'],
    [`C=US,ST=WA,O=${'a'.repeat(2_000)}`, 'it is longer than 2000 characters'],
  ])('is refused when it is %j', (text, why) => {
    expect(read(text)).toBe(why);
  });

  it('gives back every value that is escaped as RFC 4514 says', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }), (value) => {
        const text = value.replace(/[\\,;+"#<>]/g, '\\$&').replace(/^ | $/g, '\\ ');
        expect(read(`C=US,CN=${text},ST=WA,O=acme`)).toEqual(own({ CN: value }));
      }),
    );
  });

  it('never throws, and takes the same time for each character', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (text) => {
        expect(['name', 'faulty']).toContain(identityIn(text).is);
      }),
    );
  });
});

describe("a certificate's subject", () => {
  const subjectOf = async (name: Parameters<typeof issued>[0]) => certificateIn((await issued(name)).der).subject;

  it('contains an identity when it has each of its attributes with that value', async () => {
    const der = await subjectOf({ name: [{ CN: ['signer'] }, { O: ['acme'] }, { ST: ['WA'] }, { C: ['US'] }] });
    const subject = subjectIn(der);
    const contains = (text: string) => {
      const wanted = identityIn(text);
      return wanted.is === 'name' && subject.is === 'name' && isSubset(wanted.attributes, subject.attributes);
    };
    expect(contains('C=US,S=WA,O=acme')).toBe(true);
    expect(contains('O=acme,C=US,ST=WA,CN=signer')).toBe(true);
    expect(contains('C=US,ST=WA,O=acme,L=Seattle')).toBe(false);
    expect(contains('C=US,ST=WA,O=Acme')).toBe(false);
    expect(nameAsText(der)).toBe('CN=signer, O=acme, ST=WA, C=US');
  });

  it('is compared by its parts, so that a value cannot pretend to be several', async () => {
    const der = await subjectOf({ name: [{ C: ['US'] }, { ST: ['WA'] }, { O: ['evil, O=acme'] }] });
    expect(attributesOf(subjectIn(der))).toEqual(own({ O: 'evil, O=acme' }));
    expect(nameAsText(der)).toBe('C=US, ST=WA, O=evil\\, O=acme');
  });

  it('is not compared when a part has several attributes, or an attribute stands twice', async () => {
    const several = await subjectOf({ name: [{ C: ['US'] }, { ST: ['WA'] }, { O: ['acme'], CN: ['x'] }] });
    expect(attributesOf(subjectIn(several))).toBe('it has several attributes in one part');
    const twice = await subjectOf({ name: [{ C: ['US'] }, { ST: ['WA'] }, { O: ['acme'] }, { O: ['evil'] }] });
    expect(attributesOf(subjectIn(twice))).toBe('it has O twice');
  });

  it('never throws for other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(['name', 'faulty']).toContain(subjectIn(bytes).is);
        expect(typeof nameAsText(bytes)).toBe('string');
      }),
    );
  });
});
