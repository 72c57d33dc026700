import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEventGrid } from '../../emulators/event-grid/start.ts';
import { azureTopic } from '../../shared/adapters/azure/topic.ts';
import type { CloudEvent } from '../../shared/core/ports/topic.ts';
import { startReceiver, until } from '../emulators/event-grid/receiver.ts';
import { topicContract } from './topic.contract.ts';

const key = 'b25lIG9mIHRoZSBrZXlz';

topicContract('Azure SDK on the local Event Grid', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'contract-eventgrid-'));
  const receiver = await startReceiver((_, response) => {
    response.setHeader('WebHook-Allowed-Origin', '*');
    return 200;
  });
  const subscriptions = [{ name: 'everything', destination: { type: 'WebHook', url: receiver.url } }] as const;
  const grid = await startEventGrid({ statePath: join(folder, 'topic.sqlite'), keys: [key, key], subscriptions });
  const received = () =>
    receiver.received
      .filter(({ body }) => body !== '')
      .flatMap(({ body }) => [JSON.parse(body) as CloudEvent | CloudEvent[]].flat());
  const among = (ids: readonly string[]) => received().filter(({ id }) => ids.includes(id));
  return {
    topic: azureTopic({ endpoint: grid.endpoint, key }),
    async delivered(ids) {
      await until(() => among(ids).length >= ids.length);
      return among(ids);
    },
    async stop() {
      await grid.stop();
      await receiver[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
