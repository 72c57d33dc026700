import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../portal/src/kit/latest.ts';
import { Latest } from '../../portal/src/kit/latest.ts';

/** Questions whose answers come when a test says so. */
function questions() {
  const latest = new Latest();
  const taken: Outcome<string>[] = [];
  const asked: { readonly signal: AbortSignal; readonly answer: PromiseWithResolvers<string> }[] = [];
  const ask = () =>
    latest.ask(
      (signal) => {
        const answer = Promise.withResolvers<string>();
        asked.push({ signal, answer });
        return answer.promise;
      },
      (outcome) => taken.push(outcome),
    );
  return { latest, taken, asked, ask };
}

describe('the newest question', () => {
  it('keeps its answer when the answer to an earlier one comes later', async () => {
    const { taken, asked, ask } = questions();
    const both = [ask(), ask()];
    asked[1]?.answer.resolve('of the second');
    await both[1];
    asked[0]?.answer.resolve('of the first');
    await both[0];
    expect(taken).toEqual([{ data: 'of the second' }]);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  it('keeps its answer when an earlier one fails later', async () => {
    const { taken, asked, ask } = questions();
    const both = [ask(), ask()];
    asked[1]?.answer.resolve('of the second');
    asked[0]?.answer.reject(new Error('too late'));
    await Promise.all(both);
    expect(taken).toEqual([{ data: 'of the second' }]);
  });

  it('gets no answer once what it was about has changed', async () => {
    const { latest, taken, asked, ask } = questions();
    const one = ask();
    latest.abandon();
    asked[0]?.answer.resolve('too late');
    await one;
    expect(taken).toEqual([]);
  });

  it('hands on why there is no answer', async () => {
    const { taken, asked, ask } = questions();
    const one = ask();
    const failure = new Error('refused');
    asked[0]?.answer.reject(failure);
    await one;
    expect(taken).toEqual([{ failure }]);
  });
});
