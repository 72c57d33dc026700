import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import type { AzureDocuments } from '../../shared/adapters/azure/documents.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { database, startDocuments } from './cosmos.ts';
import { newRepository } from './repository.ts';

const started = 'http.client.request.start';

/** Returns how many requests this process sends while `work` runs. */
async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  let requests = 0;
  const count = () => {
    requests += 1;
  };
  subscribe(started, count);
  await work();
  unsubscribe(started, count);
  return requests;
}

describe('one call of the documents', () => {
  let emulator: CosmosEmulator;
  let documents: AzureDocuments;
  beforeAll(async () => {
    emulator = await startDocuments();
    documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
    // The first call asks for the account's regions, the first absence for the container.
    await newRepository(documents).read('absent');
  });
  afterAll(async () => {
    documents.dispose();
    await emulator.stop();
  });

  it('is one request', async () => {
    const here = newRepository(documents);
    const create = (id: string) => ({ do: 'create', document: here.document(id) }) as const;
    expect(await requestsOf(() => here.read('absent'))).toBe(1);
    expect(await requestsOf(() => here.commit(create('a')))).toBe(1);
    expect(await requestsOf(() => here.commit(create('b'), create('c'), create('d')))).toBe(1);
    expect(await requestsOf(() => here.read('a'))).toBe(1);
    expect(await requestsOf(() => here.commit({ do: 'patch', id: 'a', set: { n: 1 } }))).toBe(1);
    expect(await requestsOf(() => here.commit(create('a')))).toBe(1);
  });

  it('is one request for a page of a query, and for each page after it', async () => {
    const here = newRepository(documents);
    await here.create(...['a', 'b', 'c'].map((id) => here.document(id)));
    const query = {
      container: 'repositories',
      partition: here.partition,
      where: [],
      orderBy: { path: 'id', direction: 'asc' },
      limit: 2,
    } as const;
    let continuation: string | undefined;
    expect(await requestsOf(async () => ({ continuation } = await documents.queryDocuments(query)))).toBe(1);
    if (continuation === undefined) throw new Error('there is no second page');
    const second = { ...query, continuation };
    expect(await requestsOf(() => documents.queryDocuments(second))).toBe(1);
  });
});
