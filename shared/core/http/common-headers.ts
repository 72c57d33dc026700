import { rateLimitHeaders } from './ratelimit.ts';

/** What every answer to `request` carries, once it is known who asks. */
export function commonHeaders(request: Request, requestId: string): Record<string, string> {
  return { 'X-Request-Id': requestId, ...rateLimitHeaders(request) };
}

/** Adds them to an answer that was made without. */
export function withCommonHeaders(answer: Response, request: Request, requestId: string): Response {
  for (const [name, value] of Object.entries(commonHeaders(request, requestId))) answer.headers.set(name, value);
  return answer;
}
