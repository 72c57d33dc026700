const cookies = new WeakMap<Request, string>();

/** Remembers a `Set-Cookie` for the answer to a request, whatever that is. */
export function noteCookie(request: Request, cookie: string): void {
  cookies.set(request, cookie);
}

/**
 * Adds what keeps answers from others than the one who asked: a cache that people share must neither keep an answer
 * nor give it to somebody with another cookie. A handler that has said something of caches itself has the last word.
 */
export function withPrivacy(answer: Response, request: Request): Response {
  const { headers } = answer;
  if (!headers.has('cache-control')) headers.set('Cache-Control', 'no-store');
  headers.append('Vary', 'Authorization, Cookie');
  const cookie = cookies.get(request);
  if (cookie !== undefined) headers.append('Set-Cookie', cookie);
  return answer;
}
