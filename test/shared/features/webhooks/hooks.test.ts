import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { Webhook } from '../../../../shared/features/webhooks/documents.ts';
import { webhookDocumentSchema, webhookRouteSchema } from '../../../../shared/features/webhooks/documents.ts';
import { changeHook, deleteHook, readHook, writeHook } from '../../../../shared/features/webhooks/hooks.ts';
import { hookActions } from '../../../../shared/features/webhooks/scope.ts';

const registry = 'default' as RegistryName;
const at = '2026-01-01T12:00:00.000Z';
const hookOf = (rest: Partial<Webhook> = {}): Webhook => ({
  ...{
    registry,
    name: 'deploy',
    uid: 'u1',
    serviceUri: 'https://ci.example.com/hooks',
    actions: ['push', 'delete'],
    scope: '',
    excludes: [],
    status: 'enabled',
    format: 'acr',
    createdAt: at,
    updatedAt: at,
  },
  secrets: [{ id: 's1', sealed: { iv: '', tag: '', bytes: '' }, createdAt: at }],
  ...rest,
});

/**
 * Returns the stored webhooks: each with the actions by which routes lead to it, and whether all of them repeat it as
 * it is.
 */
async function stored(world: MemoryWorld): Promise<unknown> {
  const { documents: found } = await connectMemory(world).documents.queryDocuments({
    container: 'registries',
    partition: [registry],
    where: [{ path: 'name', is: '=', value: 'deploy' }],
    limit: 100,
  });
  const documents = found.map(({ document }) => document);
  const hook = documents
    .filter(({ type }) => type === 'webhook')
    .map((document) => webhookDocumentSchema.parse(document).hook)[0];
  const routes = documents
    .filter(({ type }) => type === 'webhook-route')
    .map((document) => webhookRouteSchema.parse(document));
  for (const route of routes) expect(route.hook).toEqual(hook);
  const ways = routes.map(({ anchor }) => anchor.split('|')[0]).sort();
  expect(ways).toEqual(hook?.status === 'enabled' ? [...hook.actions].sort() : []);
  return hook;
}

const changes = fc.oneof(
  fc.record({ actions: fc.subarray([...hookActions], { minLength: 1 }) }),
  fc.record({ status: fc.constantFrom('enabled' as const, 'disabled' as const) }),
  fc.record({ scope: fc.constantFrom('', 'a/**', 'a:v1') }),
);

describe('a webhook and its routes', () => {
  it('agree after any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { maxLength: 6 }), async (all) => {
        const world = createMemoryWorld();
        const { documents } = connectMemory(world);
        let expected = hookOf();
        await writeHook(documents, registry, 'deploy', () => expected);
        for (const change of all) {
          await changeHook(documents, expected, (before) => ({ ...before, ...change }));
          expected = { ...expected, ...change };
        }
        expect(await stored(world)).toEqual(expected);
        await deleteHook(documents, registry, 'deploy');
        expect(await stored(world)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('agree when many change them at once, and no change is lost', async () => {
    const world = createMemoryWorld();
    await writeHook(connectMemory(world).documents, registry, 'deploy', () => hookOf());
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        changeHook(connectMemory(world).documents, hookOf(), (before) => ({
          ...before,
          excludes: [...before.excludes, `a${index}`],
          actions: index % 2 === 0 ? ['push'] : ['delete', 'Longshore.TagMoved'],
        })),
      ),
    );
    expect(((await stored(world)) as Webhook).excludes).toHaveLength(12);
  });

  it.each(['failOn', 'loseAnswerOn'] as const)(
    'agree when the store fails at any call (%s), and the change can be made again',
    async (fault) => {
      for (const call of ['documents.read', 'documents.commit'] as const) {
        const world = createMemoryWorld();
        await writeHook(connectMemory(world).documents, registry, 'deploy', () => hookOf());
        const { documents } = connectMemory(world, { calls: new CallPlan()[fault](call, 1) });
        const change = () =>
          changeHook(documents, hookOf(), (before) => ({ ...before, actions: ['Longshore.TagMoved'] }));
        await expect(change()).rejects.toThrow('planned');
        await stored(world);
        expect((await change())?.actions).toEqual(['Longshore.TagMoved']);
        expect(((await stored(world)) as Webhook).actions).toEqual(['Longshore.TagMoved']);
      }
    },
  );

  it('are not written when nothing changes, nor for a later life of the name', async () => {
    const world = createMemoryWorld();
    const calls = new CallPlan();
    const { documents } = connectMemory(world, { calls });
    await writeHook(documents, registry, 'deploy', () => hookOf());
    await changeHook(documents, hookOf(), (before) => before);
    expect(
      await changeHook(documents, { ...hookOf(), uid: 'an earlier one' }, (before) => ({
        ...before,
        status: 'disabled',
      })),
    ).toBeUndefined();
    expect(await changeHook(documents, { registry, name: 'other' }, (before) => before)).toBeUndefined();
    expect([calls.count('documents.commit'), (await readHook(documents, registry, 'deploy'))?.status]).toEqual([
      1,
      'enabled',
    ]);
  });
});
