import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { claimOf, readLeaf } from '../../../../../shared/features/trust/sigstore/certificate.ts';
import { bufferOf, ecKeyPair, issue, spkiOf, startInstance } from './instance.ts';

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Making {
  readonly extensions?: x509.Extension[];
  readonly names?: x509.Extension;
  readonly usage?: x509.Extension[];
}

const codeSigning = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.codeSigning]);
const uri = new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'https://acme.example/ci' }], true);

async function leafOf({ extensions = [], names = uri, usage = [codeSigning] }: Making = {}) {
  const keyPair = ecKeyPair();
  const pkcs8 = keyPair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const made = await x509.X509CertificateGenerator.create(
    {
      subject: '',
      issuer: 'CN=tests',
      publicKey: await webcrypto.subtle.importKey('spki', spkiOf(keyPair), p256, true, ['verify']),
      signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, p256, true, ['sign']),
      signingAlgorithm: p256,
      notBefore: new Date('2030-01-01T00:00:00Z'),
      notAfter: new Date('2030-01-01T00:10:00Z'),
      extensions: [...usage, names, ...extensions],
    },
    webcrypto,
  );
  return readLeaf(Buffer.from(made.rawData));
}

const faultOf = async (making: Making) => {
  const leaf = await leafOf(making);
  return 'fault' in leaf ? leaf.fault : 'none';
};

/** Encodes in DER by hand what the generator would not. */
const der = (tag: number, ...parts: (Buffer | string)[]) => {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, value.length]), value]);
};
const altNames = (...names: Buffer[]) => new x509.Extension('2.5.29.17', true, der(0x30, ...names));
const claim = (number: number, value: Buffer, isCritical = false) =>
  new x509.Extension(`1.3.6.1.4.1.57264.1.${number}`, isCritical, value);

describe("a signer's certificate", () => {
  it('names its identity, its time and its claims', async () => {
    const leaf = await leafOf({
      extensions: [
        claim(1, Buffer.from('old')),
        claim(8, der(0x0c, 'https://new.example')),
        claim(6, Buffer.from('main')),
      ],
    });
    expect(leaf).toMatchObject({
      names: ['https://acme.example/ci'],
      issuer: 'https://new.example',
      notBefore: new Date('2030-01-01T00:00:00Z'),
      notAfter: new Date('2030-01-01T00:10:00Z'),
      thumbprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    if ('fault' in leaf) throw new Error(leaf.fault);
    expect([claimOf(leaf, 'ref'), claimOf(leaf, 'sha')]).toEqual(['main', undefined]);
  });

  it.each([
    ['an e-mail address', altNames(der(0x81, 'a@acme.example')), 'a@acme.example'],
    ['a DNS name', altNames(der(0x82, 'ci.acme.example')), 'ci.acme.example'],
    [
      "a user's name",
      altNames(der(0xa0, der(0x06, Buffer.from('2b0601040183bf300107', 'hex')), der(0xa0, der(0x0c, 'ayşe')))),
      'ayşe',
    ],
  ])('may name %s', async (_, names, name) => {
    expect(await leafOf({ names })).toMatchObject({ names: [name] });
  });

  it('is refused when bytes of its identity would read as others', async () => {
    const disguised = Buffer.from([...Buffer.from('root@acme.example')].map((byte) => byte | 0x80));
    expect(disguised.toString('ascii')).toBe('root@acme.example');
    expect(await faultOf({ names: altNames(der(0x81, disguised)) })).toContain('not printable ASCII');
    expect(await faultOf({ names: altNames(der(0x81, 'a@acme.example\0.evil')) })).toContain('not printable ASCII');
  });

  it('is refused when it names nobody', async () => {
    expect(await faultOf({ names: altNames() })).not.toBe('none');
    expect(await faultOf({ names: altNames(der(0x87, '\x7f\0\0\x01')) })).toContain('names no identity');
  });

  it('is refused when it is made for something else than signing code', async () => {
    expect(await faultOf({ usage: [] })).toContain('codeSigning');
    const servers = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]);
    expect(await faultOf({ usage: [servers] })).toContain('codeSigning');
    const agreement = new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyAgreement, true);
    expect(await faultOf({ usage: [codeSigning, agreement] })).toContain('digitalSignature');
  });

  it("is refused when it is an authority's", async () => {
    const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
    expect(await faultOf({ extensions })).toContain("an authority's own");
    const { ca } = await startInstance();
    expect(readLeaf(bufferOf(ca.rootCertificate))).toEqual({
      fault: "The certificate is an authority's own, and not one of a signer.",
    });
  });

  it('is refused for a critical extension that nobody here understands, as a precertificate has it', async () => {
    const poison = new x509.Extension('1.3.6.1.4.1.11129.2.4.3', true, Buffer.from('0500', 'hex'));
    expect(await faultOf({ extensions: [poison] })).toContain('critical extension 1.3.6.1.4.1.11129.2.4.3');
  });

  it('is refused for an extension that is there twice, and for a claim that is no text', async () => {
    const twice = [claim(8, der(0x0c, 'https://one.example')), claim(8, der(0x0c, 'https://other.example'))];
    expect(await faultOf({ extensions: twice })).not.toBe('none');
    expect(await faultOf({ extensions: [claim(8, der(0x04, 'https://one.example'))] })).toContain('not a UTF-8 text');
  });

  it('is refused when it is truncated, or goes on', async () => {
    const { ca } = await startInstance();
    const { certificate } = await issue(ca);
    expect(readLeaf(certificate)).not.toHaveProperty('fault');
    for (const length of [0, 1, 10, certificate.length - 1])
      expect(readLeaf(certificate.subarray(0, length))).toHaveProperty('fault');
    expect(readLeaf(Buffer.concat([certificate, Buffer.from([0])]))).toHaveProperty('fault');
  });
});
