import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../../shared/adapters/memory/connect.ts';
import { followLog } from '../../../../../shared/features/builds/plan/follow-log.ts';
import { build, host, registry, upload } from './building.ts';

/** A log in pieces, of an image that is still being made. */
async function growing() {
  const of = registry();
  const { documents } = connectMemory(of.world);
  await of.push(build('base', 'base 1'), '1');
  await of.api('PUT', '/tasks/app', {
    image: 'app:1',
    context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) },
  });
  const id = String((await of.api('POST', '/tasks/app/run')).body.build);
  const node = { build: id, id: 'node:app:1' };
  const write = (piece: string, text: string) =>
    documents.commitDocuments(
      'builds',
      [`build:${id}`],
      [
        {
          do: 'create',
          document: {
            id: `log:${node.id}:${piece}`,
            scope: `build:${id}`,
            type: 'log',
            schemaVersion: 1,
            of: node.id,
            text,
          },
        },
      ],
    );
  const end = () =>
    documents.commitDocuments('builds', [`build:${id}`], [{ do: 'patch', id: node.id, set: { state: 'failed' } }]);
  return { documents, node, write, end };
}

describe('a log that is followed', () => {
  it('is shown once and whole, also where a piece comes late that lies before others', async () => {
    const { documents, node, write, end } = await growing();
    await write('1:000000', 'first ');
    await write('r:1:000001', 'elsewhere ');
    const following = new Response(followLog({ documents }, node, { everyMs: 5, forMs: 10_000 })).text();
    await new Promise((passed) => setTimeout(passed, 30));
    await write('2:000000', 'late');
    await end();
    expect(await following).toBe('first elsewhere late');
  });

  it('ends when its time is over, and goes on when it is asked for again', async () => {
    const { documents, node, write } = await growing();
    await write('1:000000', 'first');
    expect(await new Response(followLog({ documents }, node, { everyMs: 5, forMs: 20 })).text()).toBe('first');
    await write('1:000001', ', second');
    expect(await new Response(followLog({ documents }, node, { everyMs: 5, forMs: 20 })).text()).toBe('first, second');
  });

  it('is not read any more when no client reads it', async () => {
    const { documents, node, write } = await growing();
    await write('1:000000', 'first');
    let reads = 0;
    const counted = {
      ...documents,
      queryDocuments: (query: Parameters<typeof documents.queryDocuments>[0]) => {
        reads += 1;
        return documents.queryDocuments(query);
      },
    };
    const reader = followLog({ documents: counted }, node, { everyMs: 5, forMs: 10_000 }).getReader();
    await reader.read();
    await reader.cancel();
    const before = reads;
    await new Promise((passed) => setTimeout(passed, 50));
    expect(reads).toBeLessThanOrEqual(before + 1);
  });
});
