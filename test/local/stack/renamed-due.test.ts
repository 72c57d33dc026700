import { CosmosClient } from '@azure/cosmos';
import { afterEach, describe, expect, it } from 'vitest';
import { startCosmosEmulator } from '../../../emulators/cosmos/emulator.ts';
import { provisionCosmos } from '../../../local/stack/provision.ts';
import { azureDocuments } from '../../../shared/adapters/azure/documents.ts';
import { dueQuery } from '../../../shared/core/documents/due.ts';
import type { ContainerName } from '../../../shared/core/ports/documents.ts';
import { nodeSchema } from '../../../shared/features/builds/plan/documents.ts';
import { copySchema } from '../../../shared/features/replication/documents.ts';
import { deliverySchema } from '../../../shared/features/webhooks/documents.ts';
import { healthSchema } from '../../../shared/features/webhooks/health.ts';
import { redeliverySchema } from '../../../shared/features/webhooks/redeliver-since.ts';

let clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.reverse()) await each();
  clean = [];
});

const at = '2026-01-01T00:00:00.000Z';
const digest = `sha256:${'a'.repeat(64)}`;
const shape = { schemaVersion: 1, registry: 'default' };

/** As an earlier version wrote what waits for its time. */
const old = {
  copy: {
    ...{ ...shape, id: 'copy:north', type: 'copy', digest, size: 1, region: 'north', order: '1', name: 'n' },
    ...{ begun: false, bytesDone: 0, attempts: 0, verify: 'size', queuedAt: at, images: [], tryAt: at },
  },
  node: {
    ...{ ...shape, id: 'node:app', type: 'node', scope: 'build:b1', build: 'b1', repository: 'app', tag: 'v1' },
    ...{ mode: 'rebase', by: 'task', bases: [], waitsFor: [], level: 1, state: 'ready', attempts: 0, queuedAt: at },
    tryAt: at,
  },
  delivery: {
    ...{ ...shape, id: 'dlv_1', type: 'delivery', webhook: 'default:hook', day: '2026-01-01', name: 'hook', uid: 'u' },
    ...{ deliveryId: 'dlv_1', eventId: 'e', eventType: 't', eventTime: at, status: 'waiting', createdAt: at },
    ...{ deadline: at, round: 1, attempted: 1, attempts: [], ttl: 3600, nextAttemptAt: at },
  },
  health: {
    ...{ ...shape, id: 'webhook-health:hook', type: 'webhook-health', name: 'hook', uid: 'u', state: 'open' },
    ...{ failures: 20, lookAt: 40, since: at, lastFailure: 'x', probes: 0, marked: true, told: true, seq: 1, at },
  },
  redelivery: {
    ...{ ...shape, id: 'webhook-redelivery:hook:j', type: 'webhook-redelivery', name: 'hook', uid: 'u', job: 'j' },
    ...{ since: at, startedAt: at, state: 'running', redelivered: 0, seq: 1, ttl: 3600, at },
  },
} as const;

const places = {
  copy: ['blobs', copySchema, 'tryAt'],
  node: ['builds', nodeSchema, 'tryAt'],
  delivery: ['deliveries', deliverySchema, 'nextAttemptAt'],
  health: ['registries', healthSchema, 'at'],
  redelivery: ['registries', redeliverySchema, 'at'],
} as const;
type Kind = keyof typeof places;
const kinds = Object.keys(places) as Kind[];

async function emulator() {
  const started = await startCosmosEmulator({ path: ':memory:' });
  const cosmos = { endpoint: started.endpoint, key: started.key };
  const client = new CosmosClient(cosmos);
  const documents = azureDocuments({ ...cosmos, database: 'longshore' });
  clean.push(
    () => started.stop(),
    () => client.dispose(),
    () => documents.dispose(),
  );
  await provisionCosmos(cosmos, () => undefined);
  const create = (container: ContainerName, document: object) =>
    client.database('longshore').container(container).items.create(document);
  return { cosmos, documents, create };
}

describe('what an earlier version left to do under another name of its time', () => {
  it.each(kinds)('is due as before once the stack has opened its state: a %s', async (kind) => {
    const { cosmos, documents, create } = await emulator();
    const [container, schema, from] = places[kind];
    await create(container, old[kind]);
    const lines: string[] = [];
    await provisionCosmos(cosmos, (line) => lines.push(line));
    const query = dueQuery(new Date(at), { container, where: [], limit: 10 });
    const [found] = (await documents.queryDocuments(query)).documents;
    expect(schema.safeParse(found?.document).error).toBeUndefined();
    const { [from]: _, ...rest } = old[kind] as Record<string, unknown>;
    expect(found?.document).toEqual({ ...rest, dueAt: at });
    expect(lines).toHaveLength(1);
    await provisionCosmos(cosmos, (line) => lines.push(line));
    expect(lines).toHaveLength(1);
  });

  it.each([
    [undefined, [{ registry: 'a' }, { registry: 'b' }]],
    [[{ registry: 'a' }], [{ registry: 'a' }]],
  ])('is for the registries whose images wait, if a copy says %j', async (before, after) => {
    const { cosmos, documents, create } = await emulator();
    const images = ['a', 'b', 'a'].map((registry, n) => ({ registry, repository: `app${n}`, digest }));
    await create('blobs', { ...old.copy, images, wantedBy: before });
    await provisionCosmos(cosmos, () => undefined);
    const where = [{ path: 'wantedBy', is: 'contains' as const, value: { registry: 'a' } }];
    const [found] = (await documents.queryDocuments({ container: 'blobs', where, limit: 10 })).documents;
    expect(copySchema.parse(found?.document).wantedBy).toEqual(after);
  });

  it('is found on whatever page it lies, and what waits for nothing is left as it is', async () => {
    const { cosmos, documents, create } = await emulator();
    for (let n = 0; n < 250; n += 1) await create('deliveries', { ...old.delivery, id: `dlv_${n}` });
    const { nextAttemptAt: _, ...ended } = old.delivery;
    await create('deliveries', { ...ended, id: 'dlv_ended', status: 'delivered' });
    await provisionCosmos(cosmos, () => undefined);
    const partition = [old.delivery.webhook, old.delivery.day];
    const where = [{ path: 'dueAt', is: '=' as const, value: at }];
    expect(await documents.countDocuments({ container: 'deliveries', partition, where })).toBe(250);
    expect(await documents.countDocuments({ container: 'deliveries', partition, where: [] })).toBe(251);
  });
});
