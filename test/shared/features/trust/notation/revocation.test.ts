import { describe, expect, it } from 'vitest';
import { certificateIn, revocationSourcesOf } from '../../../../../shared/features/trust/notation/certificate.ts';
import type { Revocation, RevocationState } from '../../../../../shared/features/trust/notation/revocation.ts';
import { jose, jwsOf } from './envelopes.ts';
import { authorityExtensions, issued, leafExtensions, nameOf } from './issued.ts';
import { reasonOf, trusting, verdictOf } from './judged.ts';
import { listed, revocable } from './revocable.ts';

const root = await issued({ extensions: [...authorityExtensions, listed] });
const middle = await issued({ name: nameOf('middle'), issuer: root, extensions: [...authorityExtensions, listed] });
const leaf = await issued({ name: nameOf('leaf'), issuer: middle, extensions: [...leafExtensions, revocable] });
const envelope = jose(jwsOf({ chain: [leaf, middle, root] }));

describe('revocation', () => {
  it('is asked for at the addresses that a certificate names', () => {
    expect(revocationSourcesOf(certificateIn(leaf.der))).toEqual({ ocsp: ['http://ocsp.example/'], crl: [] });
    expect(revocationSourcesOf(certificateIn(middle.der))).toEqual({ ocsp: [], crl: ['http://crl.example/acme.crl'] });
  });

  it('is asked for each certificate but the root, with its issuer', async () => {
    const asked: Buffer[][] = [];
    const revocation: Revocation = (certificate, issuer) => {
      asked.push([certificate.der, issuer.der]);
      return Promise.resolve('good' as const);
    };
    expect(await verdictOf(envelope, { authority: trusting([root]), revocation })).toMatchObject({
      is: 'verified',
      notes: [],
    });
    expect(asked).toEqual([
      [leaf.der, middle.der],
      [middle.der, root.der],
    ]);
  });

  it.each<[RevocationState, RegExp]>([
    ['revoked', /^The revocation of the certificate "[^"]+CN=middle" is published\.$/],
    ['unknown', /^It is not known whether the certificate "[^"]+CN=middle" is revoked\.$/],
  ])('refuses at strict, is noted at permissive and skipped by an override when it is %s', async (state, fault) => {
    const revocation = ({ der }: { der: Buffer }) => Promise.resolve(der.equals(middle.der) ? state : 'good');
    const judge = (verification: Parameters<typeof trusting>[1]) =>
      verdictOf(envelope, { authority: trusting([root], verification), revocation });
    expect(reasonOf(await judge({}))).toMatch(fault);
    expect(await judge({ verification: { level: 'permissive' } })).toMatchObject({
      notes: [expect.stringMatching(fault)],
    });
    const skipped = await judge({ verification: { level: 'strict', override: { revocation: 'skip' } } });
    expect(skipped).toMatchObject({ is: 'verified', notes: [] });
  });

  it('is unknown where nobody can be asked, and where asking fails', async () => {
    expect(reasonOf(await verdictOf(envelope, { authority: trusting([root]) }))).toMatch(
      /because the registry asks nobody/,
    );
    const revocation = () => Promise.reject(new Error('no answer'));
    expect(reasonOf(await verdictOf(envelope, { authority: trusting([root]), revocation }))).toMatch(
      /^It is not known/,
    );
  });
});
