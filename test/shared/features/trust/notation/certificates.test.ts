import { describe, expect, it } from 'vitest';
import { certificateIn, revocationSourcesOf } from '../../../../../shared/features/trust/notation/certificate.ts';
import type { Purpose } from '../../../../../shared/features/trust/notation/certificates.ts';
import { chainIn, checkChain } from '../../../../../shared/features/trust/notation/certificates.ts';
import type { CertificateShape, Extension, Issued } from './issued.ts';
import {
  authorityExtensions,
  chainOfTwo,
  constraints,
  issued,
  KeyUsageFlags,
  leafExtensions,
  nameOf,
  purposes,
  stampingExtensions,
  timeStamping,
  usage,
} from './issued.ts';

function faultOf(chain: readonly Issued[], purpose: Purpose = 'code signing'): string {
  try {
    checkChain(chainIn(chain.map(({ der }) => der)), purpose);
    return 'none';
  } catch (error) {
    return String(error);
  }
}

const { digitalSignature, keyCertSign } = KeyUsageFlags;

async function leafFault(extensions: readonly Extension[], shape: CertificateShape = {}): Promise<string> {
  return faultOf(await chainOfTwo({ extensions, ...shape }));
}

describe('a chain', () => {
  it('is allowed from leaf to root, over authorities', async () => {
    const root = await issued();
    const middle = await issued({ name: nameOf('middle'), issuer: root, extensions: authorityExtensions });
    const leaf = await issued({ name: nameOf('leaf'), issuer: middle });
    expect(faultOf([leaf, middle, root])).toBe('none');
    expect(faultOf([leaf, root, middle])).toMatch(/is not issued by the next one/);
    expect(faultOf([leaf, middle])).toMatch(/does not end in a self-signed root/);
    expect(faultOf([leaf, root])).toMatch(/is not issued by the next one/);
    expect(faultOf([leaf, middle, root, root])).toMatch(/is self-signed, but is not the last/);
    expect(faultOf([leaf, middle, middle, root])).toMatch(/is not issued by the next one/);
    expect(faultOf([root, leaf])).not.toBe('none');
    expect(faultOf([])).toMatch(/no certificates/);
  });

  it('is refused where an authority has the right name and another key', async () => {
    const [leaf] = await chainOfTwo();
    expect(faultOf([leaf, await issued()])).toMatch(/is not issued by the next one/);
  });

  it('may be one self-signed certificate, by the rules of a leaf', async () => {
    expect(faultOf([await issued({ extensions: leafExtensions })])).toBe('none');
    expect(faultOf([await issued({ extensions: [usage(digitalSignature)] })])).toBe('none');
    expect(faultOf([await issued()])).toMatch(/is one of a certificate authority/);
  });

  it('is refused where a certificate is signed with SHA-1', async () => {
    const sha1 = await chainOfTwo({ hash: 'SHA-1' });
    expect(faultOf(sha1)).toMatch(/only RSA and ECDSA with SHA-256, SHA-384 or SHA-512/);
    const root = await issued({ hash: 'SHA-1' });
    expect(faultOf([await issued({ name: nameOf('leaf'), issuer: root }), root])).toMatch(/only RSA and ECDSA/);
  });

  it('is refused with keys that are weak or of another type', async () => {
    expect(faultOf(await chainOfTwo({ key: 'RSA 1024' }))).toMatch(/a key that is too weak/);
    expect(faultOf(await chainOfTwo({ key: 'Ed25519' }))).toMatch(/of a type that is not allowed/);
    const root = await issued({ key: 'RSA 1024' });
    expect(faultOf([await issued({ name: nameOf('leaf'), issuer: root }), root])).toMatch(/a key that is too weak/);
  });

  it('honours the length of the path that an authority allows', async () => {
    const root = await issued({ extensions: [constraints(true, 0), usage(keyCertSign)] });
    const middle = await issued({ name: nameOf('middle'), issuer: root, extensions: authorityExtensions });
    expect(faultOf([await issued({ name: nameOf('leaf'), issuer: root }), root])).toBe('none');
    const leaf = await issued({ name: nameOf('leaf'), issuer: middle });
    expect(faultOf([leaf, middle, root])).toMatch(/allows a shorter chain/);
  });

  it.each([
    ['has no constraints', [usage(keyCertSign)], /is none of a certificate authority/],
    ['is marked as none', [constraints(false), usage(keyCertSign)], /is none of a certificate authority/],
    ['has constraints that are not critical', [constraints(true, undefined, false), usage(keyCertSign)], /is none of/],
    ['has no key usage', [constraints(true)], /has no key usage/],
    ['has a key usage that is not critical', [constraints(true), usage(keyCertSign, false)], /not marked critical/],
    ['may not sign certificates', [constraints(true), usage(digitalSignature)], /lacks the key usage keyCertSign/],
  ])('is refused where its authority %s', async (_, extensions, fault) => {
    const root = await issued({ extensions });
    expect(faultOf([await issued({ name: nameOf('leaf'), issuer: root }), root])).toMatch(fault);
  });
});

describe('the leaf that signs code', () => {
  it('needs the key usage digitalSignature, critical, and nothing else that could encrypt or certify', async () => {
    expect(await leafFault([])).toMatch(/has no key usage/);
    expect(await leafFault([usage(digitalSignature, false)])).toMatch(/not marked critical/);
    expect(await leafFault([usage(KeyUsageFlags.nonRepudiation)])).toMatch(/lacks the key usage digitalSignature/);
    const { keyEncipherment, dataEncipherment, keyAgreement, cRLSign, encipherOnly, decipherOnly } = KeyUsageFlags;
    for (const each of [
      keyEncipherment,
      dataEncipherment,
      keyAgreement,
      keyCertSign,
      cRLSign,
      encipherOnly,
      decipherOnly,
    ])
      expect(await leafFault([usage(digitalSignature | each)])).toMatch(/a key usage that is not allowed/);
    expect(await leafFault([usage(digitalSignature | KeyUsageFlags.nonRepudiation)])).toBe('none');
  });

  it('may have extended key usages, but none of those of servers, mail and time', async () => {
    const signs = usage(digitalSignature);
    expect(await leafFault([signs])).toBe('none');
    expect(await leafFault([signs, purposes(['1.3.6.1.5.5.7.3.3', '1.2.3.4'], true)])).toBe('none');
    for (const each of ['2.5.29.37.0', '1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4', timeStamping])
      expect(await leafFault([signs, purposes(['1.3.6.1.5.5.7.3.3', each])])).toMatch(/not allowed to sign code/);
  });

  it('is none of an authority', async () => {
    expect(await leafFault([constraints(false), usage(digitalSignature)])).toBe('none');
    expect(await leafFault([constraints(true), usage(digitalSignature)])).toMatch(/is one of a certificate authority/);
  });
});

describe('the leaf that stamps time', () => {
  it('has that as its only purpose, marked critical', async () => {
    const fault = async (extensions: readonly Extension[]) =>
      faultOf(await chainOfTwo({ extensions }), 'time-stamping');
    expect(await fault(stampingExtensions)).toBe('none');
    expect(await fault([usage(digitalSignature, false), purposes([timeStamping], true)])).toBe('none');
    expect(await fault([usage(digitalSignature), purposes([timeStamping])])).toMatch(/marked critical/);
    expect(await fault([usage(digitalSignature), purposes([timeStamping, '1.2.3'], true)])).toMatch(/only extended/);
    expect(await fault([usage(digitalSignature)])).toMatch(/only extended/);
  });
});

describe('a certificate', () => {
  it('is refused in other encodings than DER, and where it goes on', async () => {
    const { der } = await issued();
    expect(() => certificateIn(Buffer.concat([der, Buffer.from([0])]))).toThrow(/followed by other bytes/);
    expect(() => certificateIn(der.subarray(0, -1))).toThrow(/cut off/);
    expect(() => certificateIn(Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4)]))).toThrow(/indefinite/);
    expect(() => certificateIn(Buffer.alloc(70_000, 0x30))).toThrow(/more than 65536 bytes/);
  });

  it('is refused with an extension twice, of which each reader would take another one', async () => {
    const twice = await issued({ extensions: [usage(digitalSignature), usage(keyCertSign)] });
    expect(() => certificateIn(twice.der)).toThrow(/the extension 2\.5\.29\.15 twice/);
  });

  it('names the addresses for revocation, or none', async () => {
    expect(revocationSourcesOf(certificateIn((await issued()).der))).toEqual({ ocsp: [], crl: [] });
  });
});
