import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { azureDocuments } from '../../../shared/adapters/azure/documents.ts';
import { composeForTest } from '../../../shared/app/compose-for-test.ts';
import { database, startDocuments } from '../../contracts/cosmos.ts';
import { deliverEvents, foldAll, usageOf } from '../../shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../../shared/image.ts';
import { pushOver } from './client.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

const image = makeImage('pulled from the stack', 1);
const repository = 'pulled/app';

/** Until it is so: a flush of the instance, the queue's poll, the fold. */
const patience = { timeout: 20_000, interval: 200 };

async function pulls(stack: RunningStack): Promise<number> {
  const answer = await fetch(`${stack.url}/api/v1/usage?repository=${repository}&tag=v1`);
  return ((await answer.json()) as { pulls: number }).pulls;
}

async function pull(url: string): Promise<void> {
  await (
    await fetch(`${url}/v2/${repository}/manifests/v1`, { headers: { 'user-agent': 'containerd/2.0' } })
  ).arrayBuffer();
}

describe('pulls from the stack that npm start runs', () => {
  let stack: RunningStack;
  let state: Awaited<ReturnType<typeof stateFolder>>;

  beforeAll(async () => {
    state = await stateFolder();
    stack = await startRunningStack(state.path);
    await pushOver(stack.url, repository, 'v1', image);
  });

  afterAll(async () => {
    expect(await stack.stop()).toBe(0);
    await state.remove();
  });

  it('are counted on both hosts, over the queue', async () => {
    await pull(stack.url);
    await pull(stack.functionsUrl);
    await vi.waitFor(async () => expect(await pulls(stack)).toBe(2), patience);
  }, 60_000);

  it('are counted when it is stopped before they were flushed', async () => {
    await pull(stack.url);
    expect(await stack.stop()).toBe(0);
    stack = await startRunningStack(state.path);
    await vi.waitFor(async () => expect(await pulls(stack)).toBe(3), patience);
  }, 60_000);
});

describe('usage over Cosmos DB, as its emulator and the SDK have it', () => {
  it('is what it is over memory', async () => {
    const emulator = await startDocuments();
    const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
    const answers = async (longshore: ReturnType<typeof composeForTest>) => {
      for (const [name, layers] of [
        ['team/a', 1],
        ['team/b', 2],
      ] as const)
        await pushImage(longshore.app, name, 'v1', makeImage(name, layers, {}, 'shared'));
      await pushImage(
        longshore.app,
        'team/b',
        'large',
        makeImage('large', 1, { annotations: { filler: 'x'.repeat(140 * 1024) } }),
      );
      await deliverEvents(longshore);
      for (const name of ['team/a', 'team/b', 'team/b']) await ask(longshore.app, 'GET', `/v2/${name}/manifests/v1`);
      await foldAll(longshore);
      await longshore.timers['usage-survey']();
      const json = async (path: string) =>
        (await (await ask(longshore.app, 'GET', `/api/v1/usage${path}`)).json()) as object;
      const { sizes, pulls: all } = await usageOf(longshore);
      const { period, sizes: held } = await usageOf(longshore, { repository: 'team/b', by: 'minute' });
      const { sizes: ofImage } = await usageOf(longshore, { repository: 'team/b', tag: 'v1' });
      const tops = await Promise.all(['size', 'waste', 'pulls', 'pushes'].map((by) => json(`/top?by=${by}`)));
      const table = await (await ask(longshore.app, 'GET', '/api/v1/usage/export.csv?of=images')).text();
      const lines = table
        .split('\r\n')
        .map((line) => line.split(',').slice(0, 6).join())
        .sort();
      const timeless = (of: object | undefined) => ({ ...of, measuredAt: '' });
      return {
        sizes: timeless(sizes),
        all,
        held: timeless(held),
        ofImage,
        pulls: period.pulls,
        tops,
        lines,
        pulled: { ...(await json('/pulled')), measuredAt: '', trackedSince: '' },
      };
    };
    const overCosmos = await answers(composeForTest({ adapters: { documents } }));
    documents.dispose();
    await emulator.stop();
    expect(overCosmos).toEqual(await answers(composeForTest()));
    expect(overCosmos).toMatchObject({ all: 3, pulls: 2 });
  });
});
