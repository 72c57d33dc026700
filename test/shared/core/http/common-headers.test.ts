import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

const image = makeImage('asked for');
const [manifest, blob] = [`/v2/team/app/manifests/${image.digest}`, `/v2/team/app/blobs/${digestOf(image.config)}`];

/** One of each way in which an answer is made. */
const requests: readonly (readonly [status: number, method: string, path: string, headers?: Record<string, string>])[] =
  [
    [200, 'GET', '/v2/'],
    [200, 'GET', manifest],
    [200, 'HEAD', manifest],
    [200, 'GET', '/v2/team/app/manifests/v1'],
    [304, 'GET', manifest, { 'if-none-match': `"${image.digest}"` }],
    [404, 'GET', '/v2/team/app/manifests/none'],
    [404, 'HEAD', '/v2/team/app/manifests/none'],
    [307, 'GET', blob],
    [200, 'HEAD', blob],
    [304, 'GET', blob, { 'if-none-match': '*' }],
    [206, 'GET', blob, { range: 'bytes=-3' }],
    [416, 'GET', blob, { range: 'bytes=100000-' }],
    [202, 'POST', '/v2/team/app/blobs/uploads/'],
    [200, 'GET', '/v2/team/app/tags/list'],
    [200, 'GET', `/v2/team/app/referrers/${image.digest}`],
    [200, 'GET', '/v2/_catalog'],
    [400, 'GET', '/v2/Team/app/tags/list'],
    [405, 'PATCH', manifest],
    [200, 'GET', '/acr/v1/_catalog'],
    [200, 'GET', '/healthz'],
    [404, 'GET', '/nowhere'],
    [405, 'DELETE', blob],
    [202, 'DELETE', manifest],
  ];

describe('every answer', () => {
  it('carries an X-Request-Id of its own, whatever it answers', async () => {
    const { app } = composeForTest();
    await pushImage(app, 'team/app', 'v1', image);
    const seen: string[] = [];
    for (const [status, method, path, headers = {}] of requests) {
      const answer = await ask(app, method, path, { headers });
      expect(`${answer.status} ${method} ${path}`).toBe(`${status} ${method} ${path}`);
      expect(answer.headers.get('x-request-id'), `${method} ${path}`).toMatch(/^[0-9a-f-]{36}$/);
      seen.push(answer.headers.get('x-request-id') ?? '');
    }
    expect(new Set(seen).size).toBe(requests.length);
  });
});
