import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import type { TaskSecrets } from '../../../../../shared/features/builds/inbound/task-secrets.ts';
import { callsToFail } from '../../../../deep.ts';
import type { Registry } from './building.ts';
import { build, host, reasonOf, registry, upload } from './building.ts';
import type { Asked, Ci, Job } from './ci.ts';
import { claimed, startCi, verified } from './ci.ts';

let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
});

/** The secrets of the task, as they were shown once. */
let secrets: TaskSecrets;

interface Subject {
  readonly name: string;
  readonly runner: () => object;
  /** Returns the job in a request to the runner; throws when the request is wrong. */
  readonly jobIn: (asked: Asked) => Job;
  /** Asserts the requests that cancel a job. */
  readonly stopped: (job: Job, asked: readonly Asked[]) => void;
}

const subjects: Subject[] = [
  {
    name: 'any CI that takes a signed POST',
    runner: () => ({ webhook: { url: `${ci.url}/build` } }),
    jobIn: (asked) => verified(secrets.runnerSecret, asked) as Job,
    stopped({ id, build: of }, asked) {
      expect(asked.map((each) => verified(secrets.runnerSecret, each))).toEqual([
        { type: 'cancel', id, build: of, image: 'app:1' },
      ]);
    },
  },
  {
    name: 'a workflow of GitHub Actions',
    runner: () => ({
      github: { repository: 'team/app', workflow: 'build.yml', token: 'longshore-user-github', api: `${ci.url}/` },
    }),
    jobIn({ path, headers, body }) {
      expect(path).toBe('/repos/team/app/actions/workflows/build.yml/dispatches');
      expect(headers).toMatchObject({
        authorization: 'Bearer ghp_secret',
        accept: 'application/vnd.github+json',
        'user-agent': 'longshore',
      });
      const { ref, inputs } = JSON.parse(body) as { ref: string; inputs: Record<string, string> };
      expect([ref, Object.keys(inputs)]).toEqual(['main', ['job']]);
      return JSON.parse(inputs.job ?? '') as Job;
    },
    stopped(_, asked) {
      expect(asked.map(({ path }) => path)).toEqual([
        '/repos/team/app/actions/workflows/build.yml/runs?event=workflow_dispatch&per_page=10',
        '/repos/team/app/actions/runs/7/cancel',
      ]);
      expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer ghp_secret', 'Bearer ghp_secret']);
    },
  },
];

/** Returns the job that the runner was given, claimed where it was given in public. */
async function jobOf(of: Pick<Registry, 'app' | 'clock'>, { jobIn }: Subject, asked: Asked | undefined): Promise<Job> {
  if (asked === undefined) throw new Error('it was not told');
  const job = jobIn(asked);
  if ((job.callback as Partial<Job['callback']>).token !== undefined) return job;
  const answer = await of.app.fetch(
    new Request(job.claim, { method: 'POST', headers: claimed(secrets.claimSecret, job.claim, of.clock.now()) }),
  );
  expect(answer.status).toBe(200);
  return (await answer.json()) as Job;
}

async function withTask({ runner }: Subject, settings: object = {}): Promise<Registry> {
  const of = registry();
  of.world.secrets.put('longshore-user-github', 'ghp_secret', { 'longshore-hosts': new URL(ci.url).host });
  await of.push(build('base', 'base 1'), '1');
  await of.settle();
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
  expect(
    await of.api('PUT', '/tasks/app', { image: 'app:1', context, runner: runner(), timeoutSeconds: 600, ...settings }),
  ).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number });
  secrets = (await of.api('PUT', '/tasks/app/hook', {})).body as unknown as TaskSecrets;
  return of;
}

async function begun(subject: Subject, settings: object = {}): Promise<{ of: Registry; job: Job }> {
  const of = await withTask(subject, settings);
  await of.api('POST', '/tasks/app/run');
  await of.settle();
  expect(ci.asked).toHaveLength(1);
  return { of, job: await jobOf(of, subject, ci.asked[0]) };
}

/** As the runner tells it, with nothing but its token. */
async function tell(of: Registry, { callback }: Job, told: object): Promise<number> {
  const answer = await of.app.fetch(
    new Request(callback.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-longshore-token': callback.token },
      body: JSON.stringify(told),
    }),
  );
  return answer.status;
}

/** Does what a runner does: it pushes under a tag of its own, and returns the digest to report. */
async function built(of: Registry, content = 'made elsewhere'): Promise<string> {
  const image = build('app', content);
  await of.push(image, 'staging');
  await of.settle();
  return image.digest;
}

const becauses = (of: Registry) =>
  of.events('Longshore.BuildFailed').map(({ data }) => (data as { because: string }).because);
const digestAt = async (of: Registry) =>
  (await of.app.fetch(new Request(`http://${host}/v2/app/manifests/1`, { method: 'HEAD' }))).headers.get(
    'docker-content-digest',
  ) ?? undefined;

describe.each(subjects)('an external runner: $name', (subject) => {
  it('builds an image, and its tag moves to the digest that it reports', async () => {
    const { of, job } = await begun(subject);
    expect(job).toMatchObject({
      type: 'build',
      image: 'app:1',
      repository: `${host}/app`,
      dockerfile: 'Dockerfile',
      platforms: ['linux/amd64'],
      context: { archive: expect.stringContaining(`https://${host}/v2/contexts/blobs/sha256:`) as string },
    });
    expect(await tell(of, job, { state: 'running', log: 'step one\n' })).toBe(202);
    const digest = await built(of);
    expect(await tell(of, job, { state: 'succeeded', digest, log: 'step two\n' })).toBe(202);
    await of.settle();
    expect(await digestAt(of)).toBe(digest);
    expect(
      await (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${job.build}/log?image=app:1`))).text(),
    ).toBe('step one\nstep two\n');
    expect(of.events('Longshore.BuildSucceeded')).toHaveLength(1);
    // A report that is sent again, as by a runner that saw no answer, is accepted.
    expect(await tell(of, job, { state: 'succeeded', digest })).toBe(202);
    expect(await tell(of, job, { state: 'failed', why: 'no, wait' })).toBe(409);
  });

  it('can be followed while it prints, until its image has ended', async () => {
    const { of, job } = await begun(subject);
    await tell(of, job, { state: 'running', log: 'one\n' });
    const answer = await of.app.fetch(
      new Request(`http://${host}/api/v1/builds/${job.build}/log?image=app:1&follow=1`),
    );
    const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 'one\n' });
    await tell(of, job, { state: 'running', log: 'two\n' });
    expect(await reader.read()).toEqual({ done: false, value: 'two\n' });
    await tell(of, job, { state: 'failed', why: 'exit code 2', log: 'three\n' });
    await of.settle();
    expect(await reader.read()).toEqual({ done: false, value: 'three\n' });
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  });

  it('has its token in no log, however it prints it', async () => {
    const { of, job } = await begun(subject);
    await tell(of, job, {
      state: 'running',
      log:
        `+ curl -H x-longshore-token:${job.callback.token} ${encodeURIComponent(job.callback.token)} ` +
        `${Buffer.from(job.callback.token).toString('base64')}\n`,
    });
    expect(
      await (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${job.build}/log?image=app:1`))).text(),
    ).toBe('+ curl -H x-longshore-token:*** *** ***\n');
  });

  it('that cannot be notified of the cancellation has its job cancelled all the same', async () => {
    const { of, job } = await begun(subject);
    ci.answers = [{ status: 500 }];
    await of.api('POST', `/builds/${job.build}/cancel`);
    await of.settle();
    expect((await of.api('GET', '/builds')).body.items).toMatchObject([{ state: 'finished', counts: { stopped: 1 } }]);
  });

  it('that fails moves no tag, and its reason is shown', async () => {
    const { of, job } = await begun(subject);
    await tell(of, job, { state: 'failed', why: 'exit code 2' });
    await of.settle();
    expect(becauses(of)).toEqual(['exit code 2']);
    expect(await digestAt(of)).toBeUndefined();
  });

  it('that reports an image which it did not push is not believed', async () => {
    const { of, job } = await begun(subject);
    expect(await tell(of, job, { state: 'succeeded', digest: `sha256:${'1'.repeat(64)}` })).toBe(400);
    expect(await tell(of, job, { state: 'done' })).toBe(400);
  });

  it('that reports nothing fails at the deadline, and a later report is too late', async () => {
    const { of, job } = await begun(subject);
    of.clock.advance(599_000);
    await of.process().timers['builds-sweep']();
    await of.settle();
    expect([becauses(of), ci.asked.length]).toEqual([[], 1]);
    ci.answers = [
      { status: 200, body: JSON.stringify({ workflow_runs: [{ id: 7, display_title: `build ${job.id}` }] }) },
      { status: 202 },
    ];
    of.clock.advance(2_000);
    await of.process().timers['builds-sweep']();
    await of.settle();
    subject.stopped(job, ci.asked.slice(1));
    expect(becauses(of)).toEqual(['its runner has not reported an end within 600 s']);
    expect(await tell(of, job, { state: 'succeeded', digest: await built(of) })).toBe(409);
    expect(await digestAt(of)).toBeUndefined();
  });

  it('does not move the tag over a push that came meanwhile, and is given a new job', async () => {
    const { of, job } = await begun(subject);
    const theirs = build('app', 'pushed by somebody');
    await of.push(theirs, '1');
    await tell(of, job, { state: 'running', log: 'the first\n' });
    expect(await tell(of, job, { state: 'succeeded', digest: await built(of) })).toBe(202);
    await of.settle();
    expect(await digestAt(of)).toBe(theirs.digest);
    const second = await jobOf(of, subject, ci.asked[1]);
    expect(second.id).not.toBe(job.id);
    expect(await tell(of, job, { state: 'failed', why: 'late' })).toBe(409);
    await tell(of, second, { state: 'running', log: 'the second\n' });
    const digest = await built(of, 'made elsewhere on that');
    expect(await tell(of, second, { state: 'succeeded', digest })).toBe(202);
    await of.settle();
    expect(await digestAt(of)).toBe(digest);
    expect(
      await (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${job.build}/log?image=app:1`))).text(),
    ).toBe('the first\nthe second\n');
  });

  it('that is cancelled is notified at once, and again when it calls back, and moves no tag', async () => {
    const { of, job } = await begun(subject);
    const runs = [
      { id: 8, display_title: 'build another' },
      { id: 7, display_title: `build ${job.id}` },
    ];
    ci.answers = [{ status: 200, body: JSON.stringify({ workflow_runs: runs }) }, { status: 202 }];
    await of.api('POST', `/builds/${job.build}/cancel`);
    await of.settle();
    subject.stopped(job, ci.asked.slice(1));
    expect(await tell(of, job, { state: 'running', log: 'still here' })).toBe(409);
    expect(await tell(of, job, { state: 'succeeded', digest: await built(of) })).toBe(409);
    expect(await digestAt(of)).toBeUndefined();
    expect(await reasonOf(of, 'app:1', 'base:1')).not.toBe('made');
  });

  it('that is down for a while is given the same job again, and one that stays down fails the image', async () => {
    ci.answers = [{ status: 503 }, { status: 204 }];
    const of = await withTask(subject);
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    of.clock.advance(31_000);
    await of.process().timers['builds-sweep']();
    const [first, second] = await Promise.all(ci.asked.map((asked) => jobOf(of, subject, asked)));
    expect(second).toMatchObject({ build: first?.build });
    expect(ci.asked[1]?.headers['webhook-id']).toBe(ci.asked[0]?.headers['webhook-id']);
    expect(await tell(of, second as Job, { state: 'succeeded', digest: await built(of) })).toBe(202);
    await of.settle();
    ci.answers = [{ status: 503, body: 'no' }];
    await of.api('POST', '/tasks/app/run');
    for (let n = 0; n < 8; n += 1) {
      await of.settle();
      of.clock.advance(300_000);
      await of.process().timers['builds-sweep']();
    }
    expect(ci.asked).toHaveLength(6);
    expect(becauses(of)).toEqual([expect.stringContaining('answered 503')]);
  });

  it('that refuses the job fails the image at once, with what it says', async () => {
    ci.answers = [{ status: 422, body: '{"message":"No ref found"}' }];
    const of = await withTask(subject);
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect(becauses(of)).toEqual([expect.stringContaining('answered 422: {"message":"No ref found"}')]);
  });

  it('has one job that counts, whenever the process that gives it dies', async () => {
    const whole = await withTask(subject);
    await whole.api('POST', '/tasks/app/run');
    const calls = new CallPlan();
    await whole.process(calls).messages['builds-work'](whole.world.region('home').queues.drain('build-runs')[0]);
    for (const n of callsToFail(1, calls.total())) {
      ci.asked.length = 0;
      const of = await withTask(subject);
      await of.api('POST', '/tasks/app/run');
      await of
        .process(new CallPlan().crashAfter(n))
        .messages['builds-work'](of.world.region('home').queues.drain('build-runs')[0])
        .catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
      of.clock.advance(181_000);
      await of.process().timers['builds-sweep']();
      await of.settle();
      const jobs = await Promise.all(ci.asked.map((asked) => jobOf(of, subject, asked)));
      expect(jobs.length, `crash after call ${n}`).toBeLessThanOrEqual(2);
      const digest = await built(of);
      const answers: number[] = [];
      // A runner that was given it twice tells by either token.
      for (const job of jobs) answers.push(await tell(of, job, { state: 'succeeded', digest }));
      await of.settle();
      // One that was given it twice may have begun at the first, and knows that token alone.
      expect(new Set(answers), `crash after call ${n}`).toEqual(new Set([202]));
      expect(new Set(jobs.map(({ id }) => id)), `crash after call ${n}`).toHaveLength(1);
      expect(await digestAt(of), `crash after call ${n}`).toBe(digest);
    }
  }, 60_000);
});

describe('a gate over HTTP', () => {
  const gated = async () => {
    const of = registry();
    await of.push(build('base', 'base 1'), '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    await of.api('PUT', '/tasks/app', { image: 'app:1', context, test: { url: `${ci.url}/gate`, timeoutSeconds: 60 } });
    secrets = (await of.api('PUT', '/tasks/app/hook', {})).body as unknown as TaskSecrets;
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    return of;
  };

  it("is asked with the image's digest before its tag moves, and opens it", async () => {
    ci.answers = [{ status: 200, body: '{"pass":true,"reason":"twelve checks"}' }];
    const of = await gated();
    const digest = await digestAt(of);
    expect(verified(secrets.gateSecret, ci.asked[0] as Asked)).toMatchObject({
      type: 'test',
      image: 'app:1',
      digest,
      reference: `${host}/app@${digest}`,
    });
    expect(digest).toBeDefined();
  });

  it.each([
    ['says no', { status: 200, body: '{"pass":false,"reason":"two CVEs"}' }, 'its gate is closed: two CVEs'],
    ['says nothing', { status: 204 }, 'its gate did not answer {"pass": true} or {"pass": false, "reason": "…"}'],
    ['is broken', { status: 500 }, 'its gate answered 500'],
    ['leads elsewhere', { status: 302, headers: { location: 'http://169.254.169.254/' } }, 'its gate answered 302'],
    [
      'will not decide in time',
      { status: 202, headers: { 'retry-after': '120' } },
      'its gate has not decided within 60 s',
    ],
  ])('that %s leaves the tag, and says so in the event and the explanation', async (_, answer, why) => {
    ci.answers = [answer];
    const of = await gated();
    expect(await digestAt(of)).toBeUndefined();
    expect(becauses(of)).toEqual([why]);
    expect((await of.api('GET', '/builds')).body.items).toMatchObject([{ counts: { failed: 1 } }]);
  });

  it('may need some minutes', async () => {
    ci.answers = [
      { status: 202, headers: { 'retry-after': '1' } },
      { status: 200, body: '{"pass":true}' },
    ];
    const of = await gated();
    expect(ci.asked).toHaveLength(2);
    expect(ci.asked[0]?.headers['webhook-id']).toBe(ci.asked[1]?.headers['webhook-id']);
    expect(await digestAt(of)).toBeDefined();
  });
});
