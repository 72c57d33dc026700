import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it was received. */
export interface Received {
  readonly headers: Headers;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

/** Standard Webhooks refuses a signature that is older, or further ahead, than so many seconds. */
const tolerance = 300;

/** Says whether a request contains anything that could prove something: if not, no store is read. */
export function claims({ headers, query }: Pick<Received, 'headers' | 'query'>): boolean {
  return (
    query.has('token') ||
    ['x-longshore-token', 'x-gitlab-token', 'x-hub-signature-256', 'x-gitea-signature', 'webhook-signature'].some(
      (name) => headers.has(name),
    )
  );
}

/**
 * The ways to prove that one knows a secret: by sending it (`token` is `?token=` or `X-Longshore-Token`; GitLab's
 * `X-Gitlab-Token`), or by having signed the body with it (GitHub's `X-Hub-Signature-256` and Gitea's
 * `X-Gitea-Signature`, which are valid for ever; Standard Webhooks, for some minutes).
 */
export type Way = 'token' | 'gitlab' | 'github' | 'gitea' | 'standard';

/**
 * Says whether the sender knows the secret, in one of the ways that this door has. Comparisons take the same time
 * whatever is compared.
 */
export function proves(secret: string, received: Received, now: Date, ways: readonly Way[]): boolean {
  const { headers, query, body } = received;
  const mac = () => createHmac('sha256', secret).update(body).digest('hex');
  const checks: Readonly<Record<Way, () => boolean>> = {
    token: () => isSame(query.get('token'), secret) || isSame(headers.get('x-longshore-token'), secret),
    gitlab: () => isSame(headers.get('x-gitlab-token'), secret),
    github: () => headers.has('x-hub-signature-256') && isSame(headers.get('x-hub-signature-256'), `sha256=${mac()}`),
    gitea: () => headers.has('x-gitea-signature') && isSame(headers.get('x-gitea-signature'), mac()),
    standard: () => isStandard(signingKey(secret), received, now),
  };
  return ways.some((way) => checks[way]());
}

/**
 * Says whether a request was signed with the secret for now and for this path: as Standard Webhooks signs, with the
 * path and its query as `webhook-id`. So neither an older request nor one to another path, sent again, proves anything.
 */
export function isSignedForPath(secret: string, received: Received, now: Date): boolean {
  const id = received.headers.get('webhook-id') ?? '';
  if (!id.startsWith('/') || !URL.canParse(id, 'http://longshore.invalid')) return false;
  const { pathname, search } = new URL(id, 'http://longshore.invalid');
  // Proxies may write an escape in another way, so the decoded forms are compared.
  const isForHere = pathname === received.path && new URLSearchParams(search).toString() === received.query.toString();
  return isForHere && isStandard(Buffer.from(secret), received, now);
}

/** Returns the key of Standard Webhooks: the bytes behind `whsec_`, or a secret of another form as it is. */
export function signingKey(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
}

/** Returns the SHA-256 that is stored of a token, in hex: a token is long and random, so its hash reveals nothing. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Says whether a request contains the token whose hash this is. */
export function tells(hash: string, { headers, query }: Pick<Received, 'headers' | 'query'>): boolean {
  const sent = [query.get('token'), headers.get('x-longshore-token')];
  return sent.some((each) => each !== null && isSame(hashOfToken(each), hash));
}

function isSame(given: string | null, expected: string): boolean {
  if (given === null) return false;
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}

/**
 * Checks a signature of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
 * "Signature scheme".
 */
function isStandard(key: Uint8Array, { headers, body }: Received, now: Date): boolean {
  const [id, timestamp] = [headers.get('webhook-id'), headers.get('webhook-timestamp') ?? ''];
  if (id === null || !/^\d{1,12}$/.test(timestamp) || Math.abs(now.getTime() / 1_000 - Number(timestamp)) > tolerance)
    return false;
  const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  return (headers.get('webhook-signature') ?? '').split(' ').some((each) => isSame(each, expected));
}
