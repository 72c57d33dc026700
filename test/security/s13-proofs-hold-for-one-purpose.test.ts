import { createHash, createHmac } from 'node:crypto';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryGit } from '../../shared/adapters/memory/git.ts';
import { signatureHeaders } from '../../shared/core/secrets/standard-webhooks.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { Asked, Ci, Job } from '../shared/features/builds/bases/ci.ts';
import { claimed, startCi, verified } from '../shared/features/builds/bases/ci.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { composeRequired, manage } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
});

interface Shown {
  readonly secret: string;
  readonly claimSecret: string;
  readonly runnerSecret: string;
  readonly gateSecret: string;
}

const git = 'https://git.example/app.git';
const hub = (secret: string, body: string) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});
const gitea = (secret: string, body: string) => ({
  'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex'),
});
const keyOf = (secret: string) =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
const standard = (secret: string, body: string, at: Date) =>
  signatureHeaders({ id: 'msg_1', at, body }, [keyOf(secret)]);
const pathOf = (url: string) => new URL(url).pathname + new URL(url).search;

/**
 * A task built elsewhere from git, with its secrets and the job that was given away. `hook` may be a secret that
 * somebody chose.
 */
async function given(hook?: string, settings: object = {}) {
  const memoryGit = new MemoryGit();
  const one = composeRequired({
    settings: { publicUrl: new URL('http://registry.test') },
    adapters: { git: memoryGit },
  });
  memoryGit.create(git);
  const commit = memoryGit.commit(git, 'main', { Dockerfile: 'FROM scratch' });
  await manage(one, 'PUT', '/tasks/app', {
    image: 'team/app:1',
    context: { git },
    runner: { webhook: { url: `${ci.url}/build` } },
    timeoutSeconds: 3_600,
    ...settings,
  });
  const shown = await manage<Shown>(one, 'PUT', '/tasks/app/hook', hook === undefined ? {} : { secret: hook });
  const { build } = await manage<{ build: string }>(one, 'POST', '/tasks/app/run');
  await one.messages['builds-work']({ build });
  const job = JSON.parse(ci.asked[0]?.body ?? '') as Job;
  return {
    one,
    shown,
    job,
    build,
    push: JSON.stringify({ ref: 'refs/heads/main', after: commit, before: '0'.repeat(40) }),
  };
}

const statusOf = async ({ app }: Pick<Required, 'app'>, path: string, headers: Record<string, string>, body = '') =>
  (await ask(app, 'POST', path, { headers, body })).status;

describe('a delivery that a host of repositories has signed', () => {
  it.each([undefined, 'a secret that its host was given'])(
    'opens no job when it is sent again there, whatever kind of signature it has',
    async (hook) => {
      const { one, shown, job, push } = await given(hook);
      const all = [
        hub(shown.secret, push),
        gitea(shown.secret, push),
        standard(shown.secret, push, one.clock.now()),
        { 'x-gitlab-token': shown.secret },
        { 'x-longshore-token': shown.secret },
      ];
      for (const headers of all) {
        expect(await statusOf(one, '/api/v1/tasks/app/hook', headers, push)).toBe(202);
        const answer = await ask(one.app, 'POST', pathOf(job.claim), { headers, body: push });
        expect(answer.status).toBe(401);
        expect(await answer.text()).not.toMatch(/password|token"/);
      }
      expect(await statusOf(one, `${pathOf(job.claim)}&token=${encodeURIComponent(shown.secret)}`, {}, push)).toBe(401);
    },
  );

  it('has nothing built once more when it is sent again to the hook', async () => {
    const { one, shown, build, push } = await given();
    await manage(one, 'POST', `/builds/${build}/cancel`);
    await one.messages['builds-work']({ build });
    for (let n = 0; n < 3; n += 1)
      expect(await statusOf(one, '/api/v1/tasks/app/hook', hub(shown.secret, push), push)).toBe(202);
    const { items: builds } = await manage<{ items: object[] }>(one, 'GET', '/builds');
    // The one that was asked for, and the one of the push.
    expect(builds).toHaveLength(2);
  });

  it('opens no door of registries, but GHCR, which signs as GitHub does', async () => {
    const one = composeRequired();
    const secret = 'one secret that somebody gave to all';
    const push = JSON.stringify({
      action: 'push',
      target: { repository: 'library/base', tag: '1' },
      request: { host: 'other.example' },
    });
    for (const source of ['acr', 'longshore', 'ghcr', 'quay', 'docker-hub', 'distribution']) {
      await manage(one, 'PUT', `/bases/sources/${source}`, { secret });
      expect(await statusOf(one, `/api/v1/bases/notify/${source}`, gitea(secret, push), push), source).toBe(401);
      expect((await statusOf(one, `/api/v1/bases/notify/${source}`, hub(secret, push), push)) === 401, source).toBe(
        source !== 'ghcr',
      );
    }
  });
});

describe('a claim of a job', () => {
  it('is good for its time', async () => {
    const { one, shown, job } = await given();
    const headers = claimed(shown.claimSecret, job.claim, one.clock.now());
    expect(await statusOf(one, pathOf(job.claim), headers)).toBe(200);
    one.clock.pass(301_000);
    expect(await statusOf(one, pathOf(job.claim), headers)).toBe(401);
    expect(
      await statusOf(
        one,
        pathOf(job.claim),
        claimed(shown.claimSecret, job.claim, new Date(one.clock.now().getTime() + 301_000)),
      ),
    ).toBe(401);
  });

  it('is good for its path, however that is escaped, and for no other', async () => {
    const { one, shown, job, build } = await given();
    const headers = claimed(shown.claimSecret, job.claim, one.clock.now());
    expect(await statusOf(one, `/api/v1/builds/${build}/job?image=team/app:1`, headers)).toBe(200);
    const otherPaths = [
      `http://registry.test/api/v1/builds/${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}/job?image=team%2Fapp%3A1`,
      `http://registry.test/api/v1/builds/${build}/job?image=team%2Fother%3A1`,
      `http://registry.test/api/v1/builds/${build}/job`,
      `http://registry.test/api/v1/builds/${build}/callback?image=team%2Fapp%3A1`,
      `http://registry.test/api/v1/tasks/app/hook`,
    ];
    for (const signed of otherPaths)
      expect(await statusOf(one, pathOf(job.claim), claimed(shown.claimSecret, signed, one.clock.now())), signed).toBe(
        401,
      );
    for (const path of ['/api/v1/tasks/app/hook', pathOf(job.callback.url), '/api/v1/bases/notify/ghcr'])
      expect(await statusOf(one, path, headers), path).toBe(401);
  });

  it('is not proven by any other secret of the task, signed or told', async () => {
    const { one, shown, job } = await given();
    const { claimSecret, ...others } = shown;
    for (const other of [...Object.values(others), job.callback.token, claimSecret.slice(0, -1), '']) {
      for (const key of [other, keyOf(other).toString('latin1')])
        expect(await statusOf(one, pathOf(job.claim), claimed(key, job.claim, one.clock.now()))).toBe(401);
    }
    expect(await statusOf(one, pathOf(job.claim), { 'x-longshore-token': claimSecret })).toBe(401);
    expect(await statusOf(one, `${pathOf(job.claim)}&token=${claimSecret}`, {})).toBe(401);
    expect(await statusOf(one, '/api/v1/tasks/app/hook', { 'x-longshore-token': claimSecret }, '{}')).toBe(401);
  });

  it('ends with the secrets that it was made with', async () => {
    const { one, shown, job } = await given();
    await manage(one, 'PUT', '/tasks/app/hook', { secret: 'the next secret of the hook' });
    expect(await statusOf(one, pathOf(job.claim), claimed(shown.claimSecret, job.claim, one.clock.now()))).toBe(401);
    await manage(one, 'DELETE', '/tasks/app/hook');
    expect(await statusOf(one, pathOf(job.claim), claimed(shown.claimSecret, job.claim, one.clock.now()))).toBe(401);
  });
});

describe('what a gate or a runner is posted', () => {
  it('proves nothing when it is sent back to any door, and neither does the secret by which it is verified', async () => {
    const { one, shown, job } = await given();
    const asked = ci.asked[0] as Asked;
    expect(verified(shown.runnerSecret, asked)).toMatchObject({ type: 'build' });
    const posted = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(asked.headers[name])]),
    );
    for (const path of ['/api/v1/tasks/app/hook', pathOf(job.claim)]) {
      expect(await statusOf(one, path, posted, asked.body), path).toBe(401);
      for (const secret of [shown.runnerSecret, shown.gateSecret]) {
        for (const headers of [
          hub(secret, asked.body),
          standard(secret, asked.body, one.clock.now()),
          { 'x-longshore-token': secret },
          { 'x-gitlab-token': secret },
        ])
          expect(await statusOf(one, path, headers, asked.body), path).toBe(401);
      }
    }
  });

  it("is signed for the gate by another secret than for the runner, and neither is the hook's", async () => {
    const { shown } = await given();
    const all = Object.values(shown);
    expect(new Set(all).size).toBe(4);
    for (const secret of [shown.secret, shown.gateSecret])
      expect(() => verified(secret, ci.asked[0] as Asked)).toThrow();
    expect(all.join(' ')).toMatch(/^whsec_\S{44} lsclaim_\S{43} whsec_\S{44} whsec_\S{44}$/);
  });

  it('is not posted for a task whose one secret is from before each purpose had its own', async () => {
    const { one, build } = await given();
    const ref = { container: 'registries', partition: ['default'], id: 'inbound:task:app' } as const;
    const { root: _root, ...before } = (await one.memory.documents.readDocument(ref))?.document as Record<
      string,
      unknown
    > & { id: string };
    await one.memory.documents.commitDocuments('registries', ['default'], [{ do: 'upsert', document: before }]);
    await manage(one, 'POST', `/builds/${build}/cancel`);
    await one.messages['builds-work']({ build });
    const again = await manage<{ build: string }>(one, 'POST', '/tasks/app/run');
    await one.messages['builds-work'](again);
    expect(
      (await manage<{ items: { because: string }[] }>(one, 'GET', `/builds/${again.build}`)).items[0]?.because,
    ).toContain('PUT /api/v1/tasks/app/hook makes new ones');
    expect(ci.asked.filter(({ body }) => body.includes('"type":"build"'))).toHaveLength(1);
  });

  it('has its secrets in no document', async () => {
    const { one, shown } = await given('a secret that its host was given');
    const { documents } = await one.memory.documents.queryDocuments({ container: 'registries', where: [], limit: 500 });
    for (const secret of Object.values(shown)) expect(JSON.stringify(documents)).not.toContain(secret);
  });
});

describe('a job of the local stack', () => {
  let required: RequiredStack;
  beforeAll(async () => {
    required = await startRequiredStack();
  });
  afterAll(() => required.stop());

  it('is given on both hosts for a signature of this time and path, and for no delivery that is sent again', async () => {
    const { stack, password } = required;
    const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const archive = await tarOf('Dockerfile', 'FROM scratch\n');
    const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
    expect(
      (
        await fetch(`${stack.url}/v2/contexts/blobs/uploads/?digest=${digest}`, {
          method: 'POST',
          headers: { authorization },
          body: archive as Uint8Array<ArrayBuffer>,
        })
      ).status,
    ).toBe(201);
    await required.manage('PUT', '/tasks/app', {
      image: 'team/app:1',
      context: { repository: 'contexts', digest },
      runner: { webhook: { url: `${ci.url}/build` } },
    });
    const shown = (await required.manage('PUT', '/tasks/app/hook', {})) as Shown;
    await required.manage('POST', '/tasks/app/run', {});
    for (let n = 0; n < 100 && ci.asked.length === 0; n += 1)
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    const job = JSON.parse(ci.asked[0]?.body ?? expect.fail('the runner was told of nothing')) as Job;
    const push = JSON.stringify({ ref: 'refs/heads/main', after: '1'.repeat(40) });
    for (const origin of [stack.url, stack.functionsUrl]) {
      const url = origin + pathOf(job.claim);
      for (const headers of [
        hub(shown.secret, push),
        gitea(shown.secret, push),
        { 'x-longshore-token': shown.secret },
        standard(shown.secret, push, new Date()),
      ]) {
        expect((await fetch(url, { method: 'POST', headers, body: push })).status, origin).toBe(401);
      }
      expect(
        (
          await fetch(url, {
            method: 'POST',
            headers: claimed(shown.claimSecret, job.claim, new Date(Date.now() - 400_000)),
          })
        ).status,
        origin,
      ).toBe(401);
      const answer = await fetch(url, { method: 'POST', headers: claimed(shown.claimSecret, job.claim, new Date()) });
      expect([answer.status, ((await answer.json()) as Job).id], origin).toEqual([200, job.id]);
    }
  });
});

async function tarOf(name: string, content: string): Promise<Uint8Array> {
  const archive = pack();
  archive.entry({ name }, content);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
