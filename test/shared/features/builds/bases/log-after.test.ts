import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../../shared/adapters/memory/connect.ts';
import { ask } from '../../../image.ts';
import { build, host, registry, upload } from './building.ts';

/** A log of an image that is still being made, as a page reads it. */
async function growing() {
  const of = registry();
  const { documents } = connectMemory(of.world);
  await of.push(build('base', 'base 1'), '1');
  await of.api('PUT', '/tasks/app', {
    image: 'app:1',
    context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) },
  });
  const id = String((await of.api('POST', '/tasks/app/run')).body.build);
  const scope = `build:${id}`;
  const write = (piece: string, text: string) =>
    documents.commitDocuments(
      'builds',
      [scope],
      [
        {
          do: 'create',
          document: { id: `log:node:app:1:${piece}`, scope, type: 'log', schemaVersion: 1, of: 'node:app:1', text },
        },
      ],
    );
  const become = (set: object) =>
    documents.commitDocuments('builds', [scope], [{ do: 'patch', id: 'node:app:1', set: { ...set } }]);
  const read = async (after: string) => {
    const query = new URLSearchParams({ image: 'app:1', after }).toString();
    const answer = await ask(of.app, 'GET', `/api/v1/builds/${id}/log?${query}`);
    return {
      status: answer.status,
      text: await answer.text(),
      cursor: answer.headers.get('x-longshore-log-cursor') ?? '',
      ended: answer.headers.get('x-longshore-log-ended'),
    };
  };
  return { write, become, read };
}

describe('a log that is read by a cursor', () => {
  it('is given once and whole, piece by piece, also what a runner elsewhere prints', async () => {
    const { write, become, read } = await growing();
    await become({ attempts: 1 });
    const first = await read('');
    expect(first).toMatchObject({ status: 200, text: '', ended: null });
    await write('1:000000', 'first ');
    await write('r:1:000001', 'elsewhere ');
    const second = await read(first.cursor);
    expect(second.text).toBe('first elsewhere ');
    expect((await read(second.cursor)).text).toBe('');
    await write('1:000001', 'late ');
    await write('r:1:000002', 'more ');
    const third = await read(second.cursor);
    expect(third).toMatchObject({ text: 'late more ', ended: null });
    await become({ state: 'failed' });
    expect(await read(third.cursor)).toMatchObject({ text: '', ended: 'true' });
  });

  it('goes on with the next attempt, the tenth too', async () => {
    const { write, become, read } = await growing();
    await become({ attempts: 9 });
    await write('9:000000', 'nine ');
    let { cursor, text } = await read('');
    for (let n = 0; n < 5; n += 1) {
      const next = await read(cursor);
      [cursor, text] = [next.cursor, text + next.text];
    }
    expect(text).toBe('nine ');
    await become({ attempts: 10 });
    await write('10:000000', 'ten');
    expect((await read(cursor)).text).toBe('ten');
  });

  it('is given in parts when there is much of it', async () => {
    const { write, become, read } = await growing();
    await become({ attempts: 1, state: 'failed' });
    const pieces = Array.from({ length: 150 }, (_, n) => `piece ${n}\n`);
    for (const [n, piece] of pieces.entries()) await write(`1:${String(n).padStart(6, '0')}`, piece);
    const texts: string[] = [];
    let cursor = '';
    for (let ended: string | null = null; ended === null;) {
      const part = await read(cursor);
      texts.push(part.text);
      ({ cursor, ended } = part);
    }
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.join('')).toBe(pieces.join(''));
  });

  it('refuses a cursor that it has not given', async () => {
    const { read } = await growing();
    for (const after of ['x', '1', '1.2', "1.2.3' OR 1=1", '1.2.3.4', '9'.repeat(50)])
      expect((await read(after)).status).toBe(400);
  });
});
