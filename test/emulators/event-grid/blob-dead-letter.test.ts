import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobDeadLetterSink } from '../../../emulators/event-grid/blob-dead-letter.ts';
import type { Azurite } from '../../../local/azurite/start.ts';
import { startAzurite } from '../../../local/azurite/start.ts';
import { startReceiver, until } from './receiver.ts';
import { event, startTopic, webhook } from './topic-fixture.ts';

let folder: string;
let azurite: Azurite;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azurite-'));
  azurite = await startAzurite({ folder, blobPort: 0, queuePort: 0 });
});
afterAll(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true });
});

describe('dead letters in Blob Storage', () => {
  it('are JSON blobs in the subscription’s container, which is created when it is missing', async () => {
    const connection = azurite.connectionString('devstoreaccount1');
    await using receiver = await startReceiver(() => 400);
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url, { deadLetter: { container: 'dead-letters' } })],
      timeScale: 1_000,
      deadLetter: blobDeadLetterSink(connection),
    });
    await topic.publish(event({ id: 'one' }), event({ id: 'two' }));
    await until(() => topic.pending() === 0);
    const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('dead-letters');
    const ids: unknown[] = [];
    for await (const { name, properties } of container.listBlobsFlat({ prefix: 'RECEIVER/' })) {
      expect(properties.contentType).toBe('application/json');
      const [letter] = JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString()) as [
        Record<string, unknown>,
      ];
      ids.push(letter['id']);
    }
    expect(ids.sort()).toEqual(['one', 'two']);
  });
});
