import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BytesRequest } from '../../../../../shared/features/trust/notation/ask-revocation.ts';
import { revocationOver } from '../../../../../shared/features/trust/notation/ask-revocation.ts';
import { certificateIn } from '../../../../../shared/features/trust/notation/certificate.ts';
import type { CertificateShape } from './issued.ts';
import {
  authorityExtensions,
  Extension,
  issued,
  KeyUsageFlags,
  leafExtensions,
  nameOf,
  purposes,
  usage,
} from './issued.ts';
import { now } from './judged.ts';
import { listed, revocable, revocableAt } from './revocable.ts';
import { answerOf, extension, listOf, states, timeOf } from './revoking.ts';
import { oid, sequence, tlv } from './stamping.ts';

const root = await issued();
const other = await issued({ name: nameOf('other') });
const leaf = await issued({ name: nameOf('leaf'), issuer: root, extensions: [...leafExtensions, revocable, listed] });
const [url, list] = ['http://ocsp.example/', 'http://crl.example/acme.crl'];
const signedAt = new Date('2025-06-01T00:00:00Z');
const later = extension('2.5.29.24', timeOf(new Date('2025-07-01T00:00:00Z')));
const earlier = extension('2.5.29.24', timeOf(new Date('2025-05-01T00:00:00Z')));

/** Asks with these answers by address; an address without one fails. */
async function stateWith(answers: Readonly<Record<string, Uint8Array>>, at?: Date, requests: BytesRequest[] = []) {
  const ask = revocationOver(
    (request) => {
      requests.push(request);
      const answer = answers[request.url];
      return answer === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(answer);
    },
    { now: () => now },
  );
  return (await ask(certificateIn(leaf.der), certificateIn(root.der), at)).state;
}

describe('asking for revocation', () => {
  it('asks the responder first, by a question about the certificate, with bounds', async () => {
    const requests: BytesRequest[] = [];
    expect(await stateWith({ [url]: answerOf(leaf, root), [list]: listOf(root) }, undefined, requests)).toBe('good');
    expect(requests).toMatchObject([{ url, method: 'POST', timeoutMs: 2_000, mostBytes: 65_536 }]);
    const asked = Buffer.from(requests[0]?.body ?? []).toString('hex');
    expect(asked).toContain(certificateIn(leaf.der).serial.toString('hex'));
  });

  it('asks for the list when the responder does not answer, or knows nothing', async () => {
    expect(await stateWith({ [list]: listOf(root) })).toBe('good');
    expect(await stateWith({ [list]: listOf(root, { revoked: [leaf] }) })).toBe('revoked');
    const nothing = answerOf(leaf, root, { state: states.unknown });
    expect(await stateWith({ [url]: nothing, [list]: listOf(root, { revoked: [leaf] }) })).toBe('revoked');
  });

  it('knows nothing when nobody answers', async () => {
    expect(await stateWith({})).toBe('unknown');
  });

  it('does not let a list that is older hide what the responder says', async () => {
    const revoked = answerOf(leaf, root, { state: states.revoked });
    expect(await stateWith({ [url]: revoked, [list]: listOf(root) }, signedAt)).toBe('revoked');
  });
});

describe("a responder's answer", () => {
  const answered = (shape: Parameters<typeof answerOf>[2], at?: Date) =>
    stateWith({ [url]: answerOf(leaf, root, shape) }, at);

  it('counts as it says', async () => {
    expect(await answered({ state: states.revoked })).toBe('revoked');
    expect(await answered({ state: states.unknown })).toBe('unknown');
  });

  it('does no harm when the key was lost after the signature was made', async () => {
    const { revoked } = states;
    expect(await answered({ state: revoked, extensions: [later] }, signedAt)).toBe('good');
    expect(await answered({ state: revoked, extensions: [earlier] }, signedAt)).toBe('revoked');
    expect(await answered({ state: revoked, extensions: [later] })).toBe('revoked');
  });

  it('counts for nothing when it is of another time, certificate, signer or kind', async () => {
    const past = new Date('2025-12-31T23:59:59Z');
    expect(await answered({ to: past })).toBe('unknown');
    expect(await answered({ to: undefined })).toBe('unknown');
    expect(await answered({ from: new Date('2026-01-02T00:00:00Z') })).toBe('unknown');
    expect(await answered({ about: other })).toBe('unknown');
    expect(await answered({ signer: other })).toBe('unknown');
    expect(await answered({ status: 3 })).toBe('unknown');
    expect(await answered({ signer: { ...root, privateKey: other.privateKey } })).toBe('unknown');
  });

  it('may be signed by a responder that the issuer has certified for that alone', async () => {
    const noCheck = new Extension('1.3.6.1.5.5.7.48.1.5', false, new Uint8Array([5, 0]).buffer);
    const signs = [usage(KeyUsageFlags.digitalSignature), purposes(['1.3.6.1.5.5.7.3.9'])];
    const by = async (shape: CertificateShape) =>
      answered({
        signer: await issued({ name: nameOf('responder'), issuer: root, extensions: [...signs, noCheck], ...shape }),
      });
    expect(await by({})).toBe('good');
    expect(await by({ extensions: signs })).toBe('unknown');
    expect(await by({ extensions: [usage(KeyUsageFlags.digitalSignature), noCheck] })).toBe('unknown');
    expect(await by({ issuer: other })).toBe('unknown');
    expect(await by({ notAfter: new Date('2025-12-31T00:00:00Z') })).toBe('unknown');
  });
});

describe('a list of revoked certificates', () => {
  const byList = (shape: Parameters<typeof listOf>[1], at?: Date, by = root) =>
    stateWith({ [list]: listOf(by, shape) }, at);

  it('does no harm when the key was lost after the signature was made', async () => {
    expect(await byList({ revoked: [leaf], ofEntry: [later] }, signedAt)).toBe('good');
    expect(await byList({ revoked: [leaf], ofEntry: [earlier] }, signedAt)).toBe('revoked');
    expect(await byList({ revoked: [leaf], ofEntry: [later] })).toBe('revoked');
  });

  it('counts for nothing when it is of another time or issuer', async () => {
    expect(await byList({ to: new Date('2025-12-31T00:00:00Z') })).toBe('unknown');
    expect(await byList({ to: undefined })).toBe('unknown');
    expect(await byList({ from: new Date('2026-01-02T00:00:00Z') })).toBe('unknown');
    expect(await byList({}, undefined, other)).toBe('unknown');
    expect(await byList({ named: root }, undefined, other)).toBe('unknown');
  });

  it('must be for this address and kind of certificate where it is for some', async () => {
    const point = (...members: Buffer[]) => extension('2.5.29.28', sequence(...members), true);
    const at = (text: string) => tlv(0xa0, tlv(0xa0, tlv(0x86, Buffer.from(text))));
    const yes = Buffer.from([0xff]);
    expect(await byList({ extensions: [point(at(list))] })).toBe('good');
    expect(await byList({ extensions: [point(at('http://crl.example/other.crl'))] })).toBe('unknown');
    expect(await byList({ extensions: [point(tlv(0x81, yes))] })).toBe('good');
    expect(await byList({ extensions: [point(tlv(0x82, yes))] })).toBe('unknown');
    expect(await byList({ extensions: [point(tlv(0x84, yes))] })).toBe('unknown');
  });

  it('counts for nothing when it is a part of another one, or says what is not known', async () => {
    expect(await byList({ extensions: [extension('2.5.29.27', tlv(2, Buffer.from([1])), true)] })).toBe('unknown');
    expect(await byList({ extensions: [extension('2.5.29.27', tlv(2, Buffer.from([1])))] })).toBe('unknown');
    expect(await byList({ extensions: [extension('1.2.3.4', oid('1.2.3'), true)] })).toBe('unknown');
    expect(await byList({ extensions: [extension('1.2.3.4', oid('1.2.3'))] })).toBe('good');
  });

  it('is not enough where a second one has what is newer, unless it says revoked itself', async () => {
    const extensions = [extension('2.5.29.46', sequence())];
    expect(await byList({ extensions })).toBe('unknown');
    expect(await byList({ extensions, revoked: [leaf] })).toBe('revoked');
  });

  it('is not asked of an issuer that may not sign lists', async () => {
    const silent = await issued({ extensions: [...authorityExtensions.slice(0, 1), usage(KeyUsageFlags.keyCertSign)] });
    const ask = revocationOver(() => Promise.resolve(listOf(silent)), { now: () => now });
    const own = await issued({ name: nameOf('own'), issuer: silent, extensions: [...leafExtensions, listed] });
    expect((await ask(certificateIn(own.der), certificateIn(silent.der))).state).toBe('unknown');
  });
});

describe('what was answered', () => {
  /** Answers by address, at a clock that moves. */
  function responder(answers: Record<string, () => Uint8Array>) {
    const clock = { at: now.getTime(), now: () => new Date(clock.at) };
    const asked: string[] = [];
    const ask = revocationOver((request) => {
      asked.push(request.url);
      const answer = answers[request.url];
      return answer === undefined ? Promise.reject(new Error('a wall')) : Promise.resolve(answer());
    }, clock);
    const of = (certificate = leaf, issuer = root) => ask(certificateIn(certificate.der), certificateIn(issuer.der));
    return { asked, clock, of };
  }

  it('is kept until the time that it names, and no longer', async () => {
    const to = new Date(now.getTime() + 3_600_000);
    const { asked, clock, of } = responder({ [url]: () => answerOf(leaf, root, { to }) });
    expect([await of(), await of()]).toMatchObject([
      { state: 'good', until: to },
      { state: 'good', until: to },
    ]);
    expect(asked).toEqual([url]);
    clock.at = to.getTime() + 1_000;
    expect((await of()).state).toBe('unknown');
    expect(asked).toEqual([url, url, list]);
  });

  it('is kept for half a day at most', async () => {
    const { asked, clock, of } = responder({ [url]: () => answerOf(leaf, root) });
    await of();
    clock.at += 12 * 3_600_000;
    await of();
    expect(asked).toEqual([url, url]);
  });

  it('is asked for once by many at once, and a failure is not repeated for a minute', async () => {
    const { asked, clock, of } = responder({});
    const found = await Promise.all([of(), of(), of()]);
    expect(asked).toEqual([url, list]);
    expect(found[0]).toMatchObject({ state: 'unknown', why: 'crl.example gives no answer: a wall' });
    clock.at += 60_000;
    await of();
    expect(asked).toEqual([url, list, url, list]);
  });

  it('counts for no certificate of another issuer, and of no other serial number', async () => {
    const twin = await issued({ name: nameOf('leaf'), issuer: other, extensions: [...leafExtensions, revocable] });
    const sibling = await issued({ name: nameOf('leaf'), issuer: root, extensions: [...leafExtensions, revocable] });
    const { of } = responder({ [url]: () => answerOf(leaf, root) });
    expect((await of()).state).toBe('good');
    expect([(await of(twin, other)).state, (await of(sibling)).state]).toEqual(['unknown', 'unknown']);
  });

  it('is not asked at an address that is no address of the web, or is too long', async () => {
    for (const strange of [
      'ldap://crl.example/',
      'file:///etc/passwd',
      'http://',
      `http://a.example/${'a'.repeat(2_048)}`,
    ]) {
      const own = await issued({
        name: nameOf('own'),
        issuer: root,
        extensions: [...leafExtensions, revocableAt(strange)],
      });
      const { asked, of } = responder({});
      expect([await of(own), asked]).toEqual([{ state: 'unknown', why: 'it names no address that can be asked' }, []]);
    }
  });
});

describe('an answer about revocation', () => {
  it('is never good when a byte of it is changed', async () => {
    const sources = [
      [url, answerOf(leaf, root, { state: states.revoked })],
      [list, listOf(root, { revoked: [leaf] })],
    ] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sources),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async ([from, bytes], place, bits) => {
          const changed = Buffer.from(bytes);
          const at = place % bytes.length;
          changed[at] = (changed[at] ?? 0) ^ bits;
          expect(await stateWith({ [from]: changed })).not.toBe('good');
        },
      ),
      { numRuns: 400 },
    );
  });
});
