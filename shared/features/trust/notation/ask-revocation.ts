import type { Certificate } from './certificate.ts';
import { revocationSourcesOf } from './certificate.ts';
import { ocspRequest, stateByAnswer } from './ocsp.ts';
import type { Revocation, RevocationState } from './revocation.ts';
import { stateByList } from './revocation-list.ts';

export interface BytesRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  readonly mostBytes: number;
}

/**
 * Asks an address that a certificate has chosen. It must go through the outbound guard, by plain http as well, and keep
 * the bounds; it throws, or returns `undefined`, for whatever is no answer of status 200.
 */
export type FetchBytes = (request: BytesRequest) => Promise<Uint8Array | undefined>;

/** Notary Project's own waits. */
const waitMs = { ocsp: 2_000, list: 5_000 } as const;
const mostBytes = { ocsp: 64 * 1024, list: 4 * 1024 * 1024 } as const;
/** The addresses of each kind that are tried. */
const maxAddresses = 3;

/**
 * Makes the way to ask for revocation: OCSP first, then lists. It answers `unknown` where nobody gives an answer that can
 * be gone by.
 */
export function revocationOver(fetch: FetchBytes, clock: () => Date): Revocation {
  return async (certificate, issuer, signedAt) => {
    const { ocsp, crl } = revocationSourcesOf(certificate);
    const now = clock();
    const byAnswer = await firstOf(ocsp, async (url) => {
      const bytes = await fetch({ ...ocspQuestion(certificate, issuer), url });
      return bytes === undefined ? 'unknown' : stateByAnswer(bytes, certificate, issuer, { now, signedAt });
    });
    if (byAnswer !== 'unknown') return byAnswer;
    return firstOf(crl, async (url) => {
      const bytes = await fetch({ url, method: 'GET', headers: {}, timeoutMs: waitMs.list, mostBytes: mostBytes.list });
      return bytes === undefined ? 'unknown' : stateByList(bytes, certificate, issuer, { now, signedAt });
    });
  };
}

function ocspQuestion(certificate: Certificate, issuer: Certificate): Omit<BytesRequest, 'url'> {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' },
    body: ocspRequest(certificate, issuer),
    timeoutMs: waitMs.ocsp,
    mostBytes: mostBytes.ocsp,
  };
}

/** Tries the addresses in turn, until one gives a state that is known. */
async function firstOf(
  urls: readonly string[],
  stateAt: (url: string) => Promise<RevocationState>,
): Promise<RevocationState> {
  for (const url of urls.filter((each) => /^https?:\/\//i.test(each)).slice(0, maxAddresses)) {
    try {
      const state = await stateAt(url);
      if (state !== 'unknown') return state;
    } catch {
      // An address that fails, lies or is forbidden is as good as none: the next one is tried.
    }
  }
  return 'unknown';
}
