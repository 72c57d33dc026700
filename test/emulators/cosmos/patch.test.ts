import type { Container, PatchOperation, PatchRequestBody } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { refusal, useEmulator } from './harness.ts';

const bed = useEmulator();

async function patched(body: PatchRequestBody): Promise<unknown> {
  const container = await sample();
  return (await container.item('a', 'x').patch<{ id: string }>(body)).resource;
}

async function sample(): Promise<Container> {
  const container = await bed.newContainer();
  await container.items.create({ id: 'a', pk: 'x', n: 1, list: ['p', 'q'], deep: { name: 'd' }, 'a/b': 1 });
  return container;
}

describe('a patch', () => {
  it.each<[string, PatchOperation[], object]>([
    ['adds a property', [{ op: 'add', path: '/new', value: { k: 1 } }], { new: { k: 1 } }],
    ['inserts into an array', [{ op: 'add', path: '/list/1', value: 'new' }], { list: ['p', 'new', 'q'] }],
    ['appends to an array', [{ op: 'add', path: '/list/-', value: 'new' }], { list: ['p', 'q', 'new'] }],
    [
      'sets an element of an array in its place',
      [{ op: 'set', path: '/list/1', value: 'new' }],
      { list: ['p', 'new'] },
    ],
    ['sets a nested property', [{ op: 'set', path: '/deep/name', value: null }], { deep: { name: null } }],
    ['replaces what is there', [{ op: 'replace', path: '/n', value: 'text' }], { n: 'text' }],
    ['increments a number', [{ op: 'incr', path: '/n', value: -2.5 }], { n: -1.5 }],
    ['increments what is not there from zero', [{ op: 'incr', path: '/count', value: 3 }], { count: 3 }],
    ['moves a property', [{ op: 'move', from: '/n', path: '/deep/n' } as never], { deep: { name: 'd', n: 1 } }],
    ['reads ~1 as a slash', [{ op: 'set', path: '/a~1b', value: 2 }], { 'a/b': 2 }],
    [
      'applies its operations in order',
      [{ op: 'incr', path: '/n', value: 1 }, { op: 'move', from: '/n', path: '/m' } as never],
      { m: 2 },
    ],
  ])('%s', async (_, operations, expected) => {
    expect(await patched(operations)).toMatchObject(expected);
  });

  it('removes a property and an element', async () => {
    const result = await patched([
      { op: 'remove', path: '/deep' },
      { op: 'remove', path: '/list/0' },
    ]);
    expect(result).toMatchObject({ list: ['q'] });
    expect(result).not.toHaveProperty('deep');
  });

  it('treats a property named __proto__ like any other', async () => {
    expect(
      Object.keys((await patched([{ op: 'set', path: '/__proto__', value: { polluted: true } }])) as object),
    ).toContain('__proto__');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each<[string, PatchOperation[]]>([
    ['replaces what is not there', [{ op: 'replace', path: '/none', value: 1 }]],
    ['removes what is not there', [{ op: 'remove', path: '/none' }]],
    ['writes under a parent that is not there', [{ op: 'add', path: '/none/child', value: 1 }]],
    ['inserts beyond the end of an array', [{ op: 'add', path: '/list/9', value: 1 }]],
    ['increments text', [{ op: 'incr', path: '/deep/name', value: 1 }]],
    ['changes the id', [{ op: 'set', path: '/id', value: 'b' }]],
    ['changes the partition key', [{ op: 'set', path: '/pk', value: 'y' }]],
    ['changes the etag', [{ op: 'set', path: '/_etag', value: 'y' }]],
    ['moves a property into itself', [{ op: 'move', from: '/deep', path: '/deep/in' } as never]],
    [
      'holds more than ten operations',
      Array.from({ length: 11 }, () => ({ op: 'incr' as const, path: '/n', value: 1 })),
    ],
  ])('is refused when it %s', async (_, operations) => {
    const container = await sample();
    expect((await refusal(container.item('a', 'x').patch(operations))).code).toBe(400);
  });

  it('changes nothing when a later operation is refused', async () => {
    const container = await sample();
    await refusal(
      container.item('a', 'x').patch([
        { op: 'incr', path: '/n', value: 1 },
        { op: 'remove', path: '/none' },
      ]),
    );
    expect((await container.item('a', 'x').read<{ n: number }>()).resource?.n).toBe(1);
  });

  it('is applied only where its condition holds', async () => {
    const container = await sample();
    const operations: PatchOperation[] = [{ op: 'incr', path: '/n', value: 1 }];
    const condition = 'FROM c WHERE c.n = 1 AND IS_DEFINED(c.deep.name)';
    expect((await container.item('a', 'x').patch({ condition, operations })).statusCode).toBe(200);
    expect((await refusal(container.item('a', 'x').patch({ condition, operations }))).code).toBe(412);
  });

  it('honours If-Match', async () => {
    const container = await sample();
    const options = { accessCondition: { type: 'IfMatch', condition: '"old"' } };
    expect((await refusal(container.item('a', 'x').patch([{ op: 'incr', path: '/n', value: 1 }], options))).code).toBe(
      412,
    );
  });

  it('answers 404 for an item that is not there', async () => {
    const container = await sample();
    expect((await refusal(container.item('b', 'x').patch([{ op: 'incr', path: '/n', value: 1 }]))).code).toBe(404);
  });

  it('counts every one of many concurrent increments', async () => {
    const container = await sample();
    await Promise.all(
      Array.from({ length: 30 }, () => container.item('a', 'x').patch([{ op: 'incr', path: '/n', value: 1 }])),
    );
    expect((await container.item('a', 'x').read<{ n: number }>()).resource?.n).toBe(31);
  });
});
