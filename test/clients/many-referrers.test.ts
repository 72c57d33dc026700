import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remoteApp } from '../conformance/registry.ts';
import type { App } from '../../shared/app.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { ask, makeImage, pushImage, putManifest } from '../shared/image.ts';
import { naming } from '../shared/purge/binned.ts';

const repository = 'team/app';
const count = Number(process.env.REFERRERS ?? 1_000);
const pushesAtOnce = 16;
const image = makeImage('subject', 0);

let folder: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;
let app: App;

beforeAll(async () => {
  folder = await stateFolder();
  stack = await startRunningStack(folder.path);
  app = remoteApp(stack.functionsUrl);
});

afterAll(async () => {
  await stack.stop();
  await folder.remove();
});

async function referrers(): Promise<number> {
  const listed = (await (await ask(app, 'GET', `/v2/${repository}/referrers/${image.digest}`)).json()) as { manifests: unknown[] };
  return listed.manifests.length;
}

/** How long the answer took, and then until the list of referrers is so long as it should be. In milliseconds. */
async function timed(expected: { readonly status: number; readonly left: number }, send: () => Promise<Response>): Promise<{ answered: number; settled: number }> {
  const began = performance.now();
  const answer = await send();
  const answered = performance.now() - began;
  expect(answer.status, await answer.text()).toBe(expected.status);
  await expect.poll(referrers, { timeout: 120_000, interval: 500 }).toBe(expected.left);
  return { answered, settled: performance.now() - began };
}

describe('a manifest with a thousand referrers, on the local stack', () => {
  it('is deleted, restored and deleted again with an answer at once, and what belongs to it follows', async () => {
    await pushImage(app, repository, 'v1', image);
    const waiting = Array.from({ length: count }, (_, n) => n);
    const pushAll = async () => {
      for (let n = waiting.pop(); n !== undefined; n = waiting.pop()) {
        const referrer = makeImage('subject', 0, { ...naming(image), annotations: { n: String(n) } });
        const pushed = await putManifest(app, repository, referrer.digest, referrer);
        if (pushed.status !== 201) throw new Error(await pushed.text());
      }
    };
    const beganPushing = performance.now();
    await Promise.all(Array.from({ length: pushesAtOnce }, pushAll));
    const pushed = performance.now() - beganPushing;
    console.info(`${count} pushed in ${Math.round(pushed)} ms`);
    await pushImage(app, 'team/plain', 'v1', image);
    const beganPlain = performance.now();
    expect((await ask(app, 'DELETE', `/v2/team/plain/manifests/${image.digest}`)).status).toBe(202);
    const plain = performance.now() - beganPlain;
    const all = await referrers();
    const remove = () => ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    const restore = () => ask(app, 'POST', '/api/v1/bin/restore', { body: JSON.stringify({ repository, digest: image.digest }), headers: { 'content-type': 'application/json' } });
    const first = await timed({ status: 202, left: 0 }, remove);
    const back = await timed({ status: 200, left: all }, restore);
    const second = await timed({ status: 202, left: 0 }, remove);
    console.info(`a plain deletion ${Math.round(plain)} ms; with ${count} referrers: ${JSON.stringify({ first, back, second })}`);
    // A second and half a minute, where the machine is not busy with other things: what it takes for the rest says whether it is.
    const slowness = Math.max(1, plain / 25, pushed / count / 30);
    for (const { answered, settled } of [first, back, second]) {
      expect(answered).toBeLessThan(1_000 * slowness);
      expect(settled).toBeLessThan(30_000 * slowness);
    }
  });
});
