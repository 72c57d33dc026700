import { rateLimitHeaders } from './ratelimit.ts';
import { withWarnings } from './warnings.ts';

/** Makes the headers of every answer to `request`, once its caller is known. */
export function commonHeaders(request: Request, requestId: string): Record<string, string> {
  return { 'X-Request-Id': requestId, ...rateLimitHeaders(request) };
}

/** Adds the common headers to an answer that was made without them. */
export function withCommonHeaders(answer: Response, request: Request, requestId: string): Response {
  for (const [name, value] of Object.entries(commonHeaders(request, requestId))) answer.headers.set(name, value);
  return withWarnings(answer, request);
}
