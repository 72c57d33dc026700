import { targetOf } from './target.ts';

/** Answers `GET /` to a person who has opened the registry in a browser: it says what this is, and what to type. */
export function homePage({ url }: Request): Response {
  const { host } = targetOf(url);
  const text = [
    'This is a container registry (Longshore).',
    '',
    `  docker login ${host}`,
    `  docker push ${host}/REPOSITORY:TAG`,
    `  docker pull ${host}/REPOSITORY:TAG`,
    '',
    'GET /healthz shows the health of the registry, and GET /api/v1/openapi.json describes its API.',
    '',
  ].join('\n');
  return new Response(text, {
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}
