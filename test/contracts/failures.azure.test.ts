import type { RequestListener } from 'node:http';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import { azureBlobs } from '../../shared/adapters/azure/blobs.ts';
import type { AzureDocuments } from '../../shared/adapters/azure/documents.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { azureQueues } from '../../shared/adapters/azure/queues.ts';
import { azureTopic } from '../../shared/adapters/azure/topic.ts';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import type { TestStorage } from './azurite.ts';
import { startStorage } from './azurite.ts';
import { bytesOf, someBytes } from './bytes.ts';
import { database, startDocuments } from './cosmos.ts';
import { newRepository } from './repository.ts';
import { newEvent } from './topic.contract.ts';

const unavailable = { name: 'StoreFailure', kind: 'unavailable' };

/** A server on a free port, and how to end it. */
async function serve(listener: RequestListener): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

describe('documents in Cosmos DB', () => {
  let emulator: CosmosEmulator;
  let documents: AzureDocuments;
  beforeAll(async () => {
    emulator = await startDocuments();
    documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  });
  afterEach(() => emulator.faults.clear());
  afterAll(async () => {
    documents.dispose();
    await emulator.stop();
  });

  const query = () =>
    documents.queryDocuments({ container: 'repositories', partition: ['r', 'a'], where: [], limit: 1 });

  it('survive a short throttling, and tell a long one with the wait that was asked for', async () => {
    const here = newRepository(documents);
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 5, count: 1 });
    await here.create(here.document('a'));
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 7 });
    const throttled = { name: 'StoreFailure', dependency: 'documents', kind: 'throttled', retryAfterMs: 7 };
    await expect(here.read('a')).rejects.toMatchObject(throttled);
    await expect(query()).rejects.toMatchObject(throttled);
    await expect(here.commit({ do: 'delete', id: 'a' })).rejects.toMatchObject(throttled);
    await expect(
      here.commit({ do: 'delete', id: 'a' }, { do: 'create', document: here.document('b') }),
    ).rejects.toMatchObject(throttled);
  });

  it('fail when the service does, and are never absent', async () => {
    const here = newRepository(documents);
    emulator.faults.add({ kind: 'unavailable' });
    const failure = { ...unavailable, dependency: 'documents' };
    await expect(here.read('a')).rejects.toMatchObject(failure);
    await expect(query()).rejects.toMatchObject(failure);
    await expect(here.commit({ do: 'delete', id: 'a' })).rejects.toMatchObject(failure);
    await expect(here.commit({ do: 'delete', id: 'a' }, { do: 'delete', id: 'b' })).rejects.toMatchObject(failure);
  });

  it('fail, and are never absent, in a database that does not exist', async () => {
    const lost = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database: 'another' });
    const here = newRepository(lost);
    await expect(here.read('a')).rejects.toThrow(StoreFailure);
    await expect(here.commit({ do: 'delete', id: 'a' })).rejects.toThrow(StoreFailure);
    await expect(here.commit({ do: 'delete', id: 'a' }, { do: 'delete', id: 'b' })).rejects.toThrow(StoreFailure);
    await expect(
      lost.queryDocuments({ container: 'repositories', partition: ['r', 'a'], where: [], limit: 1 }),
    ).rejects.toThrow(StoreFailure);
    await expect(lost.probe()).rejects.toThrow(StoreFailure);
    lost.dispose();
  });

  it('fail with a wrong key', async () => {
    const stranger = azureDocuments({
      endpoint: emulator.endpoint,
      key: Buffer.alloc(64).toString('base64'),
      database,
    });
    await expect(newRepository(stranger).read('a')).rejects.toThrow(StoreFailure);
    stranger.dispose();
  });

  it('fail when nobody listens, or something else answers', async () => {
    const closed = await serve((_, response) => response.end());
    await closed.stop();
    const proxy = await serve((_, response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    );
    for (const { url } of [closed, proxy]) {
      const lost = azureDocuments({ endpoint: url, key: emulator.key, database });
      await expect(newRepository(lost).read('a')).rejects.toMatchObject(unavailable);
      await expect(lost.probe()).rejects.toMatchObject(unavailable);
      lost.dispose();
    }
    await proxy.stop();
  });

  it('answer a probe', async () => {
    await expect(documents.probe()).resolves.toBeUndefined();
  });
});

describe('blobs and queues in a storage account', () => {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await startStorage();
  });
  afterAll(() => storage.stop());

  it('answer a probe', async () => {
    await expect(azureBlobs(storage).probe()).resolves.toBeUndefined();
    await expect(azureQueues(storage).probe()).resolves.toBeUndefined();
  });

  it('fail when a block arrives otherwise than it was sent, and none is kept', async () => {
    const { hostname, port } = new URL(/BlobEndpoint=([^;]+)/.exec(storage.connectionString)?.[1] ?? '');
    // Between the two, as a broken proxy or memory would: the last byte of each request's body becomes another.
    const garbling = await serve((request, response) => {
      const onward = forward(
        { hostname, port, method: request.method, path: request.url, headers: request.headers },
        (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers)),
      );
      request
        .on('data', (bytes: Buffer) =>
          onward.write(Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)])),
        )
        .on('end', () => onward.end());
    });
    const connectionString = storage.connectionString.replace(
      /BlobEndpoint=http:\/\/[^/]+/,
      `BlobEndpoint=${garbling.url}`,
    );
    await expect(
      azureBlobs({ ...storage, connectionString }).stageBlock('garbled', '1', someBytes(1_000)),
    ).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('Md5Mismatch') as string });
    expect(await azureBlobs(storage).listStagedBlocks('garbled')).toEqual([]);
    await garbling.stop();
  });

  it('fail, and are never absent, in a container or queue that does not exist', async () => {
    const blobs = azureBlobs({ ...storage, container: 'another' });
    await expect(blobs.statBlob('a')).rejects.toMatchObject({ ...unavailable, dependency: 'blobs' });
    await expect(blobs.readBlob('a')).rejects.toThrow(StoreFailure);
    await expect(blobs.listStagedBlocks('a')).rejects.toThrow(StoreFailure);
    await expect(blobs.deleteBlob('a')).rejects.toThrow(StoreFailure);
    await expect(blobs.stageBlock('a', '1', someBytes(1))).rejects.toThrow(StoreFailure);
    await expect(blobs.commitBlocks('a', ['1'], {})).rejects.toThrow(StoreFailure);
    await expect(blobs.probe()).rejects.toThrow(StoreFailure);
    await expect(azureQueues(storage).sendMessage('another', 1)).rejects.toMatchObject({
      ...unavailable,
      dependency: 'queues',
    });
  });
});

describe('blobs of a server that breaks', () => {
  const account = (url: string) =>
    `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${Buffer.alloc(64).toString('base64')};` +
    `BlobEndpoint=${url}/a;QueueEndpoint=${url}/a`;

  it('fail out of the stream when it ends early each time', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000000', etag: '"1"', 'last-modified': new Date(0).toUTCString() });
      response.write(Buffer.alloc(100_000));
      setTimeout(() => response.destroy(), 20);
    });
    const stream = await azureBlobs({ connectionString: account(server.url), container: 'c' }).readBlob('a');
    await expect(bytesOf(stream)).rejects.toMatchObject({ ...unavailable, dependency: 'blobs' });
    await server.stop();
  });

  it('are read for as long as it takes: the server is given no time after which to break off', async () => {
    const asked: string[] = [];
    const server = await serve((request, response) => {
      asked.push(request.url ?? '');
      response
        .writeHead(200, { 'content-length': '3', etag: '"1"', 'last-modified': new Date(0).toUTCString() })
        .end('abc');
    });
    // As in one process: the SDK of the queues has a timeout of its own.
    azureQueues({ connectionString: account(server.url) });
    await bytesOf(await azureBlobs({ connectionString: account(server.url), container: 'c' }).readBlob('a'));
    expect(asked).toEqual(['/a/c/a']);
    await server.stop();
  });

  it('are throttled when the server is busy, after three tries', async () => {
    let tries = 0;
    const server = await serve((_, response) => {
      tries += 1;
      response.writeHead(503, { 'x-ms-error-code': 'ServerBusy', 'retry-after': '3' }).end();
    });
    const failure = { name: 'StoreFailure', kind: 'throttled', retryAfterMs: 3000 };
    await expect(
      azureBlobs({ connectionString: account(server.url), container: 'c' }).statBlob('a'),
    ).rejects.toMatchObject(failure);
    expect(tries).toBe(3);
    await expect(azureQueues({ connectionString: account(server.url) }).sendMessage('q', 1)).rejects.toMatchObject(
      failure,
    );
    await server.stop();
  });
});

describe('a topic', () => {
  const answering = async (status: number, headers: Record<string, string> = {}) => {
    const server = await serve((request, response) =>
      request.resume().on('end', () => response.writeHead(status, headers).end()),
    );
    return { ...server, topic: azureTopic({ endpoint: `${server.url}/api/events`, key: 'a2V5' }) };
  };

  it.each([401, 403, 404])('that answers %i fails with the status in the message', async (status) => {
    const { topic, stop } = await answering(status);
    await expect(topic.publishEvents([newEvent()])).rejects.toMatchObject({
      ...unavailable,
      dependency: 'events',
      message: expect.stringContaining(String(status)) as string,
    });
    await stop();
  });

  it.each([400, 413])('that answers %i to an event will never take it', async (status) => {
    const { topic, stop } = await answering(status);
    await expect(topic.publishEvents([newEvent()])).rejects.toThrow(TypeError);
    await stop();
  });

  it('that is busy says for how long', async () => {
    const { topic, stop } = await answering(503, { 'retry-after': '1' });
    await expect(topic.publishEvents([newEvent()])).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 1000 });
    await stop();
  });

  it('is there when it answers a probe at all, and not when it fails or nobody listens', async () => {
    const [there, failing] = [await answering(404), await answering(500)];
    await expect(there.topic.probe()).resolves.toBeUndefined();
    await expect(failing.topic.probe()).rejects.toThrow(StoreFailure);
    await there.stop();
    await failing.stop();
    await expect(there.topic.probe()).rejects.toThrow(StoreFailure);
  });
});
