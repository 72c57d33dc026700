import { describe, expect, it } from 'vitest';
import { placeOf, stepBack, stepOn, trailIn } from '../../portal/src/kit/places.ts';

const first = placeOf(undefined, undefined);

describe('the pages of a list', () => {
  it('lead on, and back to where each was come from', () => {
    const second = stepOn(first, [], 'b');
    const third = stepOn(second.to, second.trail, 'c');
    expect(third.to).toEqual({ continuation: 'c', page: 3 });
    const back = stepBack(third.to, third.trail);
    expect(back).toEqual(second);
    expect(stepBack(second.to, second.trail)).toEqual({ to: first, trail: [] });
  });

  it('know no page before when a link leads into their middle, but lead on and back from there', () => {
    const middle = placeOf('m', '7');
    expect(stepBack(middle, [])).toBeUndefined();
    const next = stepOn(middle, [], 'n');
    expect(next.to.page).toBe(8);
    const back = stepBack(next.to, next.trail);
    expect(back).toEqual({ to: middle, trail: [] });
  });

  it('keep the way back through the browser, which writes nothing as null', () => {
    const { to, trail } = stepOn(first, [], 'b');
    const kept: unknown = JSON.parse(JSON.stringify({ trail }));
    expect(stepBack(to, trailIn(kept))).toEqual({ to: first, trail: [] });
  });

  it('take nothing for a way back that is none', () => {
    for (const state of [undefined, null, 'x', {}, { trail: 'x' }, { trail: [1] }, { trail: [{}] }])
      expect(trailIn(state)).toEqual([]);
  });

  it('are at the first one wherever an address has a number without a token, or no number', () => {
    for (const page of ['5', '0', '-1', 'x', 'Infinity']) expect(placeOf(undefined, page).page).toBe(1);
    for (const page of ['0', '-1', 'x']) expect(placeOf('m', page).page).toBe(1);
    expect(placeOf('m', '2.5').page).toBe(2);
  });

  it('keep a way back that is not longer than a browser keeps', () => {
    let step = stepOn(first, [], '1');
    for (let page = 2; page < 500; page++) step = stepOn(step.to, step.trail, String(page));
    expect(step.trail.length).toBe(50);
    expect(stepBack(step.to, step.trail)?.to).toEqual({ continuation: '498', page: 499 });
  });
});
