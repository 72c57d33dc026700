import { createHash } from 'node:crypto';
import { Cached } from '../../../core/documents/cached.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { BytesCall } from '../../../core/ports/outbound.ts';
import type { Certificate } from './certificate.ts';
import { revocationSourcesOf } from './certificate.ts';
import { escaped } from './fault.ts';
import { ocspRequest, stateByAnswer } from './ocsp.ts';
import type { Revocation, RevocationFinding } from './revocation.ts';
import type { RevocationTimes } from './revocation-list.ts';
import { stateByList } from './revocation-list.ts';

export interface BytesRequest extends BytesCall {
  readonly url: string;
}

/**
 * Asks an address that a certificate has chosen. It must go through the outbound guard, by plain http as well, and keep
 * the bounds; it throws for whatever is no answer of status 200.
 */
export type FetchBytes = (request: BytesRequest) => Promise<Uint8Array>;

/** Notary Project's own waits. */
const waitMs = { ocsp: 2_000, list: 5_000 } as const;
const mostBytes = { ocsp: 64 * 1024, list: 4 * 1024 * 1024 } as const;
/** The addresses of each kind that are tried. */
const maxAddresses = 3;
const maxAddressLength = 2_048;

/** Bytes that were judged, or the reason why there are none that count. */
type Answer = { readonly bytes: Uint8Array; readonly until: Date } | { readonly why: string };

/** The bytes of answers that an instance keeps. */
const keptBytes = 16 * 1024 * 1024;
/** An entry costs so much beside its bytes. */
const entryBytes = 1_024;
/** An answer is kept until the time that it names, and at most so many milliseconds. */
const longestMs = 12 * 3_600_000;
/** The milliseconds for which an address that gave nothing is not asked again. */
const failureMs = 60_000;

/** The judgement of the bytes of one kind of answer. */
type Judge = (
  bytes: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  times: RevocationTimes,
) => RevocationFinding;

/**
 * Makes the way to ask for revocation: OCSP first, then lists. It answers `unknown` where nobody gives an answer that can
 * be gone by. An answer that counts is kept by its address and issuer until its time is over, and judged again whenever
 * it is used; so no address is asked for each image, and no certificate is judged by what was kept for another issuer.
 */
export function revocationOver(fetch: FetchBytes, clock: Clock): Revocation {
  const kept = new Cached<Answer>({
    clock,
    freshMs: (answer) =>
      'why' in answer ? failureMs : Math.min(longestMs, answer.until.getTime() - clock.now().getTime()),
    maxSize: keptBytes,
    sizeOf: (answer) => entryBytes + ('why' in answer ? 0 : answer.bytes.length),
  });
  return async (certificate, issuer, signedAt) => {
    const { ocsp, crl } = revocationSourcesOf(certificate);
    const ask = async (question: Question, url: string): Promise<RevocationFinding> => {
      const answer = await kept.get(keyOf(question, url, certificate, issuer), async () => {
        try {
          const bytes = await fetch({ ...question.call, url });
          const { state, until, why } = question.judge(bytes, certificate, issuer, { now: clock.now(), signedAt });
          if (state === 'unknown' || until === undefined) return { why: why ?? 'it names no end' };
          return { bytes, until };
        } catch (error) {
          // An address that fails, lies or is forbidden is as good as none, and the next one is tried.
          return { why: error instanceof Error ? error.message : String(error) };
        }
      });
      if ('why' in answer)
        return { state: 'unknown', why: `${shownAddress(url)} gives no answer: ${shortly(answer.why)}` };
      return question.judge(answer.bytes, certificate, issuer, { now: clock.now(), signedAt });
    };
    const byAnswer = await firstOf(ocsp, ocspQuestion(certificate, issuer), ask);
    if (byAnswer?.state === 'good' || byAnswer?.state === 'revoked') return byAnswer;
    const byList = await firstOf(crl, listQuestion, ask);
    return byList ?? byAnswer ?? { state: 'unknown', why: 'it names no address that can be asked' };
  };
}

interface Question {
  readonly kind: 'ocsp' | 'list';
  readonly call: BytesCall;
  readonly judge: Judge;
}

function ocspQuestion(certificate: Certificate, issuer: Certificate): Question {
  return {
    kind: 'ocsp',
    call: {
      method: 'POST',
      headers: { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' },
      body: ocspRequest(certificate, issuer),
      timeoutMs: waitMs.ocsp,
      mostBytes: mostBytes.ocsp,
    },
    judge: stateByAnswer,
  };
}

const listQuestion: Question = {
  kind: 'list',
  call: { method: 'GET', headers: {}, timeoutMs: waitMs.list, mostBytes: mostBytes.list },
  judge: stateByList,
};

/** A list is for all certificates of one issuer, address and kind: whether it covers one depends on these extensions. */
function keyOf({ kind }: Question, url: string, { serial, extensions }: Certificate, issuer: Certificate): string {
  const scope = ['2.5.29.19', '2.5.29.31'].map((oid) => extensions.get(oid)?.value.toString('hex') ?? '');
  const about = kind === 'ocsp' ? [serial.toString('hex')] : scope;
  const text = JSON.stringify([kind, url, ...about]);
  return createHash('sha256').update(issuer.der).update(text).digest('base64url');
}

/** Tries the addresses in turn until one gives a state that is known; the finding is that of the last one. */
async function firstOf(
  urls: readonly string[],
  question: Question,
  ask: (question: Question, url: string) => Promise<RevocationFinding>,
): Promise<RevocationFinding | undefined> {
  let last: RevocationFinding | undefined;
  for (const url of urls.filter(isAskable).slice(0, maxAddresses)) {
    last = await ask(question, url).catch((error: unknown): RevocationFinding => ({
      state: 'unknown',
      why: `${shownAddress(url)} gives no answer: ${shortly(error instanceof Error ? error.message : String(error))}`,
    }));
    if (last.state !== 'unknown') return last;
  }
  return last;
}

function isAskable(url: string): boolean {
  return url.length <= maxAddressLength && /^https?:\/\//i.test(url) && URL.canParse(url);
}

function shownAddress(url: string): string {
  return escaped(new URL(url).host);
}

function shortly(text: string): string {
  return escaped(text).slice(0, 120).replace(/\.$/, '');
}
