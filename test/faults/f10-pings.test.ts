import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { json } from './manifests.ts';

const ping = { id: '7a1b0d5e-0000-4000-8000-000000000000', timestamp: '2026-01-01T00:00:00.000Z', action: 'ping' };
const github = { repository: { full_name: 'team/app' }, sender: { login: 'someone' } };

describe('what a sender posts that is no push', () => {
  it.each<[string, string, object]>([
    ["ACR's ping", 'acr', ping],
    ['a ping of this product', 'longshore', ping],
    [
      "GitHub's ping",
      'ghcr',
      { zen: 'Keep it logically awesome.', hook_id: 1, hook: { type: 'Repository', id: 1, events: ['package'] } },
    ],
    ['another event of GitHub', 'ghcr', { ...github, action: 'opened', pull_request: {} }],
    [
      "ACR's chart_push, which names no request",
      'acr',
      { ...ping, action: 'chart_push', target: { repository: 'repo', tag: 'app-1.0.0.tgz', name: 'app' } },
    ],
    ["ACR's delete", 'acr', { ...ping, action: 'delete', target: { repository: 'repo', digest: 'sha256:a' } }],
    [
      'an event of a webhook that fails',
      'longshore',
      { ...ping, action: 'Longshore.WebhookFailing', target: { webhook: 'a', host: 'b' }, failures: 20 },
    ],
    ["Quay's build event", 'quay', { docker_url: 'quay.io/team/app', name: 'app', build_id: '1' }],
    [
      'a pull told by Distribution',
      'distribution',
      { events: [{ action: 'pull', target: { repository: 'team/app' } }] },
    ],
  ])('is taken and changes nothing: %s', async (_, source, body) => {
    const { app } = composeForTest();
    expect(await json(app, 'POST', `/api/v1/bases/notify/${source}`, body)).toEqual({
      status: 202,
      body: { watched: 0 },
    });
  });

  it.each<[string, object]>([
    ['acr', {}],
    ['acr', { action: 'push' }],
    ['acr', { action: 3 }],
    ['acr', { action: '' }],
    ['ghcr', {}],
    ['ghcr', { package: {}, sender: {} }],
    ['ghcr', { zen: 'x' }],
    ['quay', {}],
    ['quay', { docker_url: 'quay.io/a', updated_tags: 'v1' }],
    ['docker-hub', {}],
    ['distribution', {}],
  ])('is refused when it is nothing that %s posts: %j', async (source, body) => {
    const { app } = composeForTest();
    expect((await json(app, 'POST', `/api/v1/bases/notify/${source}`, body)).status).toBe(400);
  });
});
