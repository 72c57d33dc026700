import { describe, expect, it } from 'vitest';
import { certificateIn, revocationSourcesOf } from '../../../../../shared/features/trust/notation/certificate.ts';
import type { Revocation, RevocationState } from '../../../../../shared/features/trust/notation/revocation.ts';
import { boundedRevocation } from '../../../../../shared/features/trust/notation/revocation.ts';
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
      return Promise.resolve({ state: 'good' as const });
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
    const revocation = ({ der }: { der: Buffer }) =>
      Promise.resolve({ state: der.equals(middle.der) ? state : ('good' as const) });
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
    expect(await verdictOf(envelope, { authority: trusting([root]), revocation })).toMatchObject({
      reason: expect.stringMatching(/^It is not known/) as string,
      isUnanswered: true,
    });
  });

  it('is asked for again at the first time that an answer names', async () => {
    const until = (day: number) => new Date(Date.UTC(2026, 0, day));
    const revocation = ({ der }: { der: Buffer }) =>
      Promise.resolve({ state: 'good' as const, until: until(der.equals(middle.der) ? 3 : 5) });
    expect(await verdictOf(envelope, { authority: trusting([root]), revocation })).toMatchObject({
      is: 'verified',
      verifyAgainAt: until(3),
    });
  });

  it('is not asked for at the addresses of a signer that nobody trusts', async () => {
    const asked: unknown[] = [];
    const revocation: Revocation = (certificate) => {
      asked.push(certificate);
      return Promise.resolve({ state: 'good' });
    };
    const stranger = await issued({ name: nameOf('stranger') });
    const audit = trusting([stranger], { verification: { level: 'audit' } });
    const outcome = await verdictOf(envelope, { authority: audit, revocation });
    expect([outcome.is, asked]).toEqual(['verified', []]);
    expect(outcome).toMatchObject({
      notes: expect.arrayContaining([expect.stringMatching(/not trusted\.$/)]) as string[],
    });
  });
});

describe('the questions for one image', () => {
  const bounded = (ask: Revocation, elapsed?: () => number) => {
    const asks = boundedRevocation(ask, elapsed);
    return async () => (await asks(certificateIn(leaf.der), certificateIn(middle.der))).state;
  };

  it('are at most forty', async () => {
    let asked = 0;
    const next = bounded(() => Promise.resolve({ state: (asked += 1) > 0 ? ('good' as const) : ('revoked' as const) }));
    for (let n = 0; n < 60; n += 1) await next();
    expect([asked, await next()]).toEqual([40, 'unknown']);
  });

  it('take fifteen seconds and the one question under way', async () => {
    let ms = 0;
    const next = bounded(
      () => {
        ms += 6_000;
        return Promise.resolve({ state: 'good' as const });
      },
      () => ms,
    );
    expect([await next(), await next(), await next(), await next(), ms]).toEqual([
      'good',
      'good',
      'good',
      'unknown',
      18_000,
    ]);
  });
});
