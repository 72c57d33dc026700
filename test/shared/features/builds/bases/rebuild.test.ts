import { describe, expect, it } from 'vitest';
import type { Registry } from './building.ts';
import { build, dependentsOf, host, registry } from './building.ts';

async function withDiamond(): Promise<Registry> {
  const of = registry();
  await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
  const base = build('base', 'base 1', { config: { Env: ['PATH=/bin', 'BASE=1'] } });
  const left = build('left', 'left', { base, says: `${host}/base:1` });
  const right = build('right', 'right', { base });
  const top = build('top', 'top', { base: left, says: `${host}/left:1`, config: { Cmd: ['/top'] } });
  await of.push(base, '1');
  await of.settle();
  await of.push(left, '1');
  await of.push(right, '1');
  await of.settle();
  await of.push(top, '1');
  await of.push(build('unrelated', 'unrelated'), '1');
  await of.settle();
  return of;
}

describe('the base of an image', () => {
  it('is known by its annotation, or by the layers that it begins with', async () => {
    const of = await withDiamond();
    expect(await dependentsOf(of, 'base:1')).toEqual(['left:1', 'right:1']);
    expect(await dependentsOf(of, 'left:1')).toEqual(['top:1']);
    const { body } = await of.api('GET', '/bases?image=left:1');
    expect(body).toMatchObject({
      image: 'left:1',
      bases: [
        {
          image: 'base:1',
          found: [
            { evidence: 'annotation', confidence: 1 },
            { evidence: 'layers', confidence: 0.9, layers: 1 },
          ],
        },
      ],
      items: [{ image: 'top:1' }],
    });
    expect((await of.api('GET', '/bases/tree?image=base:1')).body).toEqual({
      image: 'base:1',
      dependents: [
        { image: 'left:1', isCurrent: true, dependents: [{ image: 'top:1', isCurrent: true, dependents: [] }] },
        { image: 'right:1', isCurrent: true, dependents: [] },
      ],
    });
  });
});

describe('a base that is updated', () => {
  it('has each of its dependents built once, in order, and no other image', async () => {
    const of = await withDiamond();
    const before = await of.pull('unrelated:1');
    await of.push(build('base', 'base 2', { config: { Env: ['PATH=/bin', 'BASE=2'] } }), '1');
    await of.settle();
    for (const image of ['left', 'right', 'top']) {
      const pulled = await of.pull(`${image}:1`);
      expect(pulled.layers).toContain('layer base 2');
      expect(pulled.layers).not.toContain('layer base 1');
      expect(pulled.layers.at(-1)).toBe(`layer ${image}`);
      expect(pulled.config.config).toMatchObject({ Env: ['PATH=/bin', 'BASE=2'] });
    }
    expect((await of.pull('top:1')).layers).toEqual(['layer base 2', 'layer left', 'layer top']);
    expect((await of.pull('unrelated:1')).digest).toBe(before.digest);
    expect(
      of.events('Longshore.BaseImageUpdated').map(({ data }) => (data as { target: { image: string } }).target.image),
    ).toEqual(['base:1', 'left:1']);
    expect(of.events('Longshore.ImageRebased')).toHaveLength(3);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    expect(builds).toMatchObject([
      { state: 'finished', images: 3, counts: { succeeded: 3, failed: 0, stopped: 0, same: 0 } },
    ]);
    expect((await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body).toMatchObject({
      items: [
        { state: 'succeeded' },
        { state: 'succeeded' },
        { image: 'top:1', waitsFor: ['left:1'], state: 'succeeded' },
      ],
    });
  });

  it('has nothing built when the same image is pushed again', async () => {
    const of = await withDiamond();
    await of.push(build('base', 'base 1', { config: { Env: ['PATH=/bin', 'BASE=1'] } }), '1');
    await of.settle();
    expect(of.events('Longshore.BaseImageUpdated')).toEqual([]);
    expect((await of.api('GET', '/builds')).body).toMatchObject({ items: [] });
  });
});
