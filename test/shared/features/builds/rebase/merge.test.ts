import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge, mergeEntries, same } from '../../../../../shared/features/builds/rebase/merge.ts';
import { mergeRuntime, reliance } from '../../../../../shared/features/builds/rebase/merge-config.ts';

const some = fc.constantFrom(undefined, null, 'a', 'b', ['a'], { x: 1, y: 2 }, { y: 2, x: 1 });
const three = fc.record({ old: some, next: some, app: some });

describe('a merge of three', () => {
  it.each([
    [{ old: 'a', next: 'b', app: 'a' }, 'b', false],
    [{ old: 'a', next: 'a', app: 'b' }, 'b', false],
    [{ old: 'a', next: 'b', app: 'b' }, 'b', false],
    [{ old: 'a', next: 'b', app: 'c' }, 'c', true],
    [{ old: 'a', next: undefined, app: 'a' }, undefined, false],
    [{ old: 'a', next: 'b', app: undefined }, undefined, true],
    [{ old: undefined, next: 'b', app: 'c' }, 'c', true],
    [{ old: undefined, next: 'b', app: null }, 'b', false],
  ])('%j is %j, a conflict: %s', (given, value, isConflict) => {
    expect(merge(given)).toEqual({ value, isConflict });
  });

  it('takes each change of one side alone, and is a conflict only where both have changed a value differently', () => {
    fc.assert(
      fc.property(three, (given) => {
        const { value, isConflict } = merge(given);
        const [base, image] = [!same(given.next, given.old), !same(given.app, given.old)];
        expect(same(value, image ? given.app : given.next)).toBe(true);
        expect(isConflict).toBe(base && image && !same(given.app, given.next));
      }),
    );
  });

  it('sees no difference in the order of properties, at any depth, and one in that of a list', () => {
    expect(same({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
    expect(same({ z: 1, a: 2, m: 3 }, { m: 3, z: 1, a: 2 })).toBe(true);
    expect([
      same(['a', 'b'], ['b', 'a']),
      same([{ a: 1, b: 2 }], [{ b: 2, a: 1 }]),
      same({ a: 1 }, { a: 1, b: 2 }),
      same({ a: [] }, { a: {} }),
    ]).toEqual([false, true, false, false]);
    expect([
      same(undefined, null),
      same(null, ''),
      same(0, null),
      same(false, undefined),
      same({ a: null }, { a: {} }),
    ]).toEqual([true, false, false, false, false]);
  });
});

describe('a merge of entries', () => {
  const of = (entries: Record<string, unknown>) => new Map(Object.entries(entries));

  it('goes entry by entry, in the order of the successor and then of the image', () => {
    const { value, conflicts } = mergeEntries({
      old: of({ kept: 1, gone: 1, both: 1, mine: 1, dropped: 1 }),
      next: of({ fresh: 1, both: 2, kept: 1, mine: 1, dropped: 1 }),
      app: of({ own: 1, kept: 1, gone: 1, both: 3, mine: 2 }),
    });
    expect([...value]).toEqual([
      ['fresh', 1],
      ['both', 3],
      ['kept', 1],
      ['mine', 2],
      ['own', 1],
    ]);
    expect(conflicts).toEqual(['both']);
  });

  it('keeps nothing that is null, and what is empty', () => {
    expect([...mergeEntries({ old: of({}), next: of({ a: null, b: '', c: 0 }), app: of({}) }).value]).toEqual([
      ['b', ''],
      ['c', 0],
    ]);
  });
});

describe('the settings of an image on another base', () => {
  it('are merged variable by variable, label by label, port by port, and the rest each as a whole', () => {
    const old = {
      Env: ['PATH=/bin', 'MODE=slow', 'GONE=1'],
      Labels: { a: '1', both: '1' },
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/a': {} },
      StopSignal: 'SIGTERM',
      Cmd: ['old'],
    };
    const next = {
      Env: ['PATH=/usr/bin', 'MODE=fast', 'NEW=a=b'],
      Labels: { a: '2', both: '2' },
      ExposedPorts: { '443/tcp': {} },
      Volumes: { '/b': {} },
      StopSignal: 'SIGQUIT',
      Cmd: ['new'],
    };
    const app = {
      Env: ['PATH=/bin', 'MODE=mine', 'GONE=1', 'OWN'],
      Labels: { a: '1', both: '3', own: '1' },
      ExposedPorts: { '80/tcp': {}, '8080/tcp': {} },
      Volumes: { '/a': {} },
      StopSignal: 'SIGINT',
      Cmd: ['old'],
      User: 'me',
    };
    expect(mergeRuntime({ old, next, app })).toEqual({
      runtime: {
        Env: ['PATH=/usr/bin', 'MODE=mine', 'NEW=a=b', 'OWN='],
        Labels: { a: '2', both: '3', own: '1' },
        ExposedPorts: { '443/tcp': {}, '8080/tcp': {} },
        Volumes: { '/b': {} },
        StopSignal: 'SIGINT',
        Cmd: ['new'],
        User: 'me',
      },
      conflicts: ['Env.MODE', 'Labels.both', 'StopSignal'],
    });
  });

  it('have no collection that is empty, and nothing that is null', () => {
    const all = { Env: [], Labels: {}, ExposedPorts: null, Volumes: undefined, User: null, StopSignal: undefined };
    expect(mergeRuntime({ old: {}, next: all, app: all })).toStrictEqual({ runtime: {}, conflicts: [] });
    expect(mergeRuntime({ old: { User: 'x' }, next: {}, app: { User: 'x' } }).runtime).toStrictEqual({});
  });

  it('read of a collection what can be one', () => {
    expect(
      mergeRuntime({
        old: {},
        next: { Env: ['A=1', 7, null, '=x'], Labels: ['no'], ExposedPorts: 'no', Volumes: 7 },
        app: { Env: 'B=1' },
      }).runtime,
    ).toEqual({ Env: ['A=1', '=x'] });
    expect(mergeRuntime({ old: {}, next: { Env: 'A=1' }, app: { Env: 'A=1' } }).runtime).toEqual({});
  });

  it.each([
    [
      { old: { User: 'a' }, next: { User: 'b' }, app: { User: 'a' } },
      'the base changes USER from "a" to "b", and the image\'s files were made for the old one',
    ],
    [
      { old: {}, next: { User: 'b' }, app: {} },
      'the base changes USER from "" to "b", and the image\'s files were made for the old one',
    ],
    [
      { old: { User: 'a' }, next: {}, app: { User: 'a' } },
      'the base changes USER from "a" to "", and the image\'s files were made for the old one',
    ],
    [{ old: { User: 'a' }, next: { User: 'b' }, app: { User: 'c' } }, undefined],
    [{ old: { User: 'a' }, next: { User: 'a' }, app: { User: 'a' } }, undefined],
    [
      { old: { WorkingDir: '/a' }, next: { WorkingDir: '/b' }, app: { WorkingDir: '/a' } },
      'the base changes WORKDIR from "/a" to "/b", and the image\'s paths may start there',
    ],
    [{ old: { WorkingDir: '/a' }, next: { WorkingDir: '/b' }, app: { WorkingDir: '/c' } }, undefined],
    [{ old: { WorkingDir: '/a' }, next: { WorkingDir: '/a' }, app: { WorkingDir: '/a' } }, undefined],
    [
      { old: { Entrypoint: ['a'] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: ['a'], Cmd: ['x'] } },
      'the base changes ENTRYPOINT from ["a"] to ["b"], and the image\'s CMD is made for the old one',
    ],
    [{ old: { Entrypoint: ['a'] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: ['c'], Cmd: ['x'] } }, undefined],
    [{ old: { Entrypoint: ['a'] }, next: { Entrypoint: ['a'] }, app: { Entrypoint: ['a'], Cmd: ['x'] } }, undefined],
    [{ old: { Entrypoint: ['a'] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: ['a'] } }, undefined],
    [{ old: { Entrypoint: ['a'] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: ['a'], Cmd: [] } }, undefined],
    [
      { old: { Entrypoint: ['a'], Cmd: ['x'] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: ['a'], Cmd: ['x'] } },
      undefined,
    ],
    [{ old: { Entrypoint: [] }, next: { Entrypoint: ['b'] }, app: { Entrypoint: [], Cmd: ['x'] } }, undefined],
    [{ old: {}, next: { Entrypoint: ['b'] }, app: { Cmd: ['x'] } }, undefined],
    [{ old: { Entrypoint: 'a' }, next: { Entrypoint: ['b'] }, app: { Entrypoint: 'a', Cmd: ['x'] } }, undefined],
  ])('cannot be merged where the image relies on what changes: %j', (runtimes, why) => {
    expect(reliance(runtimes)).toBe(why);
  });
});
