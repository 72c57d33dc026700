import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { startReceiver } from '../../core/http/receiver.ts';
import { makeImage } from '../../image.ts';
import { heldWorld, manage } from '../verdicts/held.ts';
import { jose, jwsOf, payloadOf } from './notation/envelopes.ts';
import type { Issued } from './notation/issued.ts';
import { issued, leafExtensions, nameOf } from './notation/issued.ts';
import { listedAt, revocableAt } from './notation/revocable.ts';
import { answerOf, listOf, states } from './notation/revoking.ts';
import { notarized } from './signing.ts';

const image = makeImage('to be signed by a certificate');
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const hourMs = 3_600_000;
type Answering = (response: ServerResponse, certificate: Issued, root: Issued) => void;

const good: Answering = (response, certificate, root) => void response.end(answerOf(certificate, root));
const revoked: Answering = (response, certificate, root) =>
  void response.end(answerOf(certificate, root, { state: states.revoked }));
const down: Answering = (response) => void response.writeHead(503).end();

/** A registry whose policy trusts the root of a signer, and a responder that answers as a test says. */
async function signedImage(verification: object = { level: 'strict' }, named = 'ocsp') {
  let [answer, asked] = [good, 0];
  const root = await issued();
  const responder = await startReceiver((request, response) => {
    request.resume();
    asked += 1;
    answer(response, leaf, root);
  });
  ends.push(() => responder.stop());
  const url = `http://127.0.0.1:${responder.port}/`;
  const source = named === 'ocsp' ? revocableAt(url) : listedAt(url);
  const leaf = await issued({ name: nameOf('signer'), issuer: root, extensions: [...leafExtensions, source] });
  const world = await heldWorld();
  const trustStores = { ca: { acme: [root.pem] } };
  await manage(world, 'PUT', '/trust/policies/signed', {
    mode: 'enforce',
    notation: [{ name: 'acme', verification, trustStores, trustedIdentities: ['*'] }],
  });
  const { digest, mediaType, bytes } = image;
  const payload = payloadOf({ digest, mediaType, size: bytes.length });
  const signature = notarized(jose(jwsOf({ chain: [leaf, root], payload })), image);
  const verdict = () =>
    manage<{ judgements: { state: string; reasons: string[]; evidence: string[]; dueAt?: string }[] }>(
      world,
      'GET',
      '/images/verdict?repository=team%2Fapp&reference=v1',
    ).then(({ judgements: [first] }) => first);
  return {
    ...world,
    verdict,
    asked: () => asked,
    answers: (by: Answering) => (answer = by),
    async sign() {
      await world.push('team/app', 'v1', image);
      await world.push('team/app', signature.digest, signature);
    },
    status: async () => (await world.pull(world.puller, 'team/app', 'v1')).status,
    /** Lets time pass, and the timer run. */
    async later(ms: number) {
      world.clock.pass(ms);
      await world.timers['verdicts-judge-due']();
    },
  };
}

describe('a signature whose certificate names a responder', () => {
  it('counts while the responder says that it is good', async () => {
    const one = await signedImage();
    await one.sign();
    expect([await one.status(), one.asked()]).toEqual([200, 1]);
  });

  it('counts while the list of its issuer does not have it', async () => {
    const one = await signedImage({ level: 'strict' }, 'list');
    one.answers((response, _, root) => void response.end(listOf(root)));
    await one.sign();
    expect(await one.status()).toBe(200);
  });

  it('does not count when it is revoked, and the reason says so', async () => {
    const one = await signedImage();
    one.answers(revoked);
    await one.sign();
    expect([await one.status(), (await one.verdict())?.reasons[1]]).toEqual([
      403,
      expect.stringMatching(/^The revocation of the certificate ".*" is published\.$/),
    ]);
  });

  it.each<[string, Answering, RegExp]>([
    ['is down', down, /127\.0\.0\.1:\d+ gives no answer: .*it answered 503\.$/],
    ['lies', (response) => void response.end('good'), /gives no answer/],
    [
      'answers without end',
      (response) => void response.write('x'.repeat(100_000)),
      /gives no answer: .*larger than 65536/,
    ],
    ['leads elsewhere', (response) => void response.writeHead(307, { location: '/' }).end(), /it answered 307\.$/],
    ['says nothing', () => undefined, /no answer in 2000 ms\.$/],
  ])('fails, and is not called revoked, when the responder %s', async (_, answering, reason) => {
    const one = await signedImage();
    one.answers(answering);
    await one.sign();
    const verdict = await one.verdict();
    expect([await one.status(), verdict?.state]).toEqual([403, 'failed']);
    expect(verdict?.reasons[1]).toMatch(/^It is not known whether/);
    expect(verdict?.reasons[1]).toMatch(reason);
  });

  it('stays open where the level says log, with a note in the evidence', async () => {
    for (const answering of [down, revoked]) {
      const one = await signedImage({ level: 'permissive' });
      one.answers(answering);
      await one.sign();
      expect(await one.status()).toBe(200);
      expect((await one.verdict())?.evidence[1]).toMatch(/^acme|^signed: (It is not known|The revocation)/);
    }
  });

  it('has nobody asked where the policy skips revocation', async () => {
    const one = await signedImage({ level: 'strict', override: { revocation: 'skip' } });
    await one.sign();
    expect([await one.status(), one.asked()]).toEqual([200, 0]);
  });
});

describe('a signature that counted', () => {
  it('is asked for again within a day, and no longer counts when it is revoked by then', async () => {
    const one = await signedImage();
    await one.sign();
    one.answers(revoked);
    expect(await one.status()).toBe(200);
    await one.later(24 * hourMs);
    expect(await one.status()).toBe(403);
  });

  it('stays open for two days when the responder is down, then is held, and opens when it answers again', async () => {
    const one = await signedImage();
    await one.sign();
    one.answers(down);
    await one.later(24 * hourMs);
    expect([await one.status(), (await one.verdict())?.state]).toEqual([200, 'failed']);
    await one.later(23 * hourMs);
    expect(await one.status()).toBe(200);
    await one.later(hourMs);
    expect(await one.status()).toBe(403);
    one.answers(good);
    await one.later(6 * hourMs);
    expect([await one.status(), (await one.verdict())?.state]).toEqual([200, 'passed']);
  });

  it('is held at once when it is revoked during the outage', async () => {
    const one = await signedImage();
    await one.sign();
    one.answers(down);
    await one.later(24 * hourMs);
    one.answers(revoked);
    await one.later(hourMs);
    expect(await one.status()).toBe(403);
  });
});

describe('a new image whose responder is down', () => {
  it('is held, is asked for again ever more seldom, and opens when the responder answers', async () => {
    const one = await signedImage();
    one.answers(down);
    await one.sign();
    const waits: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const wait = Date.parse((await one.verdict())?.dueAt ?? '') - one.clock.now().getTime();
      waits.push(wait / 60_000);
      expect(await one.status()).toBe(403);
      await one.later(wait);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 360, 360, 360]);
    one.answers(good);
    await one.later(6 * hourMs);
    expect(await one.status()).toBe(200);
  });
});
