import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { removing, replacing, writing, written } from '../../../../shared/core/documents/changes.ts';
import { collection, partitionPaths } from '../../../../shared/core/documents/collection.ts';
import { documentShape } from '../../../../shared/core/documents/stored.ts';

const noteSchema = z.object({ ...documentShape('note'), registry: z.string(), name: z.string(), count: z.int() });
type Note = z.infer<typeof noteSchema>;

const notes = collection({
  container: 'registries',
  schema: noteSchema,
  place: ({ registry, name }: Pick<Note, 'registry' | 'name'>) => ({ partition: [registry], id: `note:${name}` }),
});

function note(name: string, count = 0): Note {
  return { id: `note:${name}`, type: 'note', schemaVersion: 1, registry: 'local', name, count };
}

const which = { partition: ['local'], where: [{ path: 'type', is: '=' as const, value: 'note' }] };

describe('a collection', () => {
  it('creates a document once, and finds it by its key', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    expect((await notes.create(documents, note('a')))?.document).toEqual(note('a'));
    expect(await notes.create(documents, note('a', 7))).toBeUndefined();
    expect((await notes.find(documents, { registry: 'local', name: 'a' }))?.document.count).toBe(0);
    expect(await notes.find(documents, { registry: 'local', name: 'b' })).toBeUndefined();
  });

  it('refuses a write of what somebody else has written since it was read', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    const first = await notes.create(documents, note('a'));
    if (first === undefined) throw new Error('it was not created');
    const second = await notes.patch(documents, first, { count: 1 });
    expect(second?.document.count).toBe(1);
    expect(await notes.patch(documents, first, { count: 2 })).toBeUndefined();
    expect(await notes.write(documents, first, note('a', 3))).toBeUndefined();
    expect(await notes.remove(documents, first)).toBe(false);
    if (second === undefined) throw new Error('it was not written');
    expect(await notes.remove(documents, second)).toBe(true);
    expect(await notes.find(documents, { registry: 'local', name: 'a' })).toBeUndefined();
  });

  it('counts every one of many updates at the same time', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    await notes.create(documents, note('a'));
    const ref = notes.ref({ registry: 'local', name: 'a' });
    const add = () => notes.update(documents, ref, (before) => ({ ...before, count: before.count + 1 }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await notes.find(documents, { registry: 'local', name: 'a' }))?.document.count).toBe(8);
  });

  it('writes nothing where an update makes nothing of a document, or there is none', async () => {
    const memory = connectMemory(createMemoryWorld());
    const created = await notes.create(memory.documents, note('a'));
    if (created === undefined) throw new Error('it was not created');
    const ref = notes.ref({ registry: 'local', name: 'a' });
    const before = memory.calls.list.length;
    expect(await notes.update(memory.documents, ref, () => undefined, { known: created })).toBeUndefined();
    expect(memory.calls.list.length).toBe(before);
    expect(
      await notes.update(memory.documents, notes.ref({ registry: 'local', name: 'b' }), (each) => each),
    ).toBeUndefined();
    expect(memory.calls.list.length).toBe(before + 1);
  });

  it('reads no more pages than are wanted', async () => {
    const memory = connectMemory(createMemoryWorld());
    for (const name of ['a', 'b', 'c', 'd', 'e']) await notes.create(memory.documents, note(name));
    const before = memory.calls.list.length;
    const seen: string[] = [];
    for await (const { document } of notes.where(memory.documents, { ...which, limit: 2 })) {
      seen.push(document.name);
      if (seen.length === 3) break;
    }
    expect(seen).toHaveLength(3);
    expect(memory.calls.list.length - before).toBe(2);
    expect((await notes.all(memory.documents, { ...which, limit: 2 })).map(({ document }) => document.name)).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
  });

  it('shows page after page, and says at the last one that it is the last', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    for (const name of ['a', 'b', 'c']) await notes.create(documents, note(name));
    const order = { orderBy: { path: 'name', direction: 'asc' as const }, limit: 2 };
    const first = await notes.page(documents, { ...which, ...order });
    expect(first.items.map(({ document }) => document.name)).toEqual(['a', 'b']);
    const second = await notes.page(documents, { ...which, ...order, continuation: first.continuation });
    expect(second.items.map(({ document }) => document.name)).toEqual(['c']);
    expect(second).not.toHaveProperty('continuation');
  });

  it('puts changes of several documents into one batch, of which all hold or none', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    const a = await notes.create(documents, note('a'));
    const b = await notes.create(documents, note('b'));
    if (a === undefined || b === undefined) throw new Error('they were not created');
    await notes.patch(documents, b, { count: 9 });
    const changes = [replacing(a, note('a', 1)), writing(undefined, note('c')), removing(b)];
    const refused = await documents.commitDocuments('registries', ['local'], changes);
    expect(written(refused, note('a', 1))).toBeUndefined();
    expect((await notes.all(documents, which)).map(({ document }) => [document.name, document.count])).toEqual([
      ['a', 0],
      ['b', 9],
    ]);
    const outcome = await documents.commitDocuments('registries', ['local'], changes.slice(0, 2));
    const c = written(outcome, note('c'), 1);
    if (c === undefined) throw new Error('it was not written');
    expect(await notes.remove(documents, c)).toBe(true);
  });

  it('knows the partition keys that the containers are created with', () => {
    const path = join(import.meta.dirname, '../../../../infra/cosmos-containers.json');
    const { containers } = JSON.parse(readFileSync(path, 'utf8')) as {
      containers: { name: string; partitionKey: string[] }[];
    };
    expect(Object.fromEntries(containers.map((each) => [each.name, each.partitionKey]))).toEqual(
      Object.fromEntries(
        Object.entries(partitionPaths).map(([name, paths]) => [name, paths.map((path) => `/${path}`)]),
      ),
    );
  });
});
