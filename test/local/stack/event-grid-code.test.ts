import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeImage } from '../../shared/image.ts';
import { pushOver } from './client.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let state: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path, [], { LONGSHORE_EVENTGRID_CODE: "a key/of one's own" });
});
afterAll(async () => {
  await stack.stop();
  await state.remove();
});

const deliver = async (code: string | undefined) => {
  const query = new URLSearchParams({ functionName: 'usage-record', ...(code === undefined ? {} : { code }) });
  const answer = await fetch(`${stack.functionsUrl}/runtime/webhooks/eventgrid?${query.toString()}`, {
    method: 'POST',
    body: '[]',
    headers: { 'content-type': 'application/cloudevents-batch+json', 'aeg-event-type': 'Notification' },
  });
  return answer.status;
};

it('the key of LONGSHORE_EVENTGRID_CODE, and no other, opens the address that events are delivered to', async () => {
  const { functionsKey } = JSON.parse(await readFile(join(state.path, 'keys.json'), 'utf8')) as {
    functionsKey: string;
  };
  expect([await deliver(undefined), await deliver(functionsKey), await deliver("a key/of one's own")]).toEqual([
    401, 401, 202,
  ]);
});

it('the local topic delivers with that key', async () => {
  await pushOver(stack.url, 'team/app', '1', makeImage('delivered'));
  const pushes = async () => (await (await fetch(`${stack.url}/api/v1/usage?repository=team/app`)).json()) as object;
  await expect
    .poll(async () => JSON.stringify(await pushes()), { timeout: 20_000, interval: 250 })
    .toMatch(/"images":1/);
});
