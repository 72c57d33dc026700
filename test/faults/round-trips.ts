import type { CallPlan } from '../../shared/adapters/memory/calls.ts';

/**
 * Counts the store calls that `work` makes in a row: calls made at once are answered at once, and count one. A request
 * waits for these in Azure, and a busy machine does not change their number.
 */
export async function roundTrips(
  calls: CallPlan,
  work: () => Promise<unknown>,
): Promise<{ inARow: number; calls: number }> {
  let waiting: (() => void)[] = [];
  calls.delay(() => new Promise((resolve) => waiting.push(resolve)));
  const before = calls.total();
  const state = { inARow: 0, ended: false };
  const end = () => (state.ended = true);
  const working = work().finally(end);
  // A rejection is thrown where it is awaited below.
  working.catch(() => undefined);
  while (!state.ended) {
    // Longer than any steps between two calls that are not calls themselves.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const answered = waiting;
    waiting = [];
    if (answered.length > 0) state.inARow += 1;
    for (const answer of answered) answer();
  }
  calls.clearFaults();
  await working;
  return { inARow: state.inARow, calls: calls.total() - before };
}
